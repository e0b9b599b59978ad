/** An authorization server for the tests of whoever uses this package, as msw handlers. */
import {
  claimsOf,
  cookieStore,
  createTokenManager,
  refreshEndpoint,
  revokeEndpoint,
  type TokenResponse,
} from 'evertoken';
import { createOidcClient } from 'evertoken/oidc';
import { createAuthorizationServer } from 'evertoken/testing';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import { record } from '../support/recorder.ts';

const API = 'https://api.example.com';
const server = createAuthorizationServer({ claims: (name) => ({ name }) });
const { endpoints } = server;
const network = setupServer(
  ...server.handlers(http),
  http.get(
    `${API}/users/:id`,
    server.guard(({ params, session }) => HttpResponse.json({ id: params['id'], by: session.subject })),
  ),
  http.get(
    `${API}/admin`,
    server.guard(() => HttpResponse.json({}), { scope: 'admin' }),
  ),
);

beforeAll(() => network.listen({ onUnhandledFrame: 'error' }));
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }));
afterEach(() => {
  server.reset();
  vi.useRealTimers();
});
afterAll(() => network.close());

function open(options: Partial<Parameters<typeof createTokenManager>[0]> = {}) {
  const auth = createTokenManager({
    refresh: refreshEndpoint({ url: endpoints.token, clientId: 'spa' }),
    allow: API,
    ...options,
  });
  onTestFinished(() => auth.close());
  const get = async (path = '/users/1') => (await auth.fetch(`${API}${path}`)).status;
  return { auth, get, told: record(auth) };
}

const post = (url: string, body: object, init: RequestInit = {}) =>
  fetch(url, { method: 'POST', body: JSON.stringify(body), ...init });

/** Lets time pass until a call has come to something. */
async function come<T>(call: Promise<T>): Promise<T> {
  let isDone = false;
  call
    .catch(() => {})
    .finally(() => {
      isDone = true;
    });
  for (let steps = 0; steps < 200 && !isDone; steps++) {
    await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(500);
  }
  return call;
}

describe('a handler behind the guard', () => {
  test('gets the parameters of msw, and whose token the request bore', async () => {
    const { auth } = open();
    await auth.signIn(await server.issue({ subject: 'ann' }));
    expect(await (await auth.fetch(`${API}/users/7`)).json()).toEqual({ id: '7', by: 'ann' });
  });

  test('refuses a request without a token, and one whose token is unknown, by RFC 6750', async () => {
    const none = await fetch(`${API}/users/1`);
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    const bad = await fetch(`${API}/users/1`, { headers: { authorization: 'Bearer bad' } });
    expect([bad.status, bad.headers.get('www-authenticate')]).toEqual([401, 'Bearer error="invalid_token"']);
  });

  test('asks for more scope, which is `step-up-required`', async () => {
    const { auth, get, told } = open();
    await auth.signIn(await server.issue({ scope: 'read' }));
    expect(await get('/admin')).toBe(403);
    expect(told).toContainEqual(expect.arrayContaining(['step-up-required']));
    await auth.signIn(await server.issue({ scope: 'read admin' }));
    expect(await get('/admin')).toBe(200);
  });
});

describe('a refresh', () => {
  test('comes when the lifetime is over, by fake timers', async () => {
    const { auth, get } = open({ refreshAhead: false });
    await auth.signIn(await server.issue());
    vi.setSystemTime(Date.now() + 299_000);
    expect([await get(), server.refreshes]).toEqual([200, []]);
    vi.setSystemTime(Date.now() + 2_000);
    expect(await get()).toBe(200);
    expect(server.refreshes).toEqual([{ at: Date.now(), format: 'form', subject: 'user', outcome: 'done' }]);
  });

  test('comes when `expireAccessToken()` makes the API refuse: one for many requests', async () => {
    const { auth, get } = open();
    await auth.signIn(await server.issue());
    server.expireAccessToken();
    expect(await Promise.all([get(), get(), get()])).toEqual([200, 200, 200]);
    expect([server.refreshes.length, server.reuses.length]).toEqual([1, 0]);
  });

  test('as JSON is answered, too', async () => {
    const { auth } = open({ refresh: refreshEndpoint({ url: endpoints.refresh, format: 'json' }) });
    await auth.signIn(await (await post(endpoints.signIn, { email: 'ann@example.com' })).json());
    const before = auth.tokens;
    await auth.refresh();
    expect(auth.tokens?.accessToken).not.toBe(before?.accessToken);
    expect(server.refreshes).toMatchObject([{ format: 'json', subject: 'ann@example.com', outcome: 'done' }]);
  });

  test('ends with the session: `revokeSession()` of one subject leaves the others', async () => {
    const [ann, bob] = [open(), open()];
    await ann.auth.signIn(await server.issue({ subject: 'ann' }));
    await bob.auth.signIn(await server.issue({ subject: 'bob' }));
    server.revokeSession('ann');
    await expect(ann.get()).rejects.toMatchObject({ code: 'session-ended' });
    expect([ann.auth.status, await bob.get()]).toEqual(['signed-out', 200]);
    expect(server.refreshes).toMatchObject([{ outcome: 'refused' }]);
  });

  test('with a spent refresh token ends the session, and is counted', async () => {
    const issued = await server.issue();
    const [first, second] = [open(), open()];
    await first.auth.signIn(issued);
    await second.auth.signIn(issued);
    await first.auth.refresh();
    await expect(second.auth.refresh()).rejects.toMatchObject({ code: 'session-ended' });
    expect(server.reuses).toMatchObject([{ outcome: 'reused', subject: 'user' }]);
    await expect(first.get()).rejects.toMatchObject({ code: 'session-ended' });
  });
});

