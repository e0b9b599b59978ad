import axios, { type AxiosRequestConfig } from 'axios';
import {
  asTokenError,
  createTokenManager,
  refreshEndpoint,
  TokenError,
  type TokenManagerOptions,
} from 'evertoken';
import { createAuthorizationServer } from 'evertoken/testing';
import ky from 'ky';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { record, short } from '../support/recorder.ts';

const API = 'https://api.example.com/v1';
const server = createAuthorizationServer();

/** What reached the API. */
const seen: { method: string; path: string; authorization: string | null; body: string }[] = [];

const echo = server.guard(async ({ request }) =>
  HttpResponse.json({ path: new URL(request.url).pathname, body: await request.text() }),
);
const network = setupServer(
  ...server.handlers(http),
  http.all(`${API}/*`, async ({ request }) => {
    const { method, url, headers } = request;
    const body = await request.clone().text();
    seen.push({ method, path: new URL(url).pathname, authorization: headers.get('authorization'), body });
    return echo({ request });
  }),
);

/** Tokens that the API refuses, and a refresh token that is good. */
async function issueStale() {
  const issued = await server.issue();
  server.expireAccessToken();
  return issued;
}

function createAuth(options: Partial<TokenManagerOptions> = {}) {
  const refresh = refreshEndpoint({ url: server.endpoints.token, clientId: 'spa' });
  return createTokenManager({ refresh, allow: API, ...options });
}

/** Axios spells the body of a Response in its own way. */
type AxiosResponse = NonNullable<NonNullable<AxiosRequestConfig['env']>['Response']>;

type Auth = ReturnType<typeof createAuth>;

/** The same three calls, made with each client; what a client throws is left to it. */
interface Client {
  get(path: string): Promise<unknown>;
  post(path: string, body: object): Promise<unknown>;
  abortable(path: string, signal: AbortSignal): Promise<unknown>;
}

const clients: [string, (auth: Auth) => Client][] = [
  [
    'plain fetch',
    ({ fetch }) => ({
      get: async (path) => (await fetch(`${API}${path}`)).json(),
      post: async (path, body) =>
        (await fetch(new Request(`${API}${path}`, { method: 'POST', body: JSON.stringify(body) }))).json(),
      abortable: (path, signal) => fetch(`${API}${path}`, { signal }),
    }),
  ],
  [
    'ky',
    (auth) => {
      const api = ky.create({ fetch: auth.fetch, retry: 0 });
      return {
        get: (path) => api.get(`${API}${path}`).json(),
        post: (path, json) => api.post(`${API}${path}`, { json }).json(),
        abortable: (path, signal) => api.get(`${API}${path}`, { signal }),
      };
    },
  ],
  [
    'axios',
    (auth) => {
      const env = { fetch: auth.fetch, Request, Response: Response as AxiosResponse };
      const api = axios.create({ adapter: 'fetch', env, baseURL: API });
      return {
        get: async (path) => (await api.get(path)).data,
        post: async (path, body) => (await api.post(path, body)).data,
        abortable: (path, signal) => api.get(path, { signal }),
      };
    },
  ],
];

beforeAll(() => {
  // What another file stubbed last is put back before the next test, and would take msw's own fetch with it.
  vi.unstubAllGlobals();
  network.listen({ onUnhandledFrame: 'error' });
});
afterAll(() => network.close());
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], shouldAdvanceTime: true });
  seen.length = 0;
});
afterEach(() => {
  network.resetHandlers();
  server.reset();
  vi.useRealTimers();
});

test('R14: the library uses the global fetch that msw took over after the manager was created', async () => {
  network.close();
  const auth = createAuth();
  await auth.signIn(await server.issue());
  network.listen({ onUnhandledFrame: 'error' });
  expect(await (await auth.fetch(`${API}/me`)).json()).toEqual({ path: '/v1/me', body: '' });
});

test('no request leaves the test: what no handler knows fails', async () => {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  const auth = createAuth();
  await expect(auth.fetch('https://elsewhere.example.com/')).rejects.toThrow(TypeError);
  expect(error).toHaveBeenCalled();
});

