/** R30: sign-ins and sign-outs that nobody awaits take effect in the order of their calls. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { record, short } from '../support/recorder.ts';
import { login } from '../support/refresh.ts';
import { createManager, createWorld } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const slowly = () => {
  const cell = createCell();
  cell.before = () => new Promise((resolve) => setTimeout(resolve, 20));
  return cell.open();
};

test.each<[calls: string, token: string | undefined]>([
  ['out', undefined],
  ['a', 'a'],
  ['a out', undefined],
  ['a b', 'b'],
  ['a out b', 'b'],
  ['a b out', undefined],
  ['out a out', undefined],
  ['a out out b', 'b'],
  ['a out b out', undefined],
  ['a out b out c', 'c'],
  ['a out b c out out', undefined],
])('R30: %s, twice over, in memory and in a slow store', async (calls, token) => {
  for (const store of [undefined, slowly()]) {
    const auth = createManager(createWorld(), { store });
    const told = record(auth);
    for (let round = 0; round < 2; round++) {
      const all = calls
        .split(' ')
        // With the very tokens that are held a sign-in changes nothing (R62).
        .map((call) =>
          call === 'out'
            ? auth.signOut()
            : auth.signIn(login({ access_token: call, refresh_token: `${round}` })),
        );
      await vi.advanceTimersByTimeAsync(1_000);
      await Promise.all(all);
      expect(auth.tokens?.accessToken).toBe(token);
    }
    const begun = short(told).filter((event) => event === 'signed-in local');
    expect(begun).toHaveLength(2 * calls.split(' ').filter((call) => call !== 'out').length);
    auth.close();
  }
});
