/** R34: a refresh under the lock of a store. */
import { asTokenError, type Lock } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { failure, ME, payloads, signedIn, status } from '../support/refresh.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a lock', () => {
  const nobody: Lock = (_task, { signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

  test('R34: that is never granted fails the refresh in time; the wait for it is longer, but bounded', async () => {
    let waited: AbortSignal | undefined;
    const lock: Lock = (task, options) => {
      waited = options.signal;
      return nobody(task, options);
    };
    const { auth, world } = await signedIn({ store: createCell().open({ lock }) });
    const result = failure(auth.refresh());
    await pass(15_000);
    expect((await result).code).toBe('refresh-failed');
    expect(asTokenError(await result)?.retryAt).toBeGreaterThan(Date.now());
    await pass(19_999);
    expect([waited?.aborted, world.refreshes.length]).toEqual([false, 0]);
    // Nobody has the lease, so it goes on without the lock.
    await pass(1);
    expect([waited?.aborted, auth.tokens?.accessToken]).toEqual([true, 'access-1']);
  });

  test('R34: that is held by somebody else delays no request whose token is good', async () => {
    const { auth } = await signedIn({ store: createCell().open({ lock: nobody }) });
    expect(await status(auth.fetch(ME))).toBe(200);
    await pass(3_600_000 - 50_000);
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(await auth.getAccessToken()).toBe('access-0');
  });

  test('R34, R55: is not held while listeners run, nor while they never settle', async () => {
    let held = 0;
    const lock: Lock = async (task) => {
      held++;
      return task().finally(() => held--);
    };
    const { auth, heard } = await signedIn({ store: createCell().open({ lock }) });
    const during: number[] = [];
    auth.on('token-refreshed', () => {
      during.push(held);
      return new Promise(() => {});
    });
    await auth.refresh();
    await auth.refresh();
    expect(during).toEqual([0, 0]);
    expect(payloads(heard, 'token-refreshed')).toHaveLength(2);
  });
});
