import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  age,
  failure,
  LONGER,
  login,
  ME,
  names,
  outcome,
  ownRefresh,
  settle,
  signedIn,
  status,
} from '../support/refresh.ts';
import { createManager, createWorld, TOKEN_ENDPOINT } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('one refresh for everybody', () => {
  test('R31: fetch, getAccessToken and refresh() share one refresh, whatever made them ask', async () => {
    const own = ownRefresh();
    const { auth, world } = await signedIn({ refresh: own.refresh, good: 'access-1' });
    await age();
    const asked = [
      auth.refresh(),
      auth.refresh(),
      auth.getAccessToken({ minValidity: LONGER }),
      auth.fetch(ME),
      auth.fetch(ME),
    ];
    await settle();
    expect(own.calls).toHaveLength(1);
    own.calls[0]?.resolve(login({ access_token: 'access-1' }));
    const [first, second, token, ...responses] = await Promise.all(asked);
    expect(first).toBe(auth.tokens);
    expect(second).toBe(auth.tokens);
    expect(token).toBe('access-1');
    expect(responses).toEqual([
      expect.objectContaining({ status: 200 }),
      expect.objectContaining({ status: 200 }),
    ]);
    expect(world.api.at(-1)?.authorization).toBe('Bearer access-1');
    expect(own.calls).toHaveLength(1);
  });

  test('R31: the next refresh after it is a new one', async () => {
    const { auth, world, heard } = await signedIn();
    await auth.refresh();
    await auth.refresh();
    expect(world.refreshes.map(({ body }) => new URLSearchParams(body).get('refresh_token'))).toEqual([
      'refresh-0',
      'refresh-1',
    ]);
    expect(names(heard)).toEqual(['token-refreshed', 'token-refreshed']);
  });

  test('R38: ten waiters of a refresh that fails get the same error', async () => {
    const own = ownRefresh();
    const { auth, heard } = await signedIn({ refresh: own.refresh, good: 'access-1' });
    const waiting = Array.from({ length: 5 }, () => [
      failure(auth.fetch(ME)),
      failure(auth.refresh()),
    ]).flat();
    await settle();
    own.calls[0]?.reject(new Error('offline'));
    const errors = new Set(await Promise.all(waiting));
    expect(errors.size).toBe(1);
    expect([...errors][0]?.code).toBe('refresh-failed');
    expect(names(heard)).toEqual(['refresh-failed']);
    expect(own.calls).toHaveLength(1);
  });

  test('R31: the promise belongs to its session: the next session does not wait for the last one’s refresh', async () => {
    const own = ownRefresh();
    const { auth } = await signedIn({ refresh: own.refresh });
    const old = outcome(auth.refresh());
    await settle();
    await auth.signIn(login({ access_token: 'other-0', refresh_token: 'other-refresh-0' }));
    const next = auth.refresh();
    await settle();
    expect(own.calls.map(({ tokens }) => tokens?.refreshToken)).toEqual(['refresh-0', 'other-refresh-0']);
    own.calls[1]?.resolve(login({ access_token: 'other-1' }));
    expect((await next).accessToken).toBe('other-1');
    expect(await old).toBe('session-changed');
  });
});