describe('failNextRefresh', () => {
  test.for([
    ['offline', /fetch|network/i],
    [503, /503/],
    ['garbage', /./],
    ['temporarily_unavailable', /400/],
  ] as const)('%s: the session goes on, and the next refresh works', async ([how, message]) => {
    const { auth, told } = open();
    await auth.signIn(await server.issue());
    server.failNextRefresh(how, { times: Number.POSITIVE_INFINITY });
    await expect(come(auth.refresh())).rejects.toMatchObject({ code: /./, message });
    expect(auth.status).toBe('signed-in');
    expect(told).toContainEqual(expect.arrayContaining(['refresh-failed']));
    expect(new Set(server.refreshes.map(({ outcome }) => outcome))).toEqual(new Set(['failed']));
    server.reset();
    await auth.signIn(await server.issue());
    await come(auth.refresh());
    expect(server.refreshes).toMatchObject([{ outcome: 'done' }]);
  });

  test('invalid_grant: the session is over', async () => {
    const { auth } = open();
    await auth.signIn(await server.issue());
    server.failNextRefresh('invalid_grant');
    await expect(auth.refresh()).rejects.toMatchObject({ code: 'session-ended' });
  });

  test('lost: the token was spent all the same, so the next attempt is a reuse', async () => {
    const { auth } = open();
    await auth.signIn(await server.issue());
    server.failNextRefresh('lost');
    await expect(come(auth.refresh())).rejects.toMatchObject({ code: 'session-ended' });
    expect(server.refreshes).toMatchObject([{ outcome: 'done' }, { outcome: 'reused' }]);
  });

  test('slow: whoever waits gives up, and the late answer is taken', async () => {
    const { auth } = open();
    await auth.signIn(await server.issue());
    const before = auth.tokens?.accessToken;
    server.failNextRefresh('slow', { after: 16_000 });
    await expect(come(auth.refresh())).rejects.toMatchObject({ code: 'refresh-failed' });
    await come(new Promise((resolve) => setTimeout(resolve, 5_000)));
    expect(auth.tokens?.accessToken).not.toBe(before);
    expect(server.refreshes).toMatchObject([{ outcome: 'done' }]);
  });
});

test('R8: a session in a cookie: the page never has the refresh token, a reload finds the session', async () => {
  vi.stubGlobal('location', new URL('https://as.example.com/app'));
  const choice = () => ({
    refresh: refreshEndpoint({ url: endpoints.cookieRefresh, format: 'cookie' }),
    revoke: () => fetch(endpoints.cookieSignOut, { method: 'POST', credentials: 'include' }),
    store: cookieStore(`shop ${Math.random()}`),
  });
  const { auth } = open(choice());
  const login = await post(endpoints.cookieSignIn, { username: 'ann' }, { credentials: 'include' });
  await auth.signIn(await login.json());
  expect(auth.tokens?.refreshToken).toBeUndefined();
  const reloaded = open(choice());
  expect(await reloaded.get()).toBe(200);
  await reloaded.auth.signOut();
  const signedOut = open(choice());
  expect([await signedOut.get(), signedOut.auth.status]).toEqual([401, 'signed-out']);
  expect(server.refreshes).toMatchObject([
    { format: 'cookie', outcome: 'done', subject: 'ann' },
    { format: 'cookie', outcome: 'refused' },
  ]);
});

