/** What callbacks of the user throw is told as a summary, never as it is. */
import { createTokenManager, type Refresh, type TokenManagerOptions } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorder } from '../support/attach.ts';
import { polluted } from '../support/polluted.ts';
import { failure, listen } from '../support/refresh.ts';
import { API } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const SECRETS = ['access-secret', 'refresh-secret'];

/** As HTTP clients throw it: it holds the request, and with it the tokens. */
const clientError = (more: object = {}) =>
  Object.assign(new Error('Request failed with status code 500'), {
    ...{ name: 'AxiosError', code: 'ERR_BAD_RESPONSE', status: 500 },
    config: { data: `refresh_token=${SECRETS[1]}`, headers: { Authorization: `Bearer ${SECRETS[0]}` } },
    response: { status: 500, config: { data: SECRETS[1] } },
    ...more,
  });

/** Everything that can be reached from a value. */
function everythingIn(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value === 'string') return value;
  if (Object(value) !== value || seen.has(value)) return '';
  seen.add(value);
  return Reflect.ownKeys(value as object)
    .map((key) => everythingIn((value as Record<PropertyKey, unknown>)[key], seen))
    .join('\n');
}

const expectNoSecret = (value: unknown) => {
  for (const secret of SECRETS) expect(everythingIn(value)).not.toContain(secret);
};

async function open(options: Partial<TokenManagerOptions>) {
  const reported: unknown[] = [];
  vi.stubGlobal('reportError', (error: unknown) => reported.push(error));
  const auth = createTokenManager({
    allow: API,
    refresh: () => Promise.reject(clientError()),
    fetch: createRecorder().fetch,
    ...options,
  });
  await auth.signIn({ access_token: 'access-secret', refresh_token: 'refresh-secret', expires_in: 3600 });
  return { auth, heard: listen(auth), reported };
}

describe('R70: what `refresh` throws', () => {
  test('is handed on with its name, message, code and status, and nothing else of it', async () => {
    const { auth, heard } = await open({});
    const error = await failure(auth.refresh());
    expect(error.cause).toBeInstanceOf(Error);
    expect(error.cause).toMatchObject({
      name: 'AxiosError',
      code: 'ERR_BAD_RESPONSE',
      status: 500,
      message: 'Request failed with status code 500',
    });
    expectNoSecret([error, heard]);
    expect((error.cause as { config?: unknown }).config).toBeUndefined();
  });

  test('with a token in its message is told without that', async () => {
    const { auth, heard } = await open({
      refresh: () => Promise.reject(new Error(`bad token ${SECRETS[1]}`)),
    });
    const error = await failure(auth.refresh());
    expectNoSecret([error, heard]);
  });

  test.each([
    ['plain', (token: string) => token],
    ['JSON, as PHP writes it', (token: string) => JSON.stringify(token).replaceAll('/', '\\/')],
    ['JSON with codes', (token: string) => token.replaceAll('+', '\\u002B')],
    ['percent', (token: string) => encodeURIComponent(token)],
    [
      'percent in lower case',
      (token: string) => encodeURIComponent(token).replaceAll(/%../g, (code) => code.toLowerCase()),
    ],
    ['percent of one character', (token: string) => token.replaceAll('+', '%2B')],
    ['base64', (token: string) => btoa(token)],
    ['base64 of a client and the percent form', (token: string) => btoa(`cid:${encodeURIComponent(token)}`)],
  ])('with a token in its message as %s is told without that', async (_form, write) => {
    const token = 'eyJhbGci+/x9Q==abcDEF/123';
    const { auth } = await open({ refresh: () => Promise.reject(new Error(`at ${write(token)} it failed`)) });
    await auth.signIn({ access_token: 'another-access', refresh_token: token });
    const error = await failure(auth.refresh());
    expect(error.message).toBe('no new token: failed, with a message that is not shown');
  });

  test('is told in the message of the error, in its own words', async () => {
    const { auth } = await open({});
    expect((await failure(auth.refresh())).message).toBe('no new token: Request failed with status code 500');
  });

  test.each([
    ['null', null],
    ['a text', 'down'],
    ['an object', { reason: 'down' }],
  ])('may be %s', async (_what, thrown) => {
    const { auth } = await open({ refresh: () => Promise.reject(thrown) });
    expect(await failure(auth.refresh())).toMatchObject({ code: 'refresh-failed', name: 'TokenError' });
  });
});

describe('R70: what other callbacks throw', () => {
  test('`revoke`: the report holds no token', async () => {
    const { auth, reported } = await open({ revoke: () => Promise.reject(clientError()) });
    await auth.signOut();
    expect(reported.length).toBe(1);
    expectNoSecret(reported);
  });

  test('`read` and `isRejected`: the same', async () => {
    const fail = () => {
      throw clientError();
    };
    const { auth, reported } = await open({ isRejected: fail, capture: [{ url: API, read: fail }] });
    await auth.fetch(API);
    await vi.advanceTimersByTimeAsync(0);
    expect(reported.length).toBe(2);
    expectNoSecret(reported);
  });
});

