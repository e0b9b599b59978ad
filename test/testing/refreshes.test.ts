/** What is written down of the refreshes. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createRefreshes } from '../../src/testing/refreshes.ts';
import { createSessions } from '../../src/testing/sessions.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
afterEach(() => void vi.useRealTimers());

function open() {
  const rules = { accessTokenLifetime: 500, refreshTokenLifetime: 5_000, rotation: true, reuseInterval: 0 };
  const sessions = createSessions(rules);
  sessions.begin({ subject: 'ann', clientId: 'spa' });
  return createRefreshes(sessions, async (_session, issued) => issued);
}

test('each request is one record, in the order of arrival, with what became of it', async () => {
  const refreshes = open();
  refreshes.failures.add(503);
  await refreshes.answer('form', 'refresh-1');
  vi.setSystemTime(2_000);
  await refreshes.answer('json', 'refresh-1');
  await refreshes.answer('cookie', 'refresh-1');
  await refreshes.answer('form', 'unknown');
  expect(refreshes.records()).toEqual([
    { at: 1_000, format: 'form', subject: undefined, outcome: 'failed' },
    { at: 2_000, format: 'json', subject: 'ann', outcome: 'done' },
    { at: 2_000, format: 'cookie', subject: 'ann', outcome: 'reused' },
    { at: 2_000, format: 'form', subject: undefined, outcome: 'refused' },
  ]);
  refreshes.clear();
  expect(refreshes.records()).toEqual([]);
});

test('a slow answer that comes after `clear` is none of the records since', async () => {
  const refreshes = open();
  refreshes.failures.add('slow');
  const slow = refreshes.answer('form', 'refresh-1');
  refreshes.clear();
  await vi.advanceTimersByTimeAsync(20_000);
  expect([(await slow).status, refreshes.records()]).toEqual([200, []]);
});

test.for([
  ['form', 400],
  ['json', 401],
  ['cookie', 401],
] as const)('a refusal of a %s is %i, with the word of RFC 6749', async ([format, status]) => {
  const response = await open().answer(format, 'unknown');
  expect([response.status, await response.json()]).toEqual([status, { error: 'invalid_grant' }]);
});

test('R70: no record names a token', async () => {
  const refreshes = open();
  await refreshes.answer('form', 'refresh-1');
  expect(JSON.stringify(refreshes.records())).not.toMatch(/refresh-|access-/);
});
