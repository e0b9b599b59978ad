import axios, { type AxiosRequestConfig } from 'axios';
import { asTokenError, createTokenManager, refreshEndpoint, TokenError } from 'evertoken';
import ky from 'ky';
import { delay, HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { record, short } from '../support/recorder.ts';

const API = 'https://api.example.com/v1';
const AS = 'https://as.example.com/token';
const stale = { access_token: 'stale', refresh_token: 'refresh-0', expires_in: 3600 };

/** What reached the servers. */
const seen: { method: string; path: string; authorization: string | null; body: string }[] = [];
let good = 'access-1';
let refreshes: URLSearchParams[] = [];

const server = setupServer(
  http.post(AS, async ({ request }) => {
    refreshes.push(new URLSearchParams(await request.text()));
    await delay(20);
    return HttpResponse.json({
      access_token: good,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: `refresh-${refreshes.length}`,
    });
  }),
  http.all(`${API}/*`, async ({ request }) => {
    const authorization = request.headers.get('authorization');
    const body = await request.text();
    seen.push({ method: request.method, path: new URL(request.url).pathname, authorization, body });
    if (authorization !== `Bearer ${good}`) {
      return new HttpResponse('refused', { status: 401, headers: { 'www-authenticate': 'Bearer' } });
    }
    return HttpResponse.json({ path: new URL(request.url).pathname, body });
  }),
);

const dead = () => HttpResponse.json({ error: 'invalid_grant' }, { status: 400 });

function createAuth() {
  return createTokenManager({
    refresh: refreshEndpoint({ url: AS, clientId: 'spa' }),
    allow: API,
  });
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
  server.listen({ onUnhandledFrame: 'error' });
});
afterAll(() => server.close());
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], shouldAdvanceTime: true });
  seen.length = 0;
  refreshes = [];
  good = 'access-1';
});
afterEach(() => {
  server.resetHandlers();
  vi.useRealTimers();
});

test('R14: the library uses the global fetch that msw took over after the manager was created', async () => {
  server.close();
  const auth = createAuth();
  await auth.signIn({ access_token: good });
  server.listen({ onUnhandledFrame: 'error' });
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
    await auth.signIn({ access_token: good });
    expect(await create(auth).get('/me')).toEqual({ path: '/v1/me', body: '' });
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer access-1']);
  });

  test('R21: sees nothing of a refusal: one refresh, one replay', async () => {
    const auth = createAuth();
    const told = record(auth);
    await auth.signIn(stale);
    expect(await create(auth).get('/me')).toEqual({ path: '/v1/me', body: '' });
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer stale', 'Bearer access-1']);
    expect(refreshes.map((form) => form.get('refresh_token'))).toEqual(['refresh-0']);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed rejected']);
  });

  test('R24: a refused POST is replayed with its whole body', async () => {
    const auth = createAuth();
    await auth.signIn(stale);
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
    await auth.signIn({ ...stale, expires_in: 60 });
    vi.setSystemTime(Date.now() + 61_000);
    await create(auth).get('/me');
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer access-1']);
  });

  test('R31: thirty requests at once, one refresh, no failure', async () => {
    const auth = createAuth();
    await auth.signIn(stale);
    const client = create(auth);
    const calls = Array.from({ length: 30 }, (_, index) =>
      index % 2 ? client.get(`/item/${index}`) : client.post(`/item/${index}`, { index }),
    );
    expect(await Promise.all(calls)).toHaveLength(30);
    expect(refreshes).toHaveLength(1);
  });

  test('R60: the end of the session reaches the caller as a TokenError behind the error of the client', async () => {
    server.use(http.post(AS, dead));
    const auth = createAuth();
    await auth.signIn(stale);
    const error: unknown = await create(auth)
      .get('/me')
      .catch((reason: unknown) => reason);
    expect(asTokenError(error, 'session-ended')).toBeInstanceOf(TokenError);
    expect(auth.tokens).toBeUndefined();
  });

  test('R35: an authorization server that is away is refresh-failed, and the session goes on', async () => {
    server.use(http.post(AS, () => new HttpResponse('no', { status: 501 })));
    const auth = createTokenManager({
      refresh: refreshEndpoint({ url: AS }),
      allow: API,
      refreshTimeout: 100,
    });
    await auth.signIn(stale);
    const error: unknown = await create(auth)
      .get('/me')
      .catch((reason: unknown) => reason);
    expect(asTokenError(error)).toMatchObject({ code: 'refresh-failed', retryAt: expect.any(Number) });
    expect(auth.tokens?.accessToken).toBe('stale');
  });

  test('R60: a network error is the client’s own, no TokenError, and causes no refresh', async () => {
    server.use(http.get(`${API}/me`, () => HttpResponse.error()));
    const auth = createAuth();
    await auth.signIn({ access_token: good, refresh_token: 'r' });
    const error: unknown = await create(auth)
      .get('/me')
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(asTokenError(error)).toBeUndefined();
    expect(refreshes).toEqual([]);
  });

  test('R33: an abort ends the wait for a refresh, not the refresh', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.use(
      http.post(AS, async () => {
        refreshes.push(new URLSearchParams());
        await promise;
        return HttpResponse.json({ access_token: good });
      }),
    );
    const auth = createAuth();
    await auth.signIn(stale);
    const controller = new AbortController();
    const call = create(auth).abortable('/me', controller.signal);
    call.catch(() => {});
    await vi.waitFor(() => expect(refreshes).toHaveLength(1));
    controller.abort();
    await expect(call).rejects.toThrow(/abort|cancel/i);
    resolve();
    await vi.waitFor(() => expect(auth.tokens?.accessToken).toBe('access-1'));
    expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer stale']);
  });
});
