import { type Attach, bearer, createTokenManager } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder, record, signedIn } from '../support/attach.ts';
import { createCell } from '../support/cell.ts';
import { API, createManager, createWorld, TOKEN_ENDPOINT, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R2: a URL that is not allowed', () => {
  test('reaches the underlying fetch at once, with the very objects that were handed over', () => {
    const fetch = vi.fn(async () => new Response('ok'));
    const auth = createRecorded({ fetch });
    const url = new URL('https://other.test/');
    const init = { headers: { 'x-a': '1' }, next: { revalidate: 60 } };
    const request = new Request('https://other.test/r', { method: 'POST', body: 'b' });
    void auth.fetch(url, init);
    void auth.fetch(request);
    // Before anything was awaited: what the caller changes afterwards changes nothing.
    expect(fetch.mock.calls).toHaveLength(2);
    const [first, second] = fetch.mock.calls as unknown as unknown[][];
    expect(first?.[0]).toBe(url);
    expect(first?.[1]).toBe(init);
    expect(second?.[0]).toBe(request);
    expect(request.bodyUsed).toBe(false);
  });

  test('has a 401 that means nothing to us, and hands it on as it is', async () => {
    const world = createWorld();
    const refused = unauthorized('Bearer error="insufficient_scope"');
    world.answerApi = () => refused;
    const auth = await signedIn(world);
    const said = record(auth);
    expect(await auth.fetch('https://other.test/')).toBe(refused);
    expect(world.refreshes).toHaveLength(0);
    expect(said).toEqual([]);
  });

  test('does not wait for a refresh, a store or a back-off', async () => {
    const world = createWorld();
    world.answerRefresh = () => new Promise(() => {});
    const cell = createCell();
    cell.before = () => new Promise(() => {});
    const auth = createManager(world, { store: cell.open() });
    expect((await auth.fetch('https://other.test/')).status).toBe(200);
  });
});

const redirectedTo = (url: string, response: Response) =>
  Object.defineProperties(response, { url: { value: url }, redirected: { value: true } });

test.each([
  ['elsewhere', 'https://other.test/login'],
  ['an origin that is allowed too', 'https://api2.example.com/x'],
  ['another port', 'https://api.example.com:8443/x'],
  ['another scheme', 'http://api.example.com/x'],
])('R2: a 401 from beyond a redirect to %s is no refusal', async (_where, url) => {
  const world = createWorld();
  const refused = redirectedTo(url, unauthorized());
  world.answerApi = () => refused;
  const auth = await signedIn(world, {
    allow: [API, 'https://api2.example.com', 'https://api.example.com:8443'],
  });
  expect(await auth.fetch(`${API}/x`)).toBe(refused);
  expect(world.refreshes).toHaveLength(0);
  expect(world.api).toHaveLength(1);
});

describe('R3: a request with an Authorization header of its own', () => {
  const own = 'Basic b3du';
  test.each<[string, () => [RequestInfo, RequestInit?]]>([
    ['a record', () => [API, { headers: { AUTHORIZATION: own } }]],
    ['pairs', () => [API, { headers: [['authorization', own]] }]],
    ['Headers', () => [API, { headers: new Headers({ authorization: own }) }]],
    ['a Request', () => [new Request(API, { headers: { authorization: own } })]],
    [
      'a Request, with an init',
      () => [new Request(API, { headers: { authorization: own } }), { cache: 'no-store' }],
    ],
    ['an init over a Request', () => [new Request(API), { headers: { authorization: own } }]],
  ])('in %s is untouched, with no refresh before or after', async (_where, build) => {
    const world = createWorld({ lifetime: 100 });
    world.answerApi = () => unauthorized();
    const fetch = vi.fn(world.fetch);
    const auth = await signedIn(world, { fetch }, 100);
    await vi.advanceTimersByTimeAsync(200_000);
    const [input, init] = build();
    const response = await auth.fetch(input, init);
    expect(response.status).toBe(401);
    expect(world.refreshes).toHaveLength(0);
    expect(world.api.map(({ authorization }) => authorization)).toEqual([own]);
    expect(fetch.mock.calls[0]?.[0]).toBe(input);
    expect(fetch.mock.calls[0]?.[1]).toBe(init);
  });

  test('may hold nothing in it', async () => {
    const world = createWorld();
    const auth = await signedIn(world);
    await auth.fetch(API, { headers: { authorization: '' } });
    expect(world.api[0]?.authorization).toBe('');
  });

  test('but headers of the init that replace those of the Request leave none: the token is attached', async () => {
    const world = createWorld();
    const auth = await signedIn(world);
    await auth.fetch(new Request(API, { headers: { authorization: own } }), { headers: { 'x-a': '1' } });
    expect(world.api[0]?.authorization).toBe('Bearer access-0');
  });
});

