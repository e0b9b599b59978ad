import type { TokenResponse, TokenSetInput } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder, jwt, record, signedIn } from '../support/attach.ts';
import { createCell } from '../support/cell.ts';
import { API, createManager, createWorld } from '../support/world.ts';

const NOW = Date.parse('2026-11-01T12:00:00Z');
const YEAR = 365 * 86_400;

beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

/** What is known of the lifetime after this sign-in, in seconds. */
async function lifetimeOf(answer: unknown): Promise<number | undefined> {
  const auth = createManager(createWorld());
  await auth.signIn(answer as TokenResponse | TokenSetInput);
  const { expiresAt } = auth.tokens ?? {};
  return expiresAt === undefined ? undefined : (expiresAt - NOW) / 1_000;
}

describe('R10: expires_in', () => {
  test.each([
    [3600, 3600],
    [0.5, 0.5],
    [59.75, 59.75],
    ['3600', 3600],
    ['90.5', 90.5],
    [1, 1],
  ])('%j is a lifetime', async (value, seconds) => {
    expect(await lifetimeOf({ access_token: 'a', expires_in: value })).toBe(seconds);
    expect(await lifetimeOf({ accessToken: 'a', expiresIn: value })).toBe(seconds);
  });

  test.each([
    [0],
    ['0'],
    [-1],
    ['-60'],
    [Number.NaN],
    [1 / 0],
    ['soon'],
    ['60s'],
    ['NaN'],
    ['Infinity'],
    [''],
  ])('%j means: lifetime unknown', async (value) => {
    expect(await lifetimeOf({ access_token: 'a', expires_in: value })).toBeUndefined();
  });

  test.each([[null], [undefined], [{}], [true], [() => 60]])('%j is no error either', async (value) => {
    expect(await lifetimeOf({ access_token: 'a', expires_in: value })).toBeUndefined();
  });

  test.each([[Number.MAX_VALUE], [1e21], [1e15]])('%j does no harm', async (value) => {
    const world = createWorld();
    const auth = await signedIn(world, { keepFresh: true }, value);
    await auth.fetch(API);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(world.refreshes).toHaveLength(0);
    expect(world.api[0]?.authorization).toBe('Bearer access-0');
  });

  test('expiresAt is taken as it is, and wins over expiresIn', async () => {
    expect(await lifetimeOf({ accessToken: 'a', expiresAt: NOW + 5_000 })).toBe(5);
    expect(await lifetimeOf({ accessToken: 'a', expiresAt: NOW + 5_000, expiresIn: 60 })).toBe(5);
  });

  test.each([[Number.NaN], [1 / 0], ['tomorrow'], [null]])(
    'an expiresAt of %j says nothing',
    async (expiresAt) => {
      expect(await lifetimeOf({ accessToken: 'a', expiresAt })).toBeUndefined();
    },
  );

  test('an expiresAt that has passed means: refresh before the first use', async () => {
    const world = createWorld();
    const auth = createManager(world);
    await auth.signIn({ accessToken: 'old', refreshToken: 'r', expiresAt: NOW - 3_600_000 });
    await auth.fetch(API);
    expect(world.api.map(({ authorization }) => authorization)).toEqual(['Bearer access-1']);
    expect(world.refreshes).toHaveLength(1);
  });
});

describe('R10: a lifetime counts', () => {
  test('from the call of signIn, however slow the store', async () => {
    const cell = createCell();
    cell.before = () => new Promise((resolve) => setTimeout(resolve, 2_000));
    const auth = createManager(createWorld(), { store: cell.open() });
    const signIn = auth.signIn({ access_token: 'a', expires_in: 60 });
    await vi.advanceTimersByTimeAsync(10_000);
    await signIn;
    expect(auth.tokens?.expiresAt).toBe(NOW + 60_000);
  });

  test('from the moment the refresh was sent, not from its answer', async () => {
    const world = createWorld({ lifetime: 100 });
    const { answerRefresh } = world;
    world.answerRefresh = async (request, count) => {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      return answerRefresh(request, count);
    };
    const auth = await signedIn(world);
    await vi.advanceTimersByTimeAsync(1_000);
    const refresh = auth.refresh();
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await refresh).expiresAt).toBe(NOW + 1_000 + 100_000);
  });

  test('from the moment the request was sent whose answer is captured', async () => {
    const world = createWorld();
    world.answerApi = async () => {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      return Response.json({ access_token: 'captured', expires_in: 100 });
    };
    const auth = await signedIn(world, { capture: [{ url: `${API}/password` }] });
    const answer = auth.fetch(`${API}/password`, { method: 'POST' });
    await vi.advanceTimersByTimeAsync(5_000);
    await answer;
    expect(auth.tokens).toMatchObject({ accessToken: 'captured', expiresAt: NOW + 100_000 });
  });
});