describe('a caller who gives up', () => {
  const reason = new Error('enough');

  test('R33: an aborted caller stops waiting at once; the refresh and the others go on', async () => {
    const own = ownRefresh();
    const { auth } = await signedIn({ refresh: own.refresh, good: 'access-1' });
    await age();
    const controller = new AbortController();
    const { signal } = controller;
    const impatient = [
      failure(auth.fetch(ME, { signal })),
      failure(auth.fetch(new Request(ME, { signal }))),
      failure(auth.getAccessToken({ minValidity: LONGER, signal })),
      failure(auth.refresh({ signal })),
    ];
    const patient = auth.fetch(ME);
    await settle();
    controller.abort(reason);
    expect(await Promise.all(impatient)).toEqual(Array(4).fill(reason));
    expect(own.calls[0]?.signal.aborted).toBe(false);
    own.calls[0]?.resolve(login({ access_token: 'access-1' }));
    expect(await status(patient)).toBe(200);
    expect(own.calls).toHaveLength(1);
  });

  test('R33: when the only caller gives up, the refresh is committed all the same', async () => {
    const own = ownRefresh();
    const { auth, heard } = await signedIn({ refresh: own.refresh });
    const controller = new AbortController();
    const result = outcome(auth.refresh({ signal: controller.signal }));
    await settle();
    controller.abort();
    expect(await result).toBe('AbortError');
    own.calls[0]?.resolve(login({ access_token: 'access-1' }));
    await settle();
    expect(auth.tokens?.accessToken).toBe('access-1');
    expect(names(heard)).toEqual(['token-refreshed']);
  });

  test('R33: a refresh that fails after its only caller gave up is no unhandled rejection', async () => {
    const own = ownRefresh();
    const { auth, heard } = await signedIn({ refresh: own.refresh });
    const controller = new AbortController();
    const result = outcome(auth.fetch(ME, { signal: controller.signal }));
    const other = outcome(auth.refresh({ signal: controller.signal }));
    await settle();
    controller.abort();
    await Promise.all([result, other]);
    own.calls[0]?.reject(new Error('offline'));
    await settle();
    expect(names(heard)).toEqual(['refresh-failed']);
  });

  test('R33: a caller whose signal was aborted before sends nothing', async () => {
    const { auth, world } = await signedIn({ tokens: { expires_in: 1 } });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await failure(auth.fetch(ME, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(await failure(auth.getAccessToken({ signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(world.api).toHaveLength(0);
  });

  test('R33: a caller who gave up before the replay is not replayed', async () => {
    const own = ownRefresh();
    const { auth, world } = await signedIn({ refresh: own.refresh, good: 'access-1' });
    const controller = new AbortController();
    const result = outcome(auth.fetch(ME, { signal: controller.signal }));
    await settle();
    controller.abort();
    own.calls[0]?.resolve(login({ access_token: 'access-1' }));
    expect(await result).toBe('AbortError');
    await settle();
    expect(world.api).toHaveLength(1);
  });
});

describe('what the answer leaves out', () => {
  const first = { refresh_token: 'refresh-0', id_token: 'id-0', scope: 'a b' };

  test('R36: refresh token, ID token and scope are kept when the answer has none', async () => {
    const { auth, world } = await signedIn({ tokens: first });
    world.answerRefresh = () => Response.json({ access_token: 'access-1' });
    await auth.refresh();
    expect(auth.tokens).toEqual({
      accessToken: 'access-1',
      tokenType: 'Bearer',
      refreshToken: 'refresh-0',
      idToken: 'id-0',
      scope: 'a b',
    });
    await auth.refresh();
    expect(new URLSearchParams(world.refreshes[1]?.body).get('refresh_token')).toBe('refresh-0');
  });

  test.each([[''], [null]])('R36: `%s` is none', async (none) => {
    const { auth, world } = await signedIn({ tokens: first });
    world.answerRefresh = () =>
      Response.json({ access_token: 'access-1', refresh_token: none, id_token: none, scope: none });
    await auth.refresh();
    expect(auth.tokens).toMatchObject({ refreshToken: 'refresh-0', idToken: 'id-0', scope: 'a b' });
  });

  test('R36: those in the answer replace the old ones', async () => {
    const { auth, world } = await signedIn({ tokens: first });
    world.answerRefresh = () =>
      Response.json({ access_token: 'access-1', refresh_token: 'refresh-1', id_token: 'id-1', scope: 'a' });
    await auth.refresh();
    expect(auth.tokens).toMatchObject({ refreshToken: 'refresh-1', idToken: 'id-1', scope: 'a' });
  });

  test('R36: the lifetime is never kept: without `expires_in` it is unknown', async () => {
    const { auth, world } = await signedIn({ tokens: { expires_in: 100 } });
    world.answerRefresh = () => Response.json({ access_token: 'access-1' });
    await auth.refresh();
    expect(auth.tokens).not.toHaveProperty('expiresAt');
    await vi.advanceTimersByTimeAsync(200_000);
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(world.refreshes).toHaveLength(1);
  });

  test('R30: a refresh keeps the session’s id, freezes its tokens, and tells without any of them', async () => {
    const { auth, heard } = await signedIn();
    const id = auth.sessionId;
    await auth.refresh();
    expect(auth.sessionId).toBe(id);
    expect(Object.isFrozen(auth.tokens)).toBe(true);
    expect(heard).toEqual([
      [
        'token-refreshed',
        {
          ...{ sessionId: id, expiresAt: Date.now() + 3_600_000 },
          ...{ cause: 'manual', elsewhere: false, durationMs: expect.any(Number) },
        },
      ],
    ]);
  });
});

describe('nobody signed in', () => {
  test('R8: refresh() rejects with `session-ended`, without a call and without an event', async () => {
    const world = createWorld();
    const auth = createManager(world);
    const heard = vi.fn();
    auth.on('*', heard);
    expect(await outcome(auth.refresh())).toBe('session-ended');
    expect(world.refreshes).toHaveLength(0);
    expect(heard).not.toHaveBeenCalled();
  });

  test('R7: the refresh goes through the fetch underneath, never through auth.fetch', async () => {
    const { auth, world } = await signedIn({
      allow: ['https://api.example.com', 'https://as.example.com'],
      tokens: { expires_in: 1 },
    });
    await vi.advanceTimersByTimeAsync(2_000);
    await auth.fetch(ME);
    expect(world.refreshes).toHaveLength(1);
    expect(world.refreshes[0]).toMatchObject({ url: TOKEN_ENDPOINT, authorization: null });
  });
});