describe('R3: a request with the header that attach would set', () => {
  const attach = bearer({ header: 'X-Api-Token', scheme: '' });

  test('is untouched, its 401 is its own', async () => {
    const world = createWorld();
    world.answerApi = () => unauthorized();
    const auth = await signedIn(world, { attach });
    const response = await auth.fetch(API, { headers: { 'x-api-token': 'mine' } });
    expect(response.status).toBe(401);
    expect(world.refreshes).toHaveLength(0);
    expect(world.api.map(({ headers }) => headers.get('x-api-token'))).toEqual(['mine']);
  });

  test('causes no refresh of an expired token either', async () => {
    const world = createWorld();
    const auth = await signedIn(world, { attach }, 100);
    await vi.advanceTimersByTimeAsync(200_000);
    await auth.fetch(API, { headers: { 'x-api-token': 'mine' } });
    expect(world.refreshes).toHaveLength(0);
  });

  test('or an Authorization header, is left alone', async () => {
    const world = createWorld();
    const auth = await signedIn(world, { attach });
    await auth.fetch(API, { headers: { authorization: 'Basic b3du' } });
    expect(world.api[0]?.headers.has('x-api-token')).toBe(false);
  });
});

test('R5: signed out, a request goes out without the header and its 401 is returned as it is', async () => {
  const world = createWorld();
  const refused = unauthorized('Bearer error="invalid_token"');
  world.answerApi = () => refused;
  const auth = createManager(world);
  const said = record(auth);
  expect(await auth.fetch(API)).toBe(refused);
  expect(refused.bodyUsed).toBe(false);
  expect(world.api.map(({ authorization }) => authorization)).toEqual([null]);
  await auth.signIn({ access_token: 'a', refresh_token: 'r' });
  await auth.signOut();
  said.length = 0;
  expect(await auth.fetch(API)).toBe(refused);
  expect(world.refreshes).toHaveLength(0);
  expect(said).toEqual([]);
});

describe('R6: a token in a header that the platform keeps at redirects', () => {
  const attach = bearer({ header: 'X-Api-Token' });
  const other: Attach = {
    tokenTypes: ['bearer'],
    headers: ({ tokens }) => ({ Cookie2: tokens.accessToken }),
  };
  class Init {
    get redirect() {
      return 'follow' as const;
    }
  }
  test.each<[string, string, Attach | undefined, RequestInfo, RequestInit | undefined]>([
    ['no init', 'error', attach, API, undefined],
    ['an init without redirect', 'error', attach, API, { method: 'POST' }],
    [
      'an init whose redirect is undefined',
      'error',
      attach,
      API,
      { redirect: undefined } as unknown as RequestInit,
    ],
    ['a Request', 'error', attach, new Request(API), undefined],
    ['an attach of the user', 'error', other, API, undefined],
    ['redirect: follow', 'follow', attach, API, { redirect: 'follow' }],
    ['redirect: manual', 'manual', attach, API, { redirect: 'manual' }],
    ['redirect: follow over a Request', 'follow', attach, new Request(API), { redirect: 'follow' }],
    ['redirect: follow in a class of the user', 'follow', attach, API, new Init()],
    ['the usual header', 'follow', undefined, API, undefined],
    ['the usual header, spelled out', 'follow', bearer({ header: 'AUTHORIZATION' }), API, undefined],
  ])('with %s: %s', async (_what, redirect, attach, input, init) => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { attach });
    await auth.signIn({ access_token: 'secret' });
    await auth.fetch(input, init);
    expect(recorder.deliveries[0]?.request.redirect).toBe(redirect);
  });

  test('signed out, nothing is changed', async () => {
    const recorder = createRecorder();
    await createRecorded(recorder, { attach }).fetch(API);
    expect(recorder.deliveries[0]?.request.redirect).toBe('follow');
  });
});

test('R7: refresh and revoke that call their own allowed URLs carry no token and do not hang', async () => {
  const world = createWorld();
  world.answerApi = () => Response.json({ access_token: 'new' });
  const auth = createTokenManager({
    allow: API,
    fetch: world.fetch,
    refresh: async ({ fetch }) => (await fetch(`${API}/refresh`)).json(),
    revoke: ({ fetch }) => fetch(`${API}/revoke`),
  });
  await auth.signIn({ access_token: 'old' });
  await auth.refresh();
  await auth.signOut();
  expect(world.api.map(({ url, authorization }) => [url, authorization])).toEqual([
    [`${API}/refresh`, null],
    [`${API}/revoke`, null],
  ]);
});

test('R7: a token endpoint under an allowed origin is called without a token', async () => {
  const world = createWorld();
  const auth = await signedIn(world, { allow: [API, TOKEN_ENDPOINT] });
  await auth.refresh();
  expect(world.refreshes.map(({ authorization }) => authorization)).toEqual([null]);
});

test('R2: fetch can be passed around without its object', async () => {
  const world = createWorld();
  const { fetch } = await signedIn(world);
  await fetch(API);
  expect(world.api[0]?.authorization).toBe('Bearer access-0');
});