test('revocation: a sign-out ends the session at the server (RFC 7009)', async () => {
  const { auth } = open({ revoke: revokeEndpoint({ url: endpoints.revocation, clientId: 'spa' }) });
  const issued = await server.issue();
  await auth.signIn(issued);
  await auth.signOut();
  const other = open();
  await other.auth.signIn(issued);
  await expect(other.get()).rejects.toMatchObject({ code: 'session-ended' });
});

test.for([
  ['the body', { returnSecureToken: true }, undefined],
  ['the headers', {}, ({ headers }: Response) => ({ access_token: headers.get('access-token') })],
] as const)(
  'R40: a change of credentials answers with new tokens in %s; the old ones are stale',
  async ([, body, read]) => {
    const { auth, get, told } = open({
      capture: [{ url: endpoints.credentials, ...(read && { read }) }],
      allow: [API, server.issuer],
    });
    const issued = await server.issue({ subject: 'ann' });
    await auth.signIn(issued);
    await auth.fetch(endpoints.credentials, { method: 'POST', body: JSON.stringify(body) });
    await expect
      .poll(() => told)
      .toContainEqual(['token-refreshed', expect.objectContaining({ cause: 'captured' })]);
    expect([await get(), server.refreshes.length]).toEqual([200, 0]);
    const stale = await fetch(`${API}/users/1`, {
      headers: { authorization: `Bearer ${issued.access_token}` },
    });
    expect(stale.status).toBe(401);
  },
);

test('evertoken/oidc signs in by redirect, refreshes and signs out, all checks made', async () => {
  const items = new Map<string, string>();
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  let left = '';
  const client = createOidcClient({
    issuer: server.issuer,
    clientId: 'spa',
    redirectUri: 'https://app.example.com/callback',
    scope: 'openid offline_access',
    storage,
    navigate: (url) => {
      left = url;
    },
  });
  await client.signInRedirect({ returnTo: '/orders', loginHint: 'ann' });
  const { headers } = await fetch(left, { redirect: 'manual' });
  const result = await client.handleRedirect(headers.get('location') ?? '');
  expect(result).toMatchObject({ returnTo: '/orders', claims: { sub: 'ann', name: 'ann', aud: 'spa' } });

  const { auth, get } = open({ refresh: client.refresh, revoke: client.revoke });
  await auth.signIn(result?.tokens as TokenResponse);
  await auth.refresh();
  expect([claimsOf(auth.tokens).name, await get()]).toEqual(['ann', 200]);
  const idTokenHint = auth.tokens?.idToken;
  await client.signOutRedirect({
    idTokenHint,
    postLogoutRedirectUri: 'https://app.example.com/',
    state: 's',
  });
  const bye = await fetch(left, { redirect: 'manual' });
  expect(bye.headers.get('location')).toBe('https://app.example.com/?state=s');
  await expect(come(auth.refresh())).rejects.toMatchObject({ code: 'session-ended' });
});

test('a token of client credentials has no refresh token', async () => {
  const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: 'job' });
  const answer = await (await fetch(endpoints.token, { method: 'POST', body })).json();
  expect(Object.keys(answer)).toEqual(['access_token', 'token_type', 'expires_in']);
});

test('what is for somebody else is left to the other handlers', async () => {
  expect(await server.respond(new Request(`${server.issuer}/elsewhere`))).toBeUndefined();
});

test('`revokeSession()` of one who has no session ends none', async () => {
  const server = createAuthorizationServer();
  const { access_token } = await server.issue({ subject: 'ann' });
  const ask = async () => {
    const request = new Request('https://api.example.com/', {
      headers: { authorization: `Bearer ${access_token}` },
    });
    return (await server.guard(() => Response.json({}))({ request })).status;
  };
  server.revokeSession('');
  server.revokeSession('bob');
  expect(await ask()).toBe(200);
  server.revokeSession();
  expect(await ask()).toBe(401);
});

test('a misspelt option, and what is no msw, are TypeErrors', async () => {
  await expect(server.issue({ subjekt: 'ann' } as object)).rejects.toThrow('there is no subjekt;');
  expect(() => server.handlers(undefined as never)).toThrow('is undefined; expected the http of msw');
});

test('a place to come back to that is no URL is a bad request', async () => {
  const url = `${endpoints.endSession}?post_logout_redirect_uri=home`;
  expect((await server.respond(new Request(url)))?.status).toBe(400);
});
