import type { TokenManagerOptions } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder, record, signedIn, watch } from '../support/attach.ts';
import { API, createManager, createWorld, deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SECOND = 1_000;

/** How a request behaves at this age of its token, with the refresh slow. */
async function behaviourAt(age: number, lifetime: number, options: Partial<TokenManagerOptions> = {}) {
  const world = createWorld({ lifetime });
  const { answerRefresh } = world;
  const gate = deferred();
  world.answerRefresh = async (request, count) => {
    await gate.promise;
    return answerRefresh(request, count);
  };
  const auth = await signedIn(world, options, lifetime);
  await vi.advanceTimersByTimeAsync(age);
  const request = watch(auth.fetch(API));
  await vi.advanceTimersByTimeAsync(0);
  const isSent = request.isSettled;
  const isRefreshing = world.refreshes.length > 0;
  gate.resolve();
  await vi.advanceTimersByTimeAsync(10);
  expect(request.isSettled).toBe(true);
  if (isSent) return isRefreshing ? 'ahead' : 'fresh';
  expect(world.api[0]?.authorization).toBe('Bearer access-1');
  return 'waits';
}

describe('R11, R12: a request', () => {
  test.each<[string, number, number, string, Partial<TokenManagerOptions>?]>([
    ['of an hour', 3600, 3539, 'fresh'],
    ['of an hour', 3600, 3541, 'ahead'],
    ['of an hour', 3600, 3589, 'ahead'],
    ['of an hour', 3600, 3591, 'waits'],
    ['of an hour', 3600, 9999, 'waits'],
    ['of a minute: ahead by a quarter', 60, 44, 'fresh'],
    ['of a minute: ahead by a quarter', 60, 46, 'ahead'],
    ['of a minute: leeway of a tenth', 60, 53, 'ahead'],
    ['of a minute: leeway of a tenth', 60, 55, 'waits'],
    ['of 5 s', 5, 3.7, 'fresh'],
    ['of 5 s', 5, 3.8, 'ahead'],
    ['of 5 s', 5, 4.4, 'ahead'],
    ['of 5 s', 5, 4.6, 'waits'],
    ['of 100 s, options larger than it', 100, 74, 'fresh', { refreshAhead: 1e9, leeway: 1e9 }],
    ['of 100 s, options larger than it', 100, 76, 'ahead', { refreshAhead: 1e9, leeway: 1e9 }],
    ['of 100 s, options larger than it', 100, 91, 'waits', { refreshAhead: 1e9, leeway: 1e9 }],
    ['with options of its own', 3600, 3298, 'fresh', { refreshAhead: 300_000, leeway: 100_000 }],
    ['with options of its own', 3600, 3302, 'ahead', { refreshAhead: 300_000, leeway: 100_000 }],
    ['with options of its own', 3600, 3502, 'waits', { refreshAhead: 300_000, leeway: 100_000 }],
    ['with no leeway', 3600, 3599, 'ahead', { leeway: 0 }],
    ['with no leeway', 3600, 3600, 'waits', { leeway: 0 }],
    ['with neither', 3600, 3599, 'fresh', { refreshAhead: 0, leeway: 0 }],
    ['with neither', 3600, 3601, 'waits', { refreshAhead: 0, leeway: 0 }],
  ])('with a token %s (%d s), aged %d s: %s', async (_what, lifetime, age, behaviour, options) => {
    expect(await behaviourAt(age * SECOND, lifetime, options)).toBe(behaviour);
  });
});

test.each([[0.2], [1], [5]])('R11: tokens that live %d s cause no storm', async (lifetime) => {
  const world = createWorld({ lifetime });
  const auth = await signedIn(world, { keepFresh: true }, lifetime);
  for (let n = 0; n < 100; n++) {
    await Promise.all([auth.fetch(API), auth.fetch(API), auth.getAccessToken()]);
    await vi.advanceTimersByTimeAsync(lifetime * 10);
  }
  // A hundred rounds within one lifetime: at most the refresh ahead, and the one after it.
  expect(world.refreshes.length).toBeLessThanOrEqual(2);
  expect(world.api).toHaveLength(200);
});

describe('R12: between refreshAhead and leeway', () => {
  test('many requests leave with the token they have, behind them one refresh runs, with cause "ahead"', async () => {
    const world = createWorld();
    const auth = await signedIn(world);
    const said = record(auth);
    await vi.advanceTimersByTimeAsync(3_560 * SECOND);
    await Promise.all(Array.from({ length: 20 }, () => auth.fetch(API)));
    await vi.advanceTimersByTimeAsync(100);
    expect(new Set(world.api.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer access-0']),
    );
    expect(world.refreshes).toHaveLength(1);
    expect(said).toMatchObject([['token-refreshed', { cause: 'ahead', sessionId: auth.sessionId }]]);
    await auth.fetch(API);
    expect(world.api.at(-1)?.authorization).toBe('Bearer access-1');
  });

  test('getAccessToken answers at once too', async () => {
    const auth = createRecorded(createRecorder(), { refresh: () => new Promise(() => {}) });
    await auth.signIn({ access_token: 'good', expires_in: 3600 });
    await vi.advanceTimersByTimeAsync(3_560 * SECOND);
    expect(await auth.getAccessToken()).toBe('good');
  });

  test('a refresh that fails troubles nobody while the token is good', async () => {
    const world = createWorld();
    world.answerRefresh = () => new Response('', { status: 400 });
    const auth = await signedIn(world);
    const said = record(auth);
    await vi.advanceTimersByTimeAsync(3_560 * SECOND);
    for (let n = 0; n < 20; n++) expect((await auth.fetch(API)).status).toBe(200);
    await vi.advanceTimersByTimeAsync(100);
    expect(world.refreshes).toHaveLength(1);
    expect(said.map(([event]) => event)).toEqual(['refresh-failed']);
    expect(auth.tokens?.accessToken).toBe('access-0');
  });

  test('a refresh begun ahead is the one that requests within the leeway wait for', async () => {
    const gate = deferred<{ access_token: string }>();
    const refresh = vi.fn(() => gate.promise);
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { refresh, refreshTimeout: 60_000 });
    await auth.signIn({ access_token: 'old', expires_in: 3600 });
    await vi.advanceTimersByTimeAsync(3_589 * SECOND);
    await auth.fetch(API);
    await vi.advanceTimersByTimeAsync(2 * SECOND);
    const waiting = watch(auth.fetch(API));
    await vi.advanceTimersByTimeAsync(SECOND);
    expect(waiting.isSettled).toBe(false);
    gate.resolve({ access_token: 'new' });
    await vi.advanceTimersByTimeAsync(10);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(recorder.deliveries.map(({ request }) => request.headers.get('authorization'))).toEqual([
      'Bearer old',
      'Bearer new',
    ]);
  });
});

test('R12: within leeway all wait for one refresh, with cause "expired"', async () => {
  const world = createWorld();
  const auth = await signedIn(world);
  const said = record(auth);
  await vi.advanceTimersByTimeAsync(3_595 * SECOND);
  await Promise.all(Array.from({ length: 20 }, () => auth.fetch(API)));
  expect(new Set(world.api.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer access-1']));
  expect(world.refreshes).toHaveLength(1);
  expect(said).toMatchObject([['token-refreshed', { cause: 'expired' }]]);
});

describe('R11: minValidity', () => {
  test.each([[3_600 * SECOND], [3_601 * SECOND], [1e12], [Number.MAX_SAFE_INTEGER]])(
    'of %d ms never refreshes a token of an hour that was just issued',
    async (minValidity) => {
      const world = createWorld();
      const auth = await signedIn(world);
      expect(await auth.getAccessToken({ minValidity })).toBe('access-0');
      expect(world.refreshes).toHaveLength(0);
    },
  );

  test('that the token meets costs nothing; one that it misses costs one refresh', async () => {
    const world = createWorld();
    const auth = await signedIn(world);
    await vi.advanceTimersByTimeAsync(1_800 * SECOND);
    expect(await auth.getAccessToken({ minValidity: 1_700 * SECOND })).toBe('access-0');
    expect(await auth.getAccessToken({ minValidity: 1_900 * SECOND })).toBe('access-1');
    expect(await auth.getAccessToken({ minValidity: 1_900 * SECOND })).toBe('access-1');
    expect(world.refreshes).toHaveLength(1);
  });

  test('longer than any life costs one refresh for an old token, and none for the one it brought', async () => {
    const world = createWorld({ lifetime: 60 });
    const auth = await signedIn(world, {}, 60);
    await vi.advanceTimersByTimeAsync(30 * SECOND);
    const tokens = await Promise.all(
      Array.from({ length: 10 }, () => auth.getAccessToken({ minValidity: 3_600 * SECOND })),
    );
    for (let n = 0; n < 10; n++) tokens.push(await auth.getAccessToken({ minValidity: 3_600 * SECOND }));
    expect(new Set(tokens)).toEqual(new Set(['access-1']));
    expect(world.refreshes).toHaveLength(1);
  });

  test('of nothing leaves the leeway as it is', async () => {
    const world = createWorld();
    const auth = await signedIn(world);
    await vi.advanceTimersByTimeAsync(3_595 * SECOND);
    expect(await auth.getAccessToken({ minValidity: 0 })).toBe('access-1');
  });
});

describe('R13: with refreshAhead: false', () => {
  test('an expired token goes out as it is; the server judges', async () => {
    const world = createWorld();
    const auth = await signedIn(world, { refreshAhead: false }, 60);
    const said = record(auth);
    await vi.advanceTimersByTimeAsync(7_200 * SECOND);
    expect(await auth.getAccessToken()).toBe('access-0');
    await auth.fetch(API);
    expect(world.refreshes).toHaveLength(0);
    world.good = 'access-1';
    expect((await auth.fetch(API)).status).toBe(200);
    expect(world.api.map(({ authorization }) => authorization)).toEqual([
      'Bearer access-0',
      'Bearer access-0',
      'Bearer access-1',
    ]);
    expect(said).toMatchObject([['token-refreshed', { cause: 'rejected' }]]);
  });

  test('minValidity does look at the clock', async () => {
    const world = createWorld();
    const auth = await signedIn(world, { refreshAhead: false }, 60);
    expect(await auth.getAccessToken({ minValidity: 30 * SECOND })).toBe('access-0');
    await vi.advanceTimersByTimeAsync(45 * SECOND);
    expect(await auth.getAccessToken({ minValidity: 30 * SECOND })).toBe('access-1');
  });

  test('the expiry is known all the same', async () => {
    const auth = createManager(createWorld(), { refreshAhead: false });
    await auth.signIn({ access_token: 'a', expires_in: 60 });
    expect(auth.tokens?.expiresAt).toBe(Date.now() + 60_000);
  });

  test('together with keepFresh it is a TypeError that names it', () => {
    const options = { refreshAhead: false, keepFresh: true } as const;
    expect(() => createManager(createWorld(), options)).toThrow(TypeError);
    expect(() => createManager(createWorld(), options)).toThrow(/refreshAhead|keepFresh/);
  });
});