describe('R35: a session is over', () => {
  test.each([
    ['on the error', { error: 'invalid_grant' }],
    ['in `data`', { data: { error: 'invalid_grant' } }],
    ['in `body`', { body: { error: 'invalid_grant' } }],
    ['in `response.data`, as axios does', { response: { status: 400, data: { error: 'invalid_grant' } } }],
    ['along `cause`', { cause: { cause: { error: 'invalid_grant' } } }],
    ['in `response.data` of a cause', { cause: { response: { data: { error: 'invalid_grant' } } } }],
  ])('where what `refresh` throws says `invalid_grant` %s: once, with one event', async (_where, more) => {
    const { auth, heard } = await open({ refresh: () => Promise.reject(clientError(more)) });
    expect(await failure(auth.refresh())).toMatchObject({ code: 'session-ended' });
    expect(heard.map(([event]) => event)).toEqual(['signed-out']);
    expect(auth.status).toBe('signed-out');
  });

  test.each([
    ['another error', { error: 'invalid_client' }],
    ['nothing', {}],
    [
      'a circle',
      (() => {
        const circle: Record<string, unknown> = {};
        circle['cause'] = circle;
        return circle;
      })(),
    ],
  ])('not where it says %s', async (_what, more) => {
    const { auth } = await open({ refresh: () => Promise.reject(clientError(more)) });
    expect(await failure(auth.refresh())).toMatchObject({ code: 'refresh-failed' });
    expect(auth.status).toBe('signed-in');
  });

  test('a `retryAt` of decades counts for an hour at most', async () => {
    const { TokenError } = await import('evertoken');
    const refresh: Refresh = () => Promise.reject(new TokenError('refresh-failed', { retryAt: 1e20 }));
    const { auth } = await open({ refresh });
    const { retryAt = 0 } = await failure(auth.refresh());
    expect(retryAt).toBeLessThanOrEqual(Date.now() + 3_600_000);
    expect(new Date(retryAt).toISOString()).toBeTruthy();
  });
});

describe('getAccessToken()', () => {
  test('answers `undefined` when this very call finds the session ended', async () => {
    const { auth } = await open({ refresh: () => Promise.reject(clientError({ error: 'invalid_grant' })) });
    vi.setSystemTime(Date.now() + 3_700_000);
    expect(await auth.getAccessToken()).toBeUndefined();
    expect(await auth.getAccessToken()).toBeUndefined();
  });
});

describe('R37: what a page put on Object.prototype', () => {
  afterEach(() => {
    for (const name of [
      'accessToken',
      'error',
      'authorization',
      'expiresIn',
      'refreshToken',
      'data',
      'read',
      'token',
      'store',
    ])
      delete (Object.prototype as Record<string, unknown>)[name];
  });

  test.each([
    ['authorization', 'x'],
    ['accessToken', 'planted'],
    ['refreshToken', 'planted'],
    ['expiresIn', 1],
    ['token', 'required'],
    ['read', () => ({ access_token: 'planted' })],
  ])('%s: requests carry the server’s token, and a refresh brings the server’s', async (name, value) => {
    Object.defineProperty(Object.prototype, name, {
      value,
      configurable: true,
      writable: true,
      enumerable: true,
    });
    const recorder = createRecorder();
    const auth = createTokenManager({
      allow: API,
      fetch: recorder.fetch,
      refresh: async () => ({ access_token: 'second', expires_in: 3600 }),
    });
    await auth.signIn({ access_token: 'first', expires_in: 3600 });
    await auth.fetch(API);
    await auth.refresh();
    await auth.fetch(API, { method: 'POST' });
    expect(recorder.deliveries.map(({ request }) => request.headers.get('authorization'))).toEqual([
      'Bearer first',
      'Bearer second',
    ]);
    expect(auth.tokens?.expiresAt).toBeGreaterThan(Date.now() + 3_000_000);
  });

  test('is no option of a call: nothing is asked for, and a sign-out revokes', async () => {
    const refresh = vi.fn(async () => ({ access_token: 'second', expires_in: 3600 }));
    const revoke = vi.fn(async () => {});
    const auth = createTokenManager({ allow: API, refresh, revoke });
    await auth.signIn({ access_token: 'first', refresh_token: 'one', expires_in: 3600 });
    const planted = { minValidity: 'x', rejected: 7, signal: AbortSignal.abort(), revoke: false };
    const token = await polluted(planted, async () => {
      const before = await auth.getAccessToken();
      await auth.refresh();
      await auth.signOut();
      return before;
    });
    expect([token, refresh.mock.calls.length, revoke.mock.calls.length]).toEqual(['first', 1, 1]);
  });

  test('error: nobody is signed out', async () => {
    Object.defineProperty(Object.prototype, 'error', { value: 'invalid_grant', configurable: true });
    const { auth } = await open({ refresh: () => Promise.reject(new Error('down')) });
    expect(await failure(auth.refresh())).toMatchObject({ code: 'refresh-failed' });
  });
});

test('R35: an end is no failure, also where what says so has its shape', async () => {
  const cause = Object.assign(new Error('refused'), {
    code: 'token-request-refused',
    error: 'invalid_grant',
  });
  const shaped = Object.assign(new Error('refused', { cause }), {
    ...{ name: 'TokenError', code: 'refresh-failed', error: 'invalid_grant' },
  });
  const { auth } = await open({ refresh: () => Promise.reject(shaped) });
  const { asTokenError } = await import('evertoken');
  const error = await failure(auth.refresh());
  expect(error).toMatchObject({ code: 'session-ended', cause: { code: 'token-request-refused' } });
  expect(asTokenError(error, 'refresh-failed')).toBeUndefined();
});
