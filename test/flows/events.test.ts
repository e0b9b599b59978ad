import { memoryStore, TokenError } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { record, short } from '../support/recorder.ts';
import { API, createManager, createWorld, deferred, unauthorized } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const me = `${API}/me`;

function createStage(options: Parameters<typeof createManager>[1] = {}) {
  const world = createWorld();
  const auth = createManager(world, options);
  return { world, auth, told: record(auth) };
}

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('signed-in', () => {
  test('is told once for a sign-in, cause local, with the moment of expiry', async () => {
    const { auth, told } = createStage();
    await auth.signIn(first);
    expect(told).toStrictEqual([
      [
        'signed-in',
        { sessionId: auth.sessionId, expiresAt: 1_800_003_600_000, cause: 'local', elsewhere: false },
      ],
    ]);
  });

  test('tells `expiresAt: undefined` where the lifetime is unknown', async () => {
    const { auth, told } = createStage();
    await auth.signIn({ access_token: 'opaque' });
    expect(told[0]?.[1]).toStrictEqual({
      sessionId: auth.sessionId,
      expiresAt: undefined,
      cause: 'local',
      elsewhere: false,
    });
  });

  test('has cause restored for a stored session, once', async () => {
    const store = memoryStore();
    const before = createStage({ store });
    await before.auth.signIn(first);
    before.auth.close();
    const { auth, told } = createStage({ store });
    await auth.ready;
    await auth.fetch(me);
    expect(told).toStrictEqual([
      [
        'signed-in',
        {
          ...{ sessionId: before.auth.sessionId, expiresAt: 1_800_003_600_000 },
          ...{ cause: 'restored', elsewhere: false },
        },
      ],
    ]);
  });

  test('R8: has cause restored when a cookie turns out to hold a session', async () => {
    const refresh = Object.assign(async () => ({ access_token: 'x' }), { withoutRefreshToken: true });
    const { auth, told } = createStage({ refresh });
    await Promise.all([auth.fetch(me), auth.getAccessToken(), auth.fetch(me)]);
    expect(short(told)).toEqual(['signed-in restored']);
  });

  test('R8: a cookie that holds none causes no event', async () => {
    const refresh = Object.assign(() => Promise.reject(new TokenError('session-ended')), {
      withoutRefreshToken: true,
    });
    const { auth, told } = createStage({ refresh });
    expect(await auth.getAccessToken()).toBeUndefined();
    await auth.fetch(me);
    expect(told).toEqual([]);
  });

  test('R9: a refused sign-in tells nothing and changes nothing', async () => {
    const { auth, told } = createStage();
    await auth.signIn(first);
    const before = auth.tokens;
    for (const bad of [{ access_token: '' }, { access_token: 'x', token_type: 'mac' }]) {
      await expect(auth.signIn(bad)).rejects.toMatchObject({ code: 'invalid-token-response' });
    }
    expect(auth.tokens).toBe(before);
    expect(short(told)).toEqual(['signed-in local']);
  });

  test('R62: over a running session: signed-out replaced first, each with its own session', async () => {
    const { auth, told } = createStage();
    await auth.signIn(first);
    const old = auth.sessionId;
    await auth.signIn({ access_token: 'other' });
    expect(auth.sessionId).not.toBe(old);
    expect(told.slice(1)).toStrictEqual([
      ['signed-out', { sessionId: old, reason: 'replaced', elsewhere: false }],
      ['signed-in', { sessionId: auth.sessionId, expiresAt: undefined, cause: 'local', elsewhere: false }],
    ]);
  });

  test('R62: two sign-ins at once are told as one after the other', async () => {
    const { auth, told } = createStage({ store: memoryStore() });
    await Promise.all([auth.signIn(first), auth.signIn({ access_token: 'second' })]);
    expect(short(told)).toEqual(['signed-in local', 'signed-out replaced', 'signed-in local']);
    expect(auth.tokens?.accessToken).toBe('second');
    const [begun, ended, next] = told.map(([, payload]) => 'sessionId' in payload && payload.sessionId);
    expect([ended, next]).toEqual([begun, auth.sessionId]);
  });
});

describe('token-refreshed', () => {
  test.each([
    ['ahead', 3_550_000],
    ['expired', 3_595_000],
    ['expired', 4_000_000],
  ])('has cause %s for a request %d ms after the issue, and says how long it took', async (cause, ms) => {
    const { auth, told, world } = createStage();
    await auth.signIn(first);
    const answer = world.answerRefresh;
    world.answerRefresh = async (seen, count) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return answer(seen, count);
    };
    await vi.advanceTimersByTimeAsync(ms);
    const request = Promise.all([auth.fetch(me), auth.fetch(me)]);
    await vi.advanceTimersByTimeAsync(150);
    await request;
    expect(told.slice(1)).toStrictEqual([
      [
        'token-refreshed',
        {
          sessionId: auth.sessionId,
          expiresAt: 1_800_003_600_000 + ms,
          cause,
          elsewhere: false,
          durationMs: 150,
        },
      ],
    ]);
  });

  test('has cause rejected after a refusal, once for many requests', async () => {
    const { auth, told, world } = createStage();
    await auth.signIn(first);
    world.good = 'nothing yet';
    await Promise.all(Array.from({ length: 20 }, () => auth.fetch(me)));
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed rejected']);
  });

  test('has cause manual for refresh(), once for many callers', async () => {
    const { auth, told } = createStage();
    await auth.signIn(first);
    await Promise.all([auth.refresh(), auth.refresh(), auth.refresh()]);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed manual']);
  });
});

