import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { TokenManagerOptions } from '../src/api.ts';
import { TokenError } from '../src/errors.ts';
import { createTokenManager } from '../src/token-manager.ts';
import type { Refresh } from '../src/types.ts';
import { createCore } from './support/core.ts';
import { follow } from './support/recorder.ts';
import { age, LONGER, login, ME, settle } from './support/refresh.ts';
import { API, deferred } from './support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const create = (options: Partial<TokenManagerOptions> = {}) =>
  createTokenManager({ allow: API, refresh: async () => login({ access_token: 'access-1' }), ...options });

describe('the object', () => {
  test('its methods can be passed around without it', async () => {
    const { signIn, getAccessToken, refresh, signOut, close } = create();
    await signIn(login());
    expect(await getAccessToken()).toBe('access-0');
    expect((await refresh()).accessToken).toBe('access-1');
    await signOut();
    expect(await getAccessToken()).toBeUndefined();
    close();
  });

  test('R70: shows no token to whoever logs, spreads or serialises it', async () => {
    const auth = create();
    await auth.signIn(login());
    expect(inspect([auth, { ...auth }], { depth: 9 }) + JSON.stringify(auth)).not.toMatch(
      /access-0|refresh-0/,
    );
  });

  test('`tokens` stays the same object until the next change, of which `subscribe` tells once', async () => {
    const auth = create();
    const listener = vi.fn();
    const leave = auth.subscribe(listener);
    await auth.signIn(login());
    const { tokens, sessionId } = auth;
    await auth.signIn(login()); // R62: the very tokens that are held change nothing
    expect([auth.tokens === tokens, auth.sessionId === sessionId]).toEqual([true, true]);
    expect(listener).toHaveBeenCalledOnce();
    await auth.signIn(login({ access_token: 'another' }));
    expect(listener).toHaveBeenCalledTimes(2); // not for the end of the session before it
    expect(auth.sessionId).not.toBe(sessionId);
    leave();
    await auth.signOut();
    expect(listener).toHaveBeenCalledTimes(2);
  });

  test('its status is known at once without a store, and `ready` resolves by itself', async () => {
    const auth = create();
    expect(auth.status).toBe('signed-out');
    await auth.ready;
    await auth.signIn(login());
    expect(auth.status).toBe('signed-in');
    await auth.signOut();
    expect(auth.status).toBe('signed-out');
  });

  test('R8: of a cookie the status is unknown until its server has answered; reading `ready` asks', async () => {
    const refresh = vi.fn<Refresh>(async () => login());
    const auth = create({ refresh: Object.assign(refresh, { withoutRefreshToken: true }) });
    const listener = vi.fn();
    auth.subscribe(listener);
    await settle();
    expect([auth.status, refresh.mock.calls]).toEqual(['unknown', []]);
    await auth.ready;
    expect([auth.status, refresh.mock.calls.length]).toEqual(['signed-in', 1]);
    expect(listener).toHaveBeenCalledOnce();
  });

  test('R8: a cookie that is refused is signed out: the status changes, without an event', async () => {
    const refused = () => Promise.reject(new TokenError('session-ended'));
    const auth = create({ refresh: Object.assign(refused, { withoutRefreshToken: true }) });
    const [listener, told] = [vi.fn(), vi.fn()];
    auth.subscribe(listener);
    auth.on('*', told);
    await auth.ready;
    expect([auth.status, listener.mock.calls.length, told.mock.calls]).toEqual(['signed-out', 1, []]);
  });

  test('R8, R38: `ready` never rejects: a server that cannot be reached leaves the status unknown', async () => {
    const down = () => Promise.reject(new Error('down'));
    const auth = create({ refresh: Object.assign(down, { withoutRefreshToken: true }) });
    await auth.ready;
    expect(auth.status).toBe('unknown');
  });

  test('R61: what `using` calls closes it', async () => {
    const auth = create();
    await auth.signIn(login());
    auth[Symbol.dispose]();
    for (const call of [
      auth.signIn(login()),
      auth.signOut(),
      auth.refresh(),
      auth.getAccessToken(),
      auth.fetch(ME),
    ])
      await expect(call).rejects.toMatchObject({ code: 'closed' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the parts', () => {
  test('R14, R7: the fetch is looked up at each use, and `refresh` gets the one that attaches nothing', async () => {
    const auth = create({ refresh: async ({ fetch }) => (await fetch(`${API}/token`)).json() });
    await auth.signIn(login());
    const patched = vi.fn<typeof fetch>(async () => Response.json(login({ access_token: 'access-1' })));
    vi.stubGlobal('fetch', patched);
    await auth.refresh();
    await auth.fetch(ME);
    const sent = patched.mock.calls.map(([, init]) => new Headers(init?.headers).get('authorization'));
    expect(sent).toEqual([null, 'Bearer access-1']);
  });

  test('keepFresh plans by every event: the tokens’ time, and not before `retryAt` after a failure', async () => {
    const refresh = vi.fn<TokenManagerOptions['refresh']>(async () => login());
    const auth = create({ keepFresh: true, refresh });
    await auth.signIn(login());
    await vi.advanceTimersByTimeAsync(3_540_000);
    expect(refresh).toHaveBeenCalledOnce();
    refresh.mockRejectedValue(new Error('down'));
    await vi.advanceTimersByTimeAsync(3_540_000);
    expect(refresh).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(refresh).toHaveBeenCalledTimes(2);
    auth.close();
  });
});

describe('a store', () => {
  /** What a manager hands over when it joins one. */
  type Manager = Record<'refresh' | 'refreshTimeout' | 'sessions' | 'restore' | 'find', unknown>;

  test('R50: brings what joins contexts; the manager hands itself over once, and closes it', async () => {
    const { sharing } = createCore();
    const close = vi.fn();
    const join = vi.fn<(manager: Manager) => unknown>(() => Object.assign(sharing, { close }));
    const auth = create({ store: { join } });
    expect(join).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ refreshTimeout: 15_000 }));
    auth.close();
    expect(close).toHaveBeenCalledOnce();
  });

  test('R57: that joins nobody here leaves the session in memory', async () => {
    const auth = create({ store: { join: () => undefined } });
    await auth.signIn(login());
    expect([auth.status, await auth.getAccessToken()]).toEqual(['signed-in', 'access-0']);
  });

  test('of which nobody knows yet who is signed in leaves the status unknown, and `getAccessToken` waits', async () => {
    const known = deferred();
    const shared = Object.assign(createCore().sharing, {
      isRead: (): boolean => false,
      isOpening: (): boolean => true,
      settle: () => known.promise,
    });
    const auth = create({ store: { join: () => shared } });
    const asked = follow(auth.getAccessToken());
    await settle();
    expect([auth.status, asked.state]).toEqual(['unknown', 'pending']);
    shared.isRead = () => true;
    known.resolve();
    await settle();
    expect([auth.status, asked.state]).toEqual(['signed-out', 'resolved']);
  });
});

describe('the calls', () => {
  test('a minValidity that is none is named; a good one brings a new token', async () => {
    const auth = create();
    await auth.signIn(login());
    await expect(auth.getAccessToken({ minValidity: -1 })).rejects.toThrow(
      'getAccessToken.minValidity is -1',
    );
    await age();
    expect(await auth.getAccessToken({ minValidity: LONGER })).toBe('access-1');
  });

  test('R8: signed out, refresh() asks only where no refresh token is needed', async () => {
    await expect(create().refresh()).rejects.toMatchObject({ code: 'session-ended' });
    const refresh = Object.assign(async () => login(), { withoutRefreshToken: true });
    expect(await create({ refresh }).refresh()).toMatchObject({ accessToken: 'access-0' });
  });

  test('signOut() revokes what was held, is bounded, and harms nobody when that fails', async () => {
    vi.stubGlobal('reportError', vi.fn());
    const revoke = vi.fn<NonNullable<TokenManagerOptions['revoke']>>(() => new Promise(() => {}));
    const auth = create({ revoke, refreshTimeout: 100 });
    await auth.signOut();
    await auth.signIn(login());
    await auth.signOut({ revoke: false });
    expect(revoke).not.toHaveBeenCalled();
    await auth.signIn(login());
    const { tokens } = auth;
    const ended = follow(auth.signOut());
    await settle();
    expect([auth.tokens, ended.state, revoke.mock.calls[0]?.[0].tokens]).toEqual([
      undefined,
      'pending',
      tokens,
    ]);
    await vi.advanceTimersByTimeAsync(100);
    expect(ended.state).toBe('resolved');
  });
});
