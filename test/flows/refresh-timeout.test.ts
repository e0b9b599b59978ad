import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  failure,
  login,
  ME,
  names,
  outcome,
  ownRefresh,
  settle,
  signedIn,
  status,
} from '../support/refresh.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const fresh = () => login({ access_token: 'access-1', refresh_token: 'refresh-1' });

/** Where a promise stands, without waiting for it. */
function watch(promise: Promise<unknown>) {
  const seen = { end: 'pending' };
  outcome(promise).then((end) => {
    seen.end = end;
  });
  return seen;
}

/** A refresh that nobody answers; the token is refused already. */
async function hanging(refreshTimeout?: number) {
  const own = ownRefresh();
  const scene = await signedIn({ refresh: own.refresh, good: 'access-1', refreshTimeout });
  return { ...scene, own };
}

describe('a refresh that hangs', () => {
  test.each([
    [undefined, 15_000],
    [2_000, 2_000],
  ])(
    'R34: with refreshTimeout %s waiters give up after %d ms, with a timeout as the cause',
    async (option, limit) => {
      const { auth, heard } = await hanging(option);
      const error = failure(auth.fetch(ME));
      const others = [watch(auth.fetch(ME)), watch(auth.refresh())];
      await pass(limit - 1);
      expect(others.map(({ end }) => end)).toEqual(['pending', 'pending']);
      await pass(1);
      expect(others.map(({ end }) => end)).toEqual(['refresh-failed', 'refresh-failed']);
      const { cause, ...rest } = await error;
      expect(rest.code).toBe('refresh-failed');
      expect(rest.retryAt).toBeGreaterThan(Date.now());
      expect(cause).toMatchObject({ name: 'TimeoutError' });
      expect(names(heard)).toEqual(['refresh-failed']);
    },
  );

  test('R34: its request runs on: a late answer is committed and used', async () => {
    const { auth, own, heard, world } = await hanging();
    const early = outcome(auth.fetch(ME));
    await pass(15_000);
    expect(await early).toBe('refresh-failed');
    expect(own.calls[0]?.signal.aborted).toBe(false);
    await pass(14_000);
    own.calls[0]?.resolve(fresh());
    await settle();
    expect(auth.tokens?.accessToken).toBe('access-1');
    expect(names(heard)).toEqual(['refresh-failed', 'token-refreshed']);
    expect(await status(auth.fetch(ME))).toBe(200);
    expect([own.calls.length, world.api.length]).toEqual([1, 2]);
  });

  test('R34, R35: a late `invalid_grant` ends the session', async () => {
    const { auth, own, heard } = await hanging();
    const early = outcome(auth.refresh());
    await pass(20_000);
    expect(await early).toBe('refresh-failed');
    own.calls[0]?.reject({ error: 'invalid_grant' });
    await settle();
    expect(auth.tokens).toBeUndefined();
    expect(names(heard)).toEqual(['refresh-failed', 'signed-out']);
  });

  test('R34: only after twice the limit is it aborted and may the next one start', async () => {
    const { auth, own } = await hanging();
    const first = outcome(auth.refresh());
    await pass(15_000);
    expect(await first).toBe('refresh-failed');
    const second = watch(auth.refresh());
    await pass(14_999);
    expect(own.calls).toHaveLength(1);
    expect(own.calls[0]?.signal.aborted).toBe(false);
    await pass(1);
    expect(own.calls[0]?.signal.aborted).toBe(true);
    // R31: what the first one would have brought may have been issued before the second was wished for.
    expect([own.calls.length, second.end]).toEqual([2, 'pending']);
    own.calls[1]?.resolve(fresh());
    await settle();
    expect([second.end, auth.tokens?.accessToken]).toEqual(['resolved', 'access-1']);
  });

  test('R31, R34: an explicit refresh while it runs on waits for its late answer, then sends its own', async () => {
    const { auth, own } = await hanging();
    const first = outcome(auth.refresh());
    await pass(15_000);
    expect(await first).toBe('refresh-failed');
    const second = auth.refresh();
    await pass(5_000);
    expect(own.calls).toHaveLength(1);
    own.calls[0]?.resolve(fresh());
    await settle();
    expect(own.calls.map(({ tokens }) => tokens?.refreshToken)).toEqual(['refresh-0', 'refresh-1']);
    own.calls[1]?.resolve(login({ access_token: 'access-2' }));
    expect((await second).accessToken).toBe('access-2');
  });

  test('R34, R38: who waits for the explicit one that follows gets the late answer', async () => {
    const { auth, own } = await hanging();
    const first = outcome(auth.refresh());
    await pass(15_000);
    expect(await first).toBe('refresh-failed');
    const explicit = outcome(auth.refresh());
    const request = status(auth.fetch(ME));
    await pass(5_000);
    own.calls[0]?.resolve(fresh());
    await settle();
    expect(await request).toBe(200);
    own.calls[1]?.resolve(fresh());
    expect(await explicit).toBe('resolved');
  });

  test('R30, R34: an answer later than that does not replace what came after it', async () => {
    const { auth, own, heard } = await hanging();
    const first = outcome(auth.refresh());
    await pass(30_000);
    expect(await first).toBe('refresh-failed');
    const second = auth.refresh();
    await settle();
    own.calls[1]?.resolve(login({ access_token: 'access-2', refresh_token: 'refresh-2' }));
    await second;
    own.calls[0]?.resolve(fresh());
    await settle();
    expect(auth.tokens).toMatchObject({ accessToken: 'access-2', refreshToken: 'refresh-2' });
    expect(names(heard)).toEqual(['refresh-failed', 'token-refreshed']);
  });

  test('R34: it is told once, at the limit, and not again when it is aborted', async () => {
    const { auth, heard } = await hanging();
    const first = outcome(auth.refresh());
    await pass(60_000);
    expect(await first).toBe('refresh-failed');
    expect(names(heard)).toEqual(['refresh-failed']);
  });

  test('R12, R35: while the token is still good, requests do not wait for it', async () => {
    const own = ownRefresh();
    const { auth } = await signedIn({ refresh: own.refresh });
    await pass(3_600_000 - 50_000);
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(own.calls).toHaveLength(1);
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(own.calls).toHaveLength(1);
  });

  test('R35: within the leeway a request waits, and leaves with the old token when the wait is over', async () => {
    const own = ownRefresh();
    const { auth, world } = await signedIn({ refresh: own.refresh, refreshTimeout: 3_000 });
    await pass(3_600_000 - 8_000);
    const result = watch(auth.fetch(ME));
    await pass(2_999);
    expect([result.end, world.api.length]).toEqual(['pending', 0]);
    await pass(1);
    expect([result.end, world.api.length]).toEqual(['resolved', 1]);
  });
});

describe('`refreshEndpoint` that hangs', () => {
  test('R34: its answer after 20 s is committed; ky sets no limit of its own', async () => {
    const { auth, world, heard } = await signedIn();
    const answer = world.answerRefresh;
    world.answerRefresh = async (seen, count) => {
      await new Promise((resolve) => setTimeout(resolve, 20_000));
      return answer(seen, count);
    };
    const first = outcome(auth.refresh());
    await pass(20_000);
    expect(await first).toBe('refresh-failed');
    expect(auth.tokens?.accessToken).toBe('access-1');
    expect(world.refreshes).toHaveLength(1);
    expect(names(heard)).toEqual(['refresh-failed', 'token-refreshed']);
  });

  test('R34: its request is aborted after twice the limit', async () => {
    let signal: AbortSignal | null | undefined;
    const { auth } = await signedIn({
      refreshTimeout: 1_000,
      fetch: (input, init) => {
        signal = init?.signal ?? (input as Request).signal;
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal?.reason)));
      },
    });
    const result = outcome(auth.refresh());
    await pass(1_999);
    expect([await result, signal?.aborted]).toEqual(['refresh-failed', false]);
    await pass(1);
    expect(signal?.aborted).toBe(true);
  });
});
