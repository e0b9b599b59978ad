import { type Refresh, refreshEndpoint, TokenError, type TokenManagerOptions } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { record, watch } from '../support/attach.ts';
import { API, createManager, createWorld, deferred, TOKEN_ENDPOINT } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function createCookieWorld(options: Partial<TokenManagerOptions> = {}) {
  const world = createWorld();
  world.answerRefresh = (_request, count) =>
    Response.json({ access_token: `access-${count}`, expires_in: 600 });
  const auth = createManager(world, { ...options });
  return { world, auth, said: record(auth) };
}

/** A refresh of the user that needs nothing in hand. */
const own = (refresh: Refresh): Refresh => Object.assign(refresh, { withoutRefreshToken: true });

const sessionEnded = () => Promise.reject(new TokenError('session-ended'));

describe('R8: without the mark', () => {
  test('refresh() while signed out rejects with session-ended, and nobody is called', async () => {
    const refresh = vi.fn(async () => ({ access_token: 'a' }));
    const { auth, said } = createCookieWorld({ refresh });
    await expect(auth.refresh()).rejects.toMatchObject({ name: 'TokenError', code: 'session-ended' });
    await auth.signIn({ access_token: 'x' });
    await auth.signOut();
    said.length = 0;
    await expect(auth.refresh()).rejects.toMatchObject({ code: 'session-ended' });
    expect(await auth.getAccessToken()).toBeUndefined();
    expect(refresh).not.toHaveBeenCalled();
    expect(said).toEqual([]);
  });

  test('refresh is called with the tokens there are, none of them a refresh token', async () => {
    const refresh = vi.fn<Refresh>(async () => ({ access_token: 'next' }));
    const { auth } = createCookieWorld({ refresh });
    await auth.signIn({ access_token: 'first' });
    const held = auth.tokens;
    await auth.refresh();
    expect(refresh.mock.calls[0]?.[0].tokens).toBe(held);
    expect(auth.tokens?.accessToken).toBe('next');
  });

  test.each(['form', 'json'] as const)(
    'refreshEndpoint (%s) with no refresh token ends the session without a call',
    async (format) => {
      const { world, auth, said } = createCookieWorld({
        refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, format }),
      });
      await auth.signIn({ access_token: 'only', expires_in: 100 });
      await vi.advanceTimersByTimeAsync(200_000);
      await expect(auth.fetch(API)).rejects.toMatchObject({ code: 'session-ended' });
      expect(world.refreshes).toHaveLength(0);
      expect(said.at(-1)).toMatchObject(['signed-out', { reason: 'ended' }]);
    },
  );
});

describe('R8: while the first try is under way', () => {
  test('a sign-in stands, and the late answer is dropped', async () => {
    const gate = deferred<{ access_token: string }>();
    const { auth, said } = createCookieWorld({ refresh: own(() => gate.promise) });
    const waiting = watch(auth.getAccessToken());
    await vi.advanceTimersByTimeAsync(10);
    await auth.signIn({ access_token: 'mine' });
    gate.resolve({ access_token: 'late' });
    await vi.advanceTimersByTimeAsync(10);
    expect(auth.tokens?.accessToken).toBe('mine');
    expect(waiting.isSettled).toBe(true);
    expect(waiting.value).not.toBe('late');
    expect(said.map(([event, { cause }]) => [event, cause])).toEqual([['signed-in', 'local']]);
  });

  test('a sign-out stands, and the late answer signs nobody in', async () => {
    const gate = deferred<{ access_token: string }>();
    const { world, auth, said } = createCookieWorld({ refresh: own(() => gate.promise) });
    const waiting = watch(auth.fetch(API));
    await vi.advanceTimersByTimeAsync(10);
    await auth.signOut();
    gate.resolve({ access_token: 'late' });
    await vi.advanceTimersByTimeAsync(10);
    expect(auth.tokens).toBeUndefined();
    expect(waiting.isSettled).toBe(true);
    expect(world.api.every(({ authorization }) => authorization === null)).toBe(true);
    expect(said.filter(([event]) => event === 'signed-in')).toEqual([]);
  });

  test('a caller who gives up goes alone', async () => {
    const gate = deferred<{ access_token: string }>();
    const { auth } = createCookieWorld({ refresh: own(() => gate.promise) });
    const controller = new AbortController();
    const gone = watch(auth.fetch(API, { signal: controller.signal }));
    const staying = watch(auth.getAccessToken());
    await vi.advanceTimersByTimeAsync(10);
    controller.abort('enough');
    await vi.advanceTimersByTimeAsync(0);
    expect(gone.error).toBe('enough');
    gate.resolve({ access_token: 'here' });
    await vi.advanceTimersByTimeAsync(10);
    expect(staying.value).toBe('here');
  });

  test('a session that somebody else refused: waiters go on signed out', async () => {
    const { world, auth } = createCookieWorld({ refresh: own(sessionEnded) });
    expect((await auth.fetch(API)).status).toBe(200);
    expect(world.api[0]?.authorization).toBeNull();
  });
});