describe.each(clients)('%s on top of auth.fetch', (_name, create) => {
  test('C: carries the token', async () => {
    const auth = createAuth();
    const { access_token } = await server.issue();
    await auth.signIn({ access_token });
    expect(await create(auth).get('/me')).toEqual({ path: '/v1/me', body: '' });
    expect(seen.map(({ authorization }) => authorization)).toEqual([`Bearer ${access_token}`]);
  });

  test('R21: sees nothing of a refusal: one refresh, one replay', async () => {
    const auth = createAuth();
    const told = record(auth);
    const stale = await issueStale();
    await auth.signIn(stale);
    expect(await create(auth).get('/me')).toEqual({ path: '/v1/me', body: '' });
    const carried = [stale.access_token, auth.tokens?.accessToken].map((token) => `Bearer ${token}`);
    expect(seen.map(({ authorization }) => authorization)).toEqual(carried);
    expect(server.refreshes).toMatchObject([{ outcome: 'done' }]);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed rejected']);
  });

  test('R24: a refused POST is replayed with its whole body', async () => {
    const auth = createAuth();
    await auth.signIn(await issueStale());
    const body = { text: 'äöü'.repeat(1000) };
    expect(await create(auth).post('/notes', body)).toEqual({
      path: '/v1/notes',
      body: JSON.stringify(body),
    });
    expect(seen.map(({ method, body: { length } }) => [method, length])).toEqual([
      ['POST', JSON.stringify(body).length],
      ['POST', JSON.stringify(body).length],
    ]);
  });

  test('E: a token that has expired is refreshed before the request is sent', async () => {
    const auth = createAuth();
    await auth.signIn(await server.issue());
    vi.setSystemTime(Date.now() + 301_000);
    await create(auth).get('/me');
    expect(seen.map(({ authorization }) => authorization)).toEqual([`Bearer ${auth.tokens?.accessToken}`]);
    expect(server.refreshes).toHaveLength(1);
  });

  test('R31: thirty requests at once, one refresh, no failure', async () => {
    const auth = createAuth();
    await auth.signIn(await issueStale());
    server.failNextRefresh('slow', { after: 20 });
    const client = create(auth);
    const calls = Array.from({ length: 30 }, (_, index) =>
      index % 2 ? client.get(`/item/${index}`) : client.post(`/item/${index}`, { index }),
    );
    expect(await Promise.all(calls)).toHaveLength(30);
    expect(server.refreshes).toHaveLength(1);
  });

  test('R60: the end of the session reaches the caller as a TokenError behind the error of the client', async () => {
    const auth = createAuth();
    await auth.signIn(await server.issue());
    server.revokeSession();
    const error: unknown = await create(auth)
      .get('/me')
      .catch((reason: unknown) => reason);
    expect(asTokenError(error, 'session-ended')).toBeInstanceOf(TokenError);
    expect(auth.tokens).toBeUndefined();
  });

  test('R35: an authorization server that is away is refresh-failed, and the session goes on', async () => {
    const auth = createAuth({ refreshTimeout: 100 });
    const stale = await issueStale();
    await auth.signIn(stale);
    server.failNextRefresh(501);
    const error: unknown = await create(auth)
      .get('/me')
      .catch((reason: unknown) => reason);
    expect(asTokenError(error)).toMatchObject({ code: 'refresh-failed', retryAt: expect.any(Number) });
    expect(auth.tokens?.accessToken).toBe(stale.access_token);
  });

  test('R60: a network error is the client’s own, no TokenError, and causes no refresh', async () => {
    network.use(http.get(`${API}/me`, () => HttpResponse.error()));
    const auth = createAuth();
    await auth.signIn(await server.issue());
    const error: unknown = await create(auth)
      .get('/me')
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(asTokenError(error)).toBeUndefined();
    expect(server.refreshes).toEqual([]);
  });

  test('R33: an abort ends the wait for a refresh, not the refresh', async () => {
    const auth = createAuth();
    const stale = await issueStale();
    await auth.signIn(stale);
    server.failNextRefresh('slow', { after: 10_000 });
    const controller = new AbortController();
    const call = create(auth).abortable('/me', controller.signal);
    call.catch(() => {});
    await vi.waitFor(() => expect(server.refreshes).toHaveLength(1));
    controller.abort();
    await expect(call).rejects.toThrow(/abort|cancel/i);
    await vi.advanceTimersByTimeAsync(10_000);
    await vi.waitFor(() => expect(auth.tokens?.accessToken).not.toBe(stale.access_token));
    expect(seen.map(({ authorization }) => authorization)).toEqual([`Bearer ${stale.access_token}`]);
  });
});
