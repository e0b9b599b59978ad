/** How refreshes fail because a test wants it so. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFailures, type RefreshFailure } from '../../src/testing/failures.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const good = async () => Response.json({ access_token: 'a' });

test.for<[RefreshFailure, number, string]>([
  [503, 503, ''],
  [429, 429, ''],
  ['garbage', 200, '<!doctype html>'],
  ['invalid_grant', 400, '{"error":"invalid_grant"}'],
  ['invalid_client', 401, '{"error":"invalid_client"}'],
  ['use_dpop_nonce', 400, '{"error":"use_dpop_nonce"}'],
])('%s: once, and then all is well again', async ([how, status, body]) => {
  const { add, through } = createFailures();
  add(how);
  const answer = vi.fn(good);
  const response = await through(answer);
  expect([response.status, await response.text(), answer.mock.calls.length]).toEqual([status, body, 0]);
  expect((await through(answer)).ok).toBe(true);
});

test('offline reaches nobody; lost reaches the server', async () => {
  const { add, through } = createFailures();
  const answer = vi.fn(good);
  add('offline');
  expect([(await through(answer)).type, answer.mock.calls.length]).toEqual(['error', 0]);
  add('lost');
  expect([(await through(answer)).type, answer.mock.calls.length]).toEqual(['error', 1]);
});

test('several come in the order in which they were asked for, each as often as it was', async () => {
  const { add, through, clear } = createFailures();
  add(503, { times: 2 });
  add(400);
  add(500, { times: Number.POSITIVE_INFINITY });
  const statuses = [];
  for (let times = 0; times < 6; times++) statuses.push((await through(good)).status);
  expect(statuses).toEqual([503, 503, 400, 500, 500, 500]);
  clear();
  expect((await through(good)).status).toBe(200);
});

test('slow is right, and 20 s late', async () => {
  const { add, through } = createFailures();
  add('slow');
  const done = vi.fn();
  through(good).then(({ status }) => done(status));
  await vi.advanceTimersByTimeAsync(19_999);
  expect(done).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(done).toHaveBeenCalledExactlyOnceWith(200);
});

describe('what is no failure is refused at once', () => {
  test.for([
    ['offlin', {}, /the failure is "offlin"; expected 'offline', /],
    [200, {}, /the failure is 200; expected /],
    [['offline'], {}, /the failure is offline; expected /],
    [Object.create(null), {}, /the failure is object; expected /],
    [undefined, {}, /the failure is undefined; expected /],
    [503, { times: 0 }, /times is 0; expected a number of requests/],
    [503, { after: -1 }, /after is -1; expected milliseconds/],
    [503, { tmes: 3 }, /there is no tmes; /],
  ] as const)('%s %j', ([how, options, message]) => {
    expect(() => createFailures().add(how as never, options as object)).toThrow(TypeError);
    expect(() => createFailures().add(how as never, options as object)).toThrow(message);
  });
});