describe('refresh-failed', () => {
  test('is told once for all waiters, with the error they get and its retryAt', async () => {
    const { auth, told, world } = createStage();
    await auth.signIn(first);
    world.answerRefresh = () => new Response('no', { status: 400 });
    await vi.advanceTimersByTimeAsync(3_600_000);
    const results = await Promise.allSettled([auth.fetch(me), auth.fetch(me), auth.refresh()]);
    const errors = new Set(results.map((result) => result.status === 'rejected' && result.reason));
    expect(errors.size).toBe(1);
    const [error] = [...errors] as TokenError[];
    expect(error).toMatchObject({ code: 'refresh-failed' });
    expect(told.slice(1)).toStrictEqual([
      ['refresh-failed', { sessionId: auth.sessionId, error, retryAt: error?.retryAt }],
    ]);
    expect(error?.retryAt).toBeGreaterThan(Date.now());
    // R35: requests in the back-off are no refreshes.
    await Promise.allSettled([auth.fetch(me), auth.getAccessToken()]);
    expect(told).toHaveLength(2);
    await auth.refresh().catch(() => {});
    expect(short(told).slice(2)).toEqual(['refresh-failed']);
  });

  test('R34: is told when the waiting ends, and a late answer is told as the refresh it is', async () => {
    const { auth, told, world } = createStage();
    await auth.signIn(first);
    const late = deferred<Response>();
    world.answerRefresh = () => late.promise;
    const refresh = Promise.allSettled([auth.refresh()]);
    await vi.advanceTimersByTimeAsync(15_000);
    await refresh;
    expect(short(told).slice(1)).toEqual(['refresh-failed']);
    expect(told[1]?.[1]).toMatchObject({ error: { cause: { name: 'TimeoutError' } } });
    await vi.advanceTimersByTimeAsync(5_000);
    late.resolve(Response.json({ access_token: 'late' }));
    await vi.advanceTimersByTimeAsync(0);
    expect(told[2]).toMatchObject(['token-refreshed', { cause: 'manual', durationMs: 20_000 }]);
  });

  test('R34: a refresh that never answers is told once', async () => {
    const { auth, told, world } = createStage();
    await auth.signIn(first);
    world.answerRefresh = () => new Promise(() => {});
    const refresh = Promise.allSettled([auth.refresh()]);
    await vi.advanceTimersByTimeAsync(60_000);
    await refresh;
    expect(short(told)).toEqual(['signed-in local', 'refresh-failed']);
  });

  test('R37: carries invalid-token-response as the cause of its error', async () => {
    const { auth, told } = createStage({ refresh: async () => ({ token: 'x' }) });
    await auth.signIn(first);
    await auth.refresh().catch(() => {});
    expect(told[1]).toMatchObject([
      'refresh-failed',
      { sessionId: auth.sessionId, error: { cause: { code: 'invalid-token-response' } } },
    ]);
  });
});

describe('signed-out', () => {
  test('has reason local and no error for a sign-out, once', async () => {
    const { auth, told } = createStage();
    await auth.signIn(first);
    const { sessionId } = auth;
    await Promise.all([auth.signOut(), auth.signOut()]);
    await auth.signOut();
    expect(told.slice(1)).toStrictEqual([['signed-out', { sessionId, reason: 'local', elsewhere: false }]]);
  });

  test('R35: has reason ended and the error that the waiters get, once', async () => {
    const { auth, told, world } = createStage();
    await auth.signIn(first);
    const { sessionId } = auth;
    world.answerRefresh = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
    world.answerApi = () => unauthorized();
    const results = await Promise.allSettled([auth.fetch(me), auth.fetch(me), auth.refresh()]);
    const error = results[0].status === 'rejected' && results[0].reason;
    expect(results.every((result) => result.status === 'rejected' && result.reason === error)).toBe(true);
    expect(error).toMatchObject({ code: 'session-ended' });
    await vi.advanceTimersByTimeAsync(0);
    expect(told.slice(1)).toStrictEqual([
      ['signed-out', { sessionId, reason: 'ended', elsewhere: false, error }],
    ]);
  });

  test('a sign-out of nobody tells nothing', async () => {
    const { auth, told } = createStage();
    await auth.signOut();
    expect(told).toEqual([]);
  });
});
