/** R51: a store that forgets: whoever read or wrote its entry lately writes it back. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { short } from '../support/recorder.ts';
import { createServer, during, openTab, pass } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const day = 24 * 3_600_000;

async function signedInFor(lifetime: number) {
  const cell = createCell({ forgets: true });
  const server = createServer({ lifetime });
  const tab = openTab(cell, server);
  await during(tab.auth.signIn(server.login()), 0);
  tab.told.length = 0;
  return { cell, ...tab };
}

test('R51: an entry that was read daily for nine days, always the same one, is written back when it vanishes', async () => {
  const { cell, auth, told } = await signedInFor(40 * 86_400);
  const { entry } = cell;
  for (let days = 0; days < 9; days++) {
    await pass(day);
    cell.put(entry, true);
    await pass();
  }
  cell.put(undefined, true);
  await pass(5_000);
  expect([auth.status, short(told)]).toEqual(['signed-in', []]);
  expect(cell.value).toMatchObject({ state: { held: { tokens: { accessToken: 'access-ann-1' } } } });
});

test('R51: one that was read by nobody for that long ends the session', async () => {
  const { cell, auth, told } = await signedInFor(40 * 86_400);
  await pass(9 * day);
  cell.put(undefined, true);
  await pass(5_000);
  expect([auth.status, short(told)]).toEqual(['signed-out', ['signed-out local']]);
});