describe('R10: a JWT gives exp - iat', () => {
  const now = NOW / 1_000;
  test.each([
    ['the device clock right', now],
    ['the device ten years ahead', now - 10 * YEAR],
    ['the device ten years behind', now + 10 * YEAR],
    ['the device an hour ahead', now - 3_600],
    ['the device two minutes behind', now + 120],
  ])('with %s', async (_what, iat) => {
    expect(await lifetimeOf({ access_token: jwt({ iat, exp: iat + 600 }) })).toBe(600);
  });

  test.each([
    ['no iat', { exp: now + 600 }],
    ['no exp', { iat: now }],
    ['iat null', { exp: now + 600, iat: null }],
    ['iat false', { exp: now + 600, iat: false }],
    ['iat an empty string', { exp: now + 600, iat: '' }],
    ['iat an empty list', { exp: now + 600, iat: [] }],
    ['iat text', { exp: now + 600, iat: 'now' }],
    ['exp text', { exp: 'later', iat: now }],
    ['exp null', { exp: null, iat: -now }],
    ['exp before iat', { exp: now - 1, iat: now }],
    ['exp at iat', { exp: now, iat: now }],
    ['claims that are null', null],
    ['claims that are a list', [1, 2]],
    ['claims that are text', 'exp'],
    ['claims that are a number', 5],
  ])('and none with %s', async (_what, claims) => {
    expect(await lifetimeOf({ access_token: jwt(claims) })).toBeUndefined();
  });

  test('as a hint only: expires_in and expiresAt win', async () => {
    const token = jwt({ iat: now, exp: now + 600 });
    expect(await lifetimeOf({ access_token: token, expires_in: 60 })).toBe(60);
    expect(await lifetimeOf({ accessToken: token, expiresAt: NOW + 7_000 })).toBe(7);
  });

  test('with claims beyond ASCII, and without padding', async () => {
    const token = jwt({ name: 'Ünïcödé 你好 ?>~', iat: now, exp: now + 300 });
    expect(await lifetimeOf({ access_token: token })).toBe(300);
  });

  test('of an ID token that is the access token', async () => {
    expect(await lifetimeOf({ idToken: jwt({ iat: now, exp: now + 600 }) })).toBe(600);
  });

  test('after a refresh too', async () => {
    const iat = now - YEAR;
    const refresh = async () => ({ access_token: jwt({ iat, exp: iat + 600 }) });
    const auth = createRecorded(createRecorder(), { refresh });
    await auth.signIn({ access_token: 'a' });
    expect((await auth.refresh()).expiresAt).toBe(NOW + 600_000);
  });
});

test.each([
  ['opaque'],
  ['a.b'],
  ['a.b.c'],
  ['..'],
  ['a..c'],
  ['eyJ.eyJ.x'],
  ['a.e30.c'],
  ['v4.local.PASETO-x'],
  ['1.2.3.4.5'],
])('R10: the opaque token %s is never an error', async (token) => {
  const world = createWorld();
  const auth = createManager(world);
  await auth.signIn({ access_token: token, refresh_token: 'r' });
  expect(auth.tokens?.expiresAt).toBeUndefined();
  await auth.fetch(API);
  expect(world.api[0]?.authorization).toBe(`Bearer ${token}`);
});

test('R10: unknown lifetime: no refresh ahead in years, and a refusal still works', async () => {
  const world = createWorld();
  const auth = await signedIn(world, { keepFresh: true }, undefined);
  await auth.signIn({ access_token: 'forever', refresh_token: 'r' });
  const said = record(auth);
  for (let month = 0; month < 36; month++) {
    await vi.advanceTimersByTimeAsync(30 * 86_400_000);
    await auth.fetch(API);
  }
  expect(world.refreshes).toHaveLength(0);
  expect(await auth.getAccessToken({ minValidity: 3_600_000 })).toBe('forever');
  world.good = 'access-1';
  expect((await auth.fetch(API)).status).toBe(200);
  expect(said.map(([event, { cause }]) => [event, cause])).toEqual([['token-refreshed', 'rejected']]);
});

test.each([
  ['ahead', -YEAR],
  ['behind', YEAR],
])('R10: on a device with its clock a year %s 100 uses cost no refresh', async (_what, offset) => {
  const iat = NOW / 1_000 + offset;
  const world = createWorld();
  const auth = createManager(world);
  await auth.signIn({ access_token: jwt({ iat, exp: iat + 600 }), refresh_token: 'r' });
  for (let n = 0; n < 100; n++) {
    await auth.fetch(API);
    await auth.getAccessToken();
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(world.refreshes).toHaveLength(0);
});

test('R10: a clock that is put forward by a day costs one refresh; put back, none', async () => {
  const world = createWorld();
  const auth = await signedIn(world);
  vi.setSystemTime(NOW + 86_400_000);
  for (let n = 0; n < 10; n++) await auth.fetch(API);
  expect(world.refreshes).toHaveLength(1);
  vi.setSystemTime(NOW);
  for (let n = 0; n < 10; n++) await auth.fetch(API);
  expect(world.refreshes).toHaveLength(1);
  world.good = 'access-2';
  expect((await auth.fetch(API)).status).toBe(200);
});
