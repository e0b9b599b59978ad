import { type RefreshEndpointOptions, refreshEndpoint, type TokenSet } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, login, ME, outcome, signedIn, status } from '../support/refresh.ts';
import { createManager, createWorld, TOKEN_ENDPOINT } from '../support/world.ts';

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('fetch', () => Promise.reject(new Error('the global fetch is not to be used')));
});
afterEach(() => void vi.useRealTimers());

const held: TokenSet = { accessToken: 'access-0', tokenType: 'Bearer', refreshToken: 'refresh + &=ü' };

/** One call, as the manager makes it, and what arrived. */
async function call(options: Partial<RefreshEndpointOptions>, tokens: TokenSet | undefined = held) {
  const arrived: { request: Request; body: string }[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    arrived.push({ request, body: await request.text() });
    return Response.json(login({ access_token: 'access-1' }));
  };
  const refresh = refreshEndpoint({ url: TOKEN_ENDPOINT, ...options });
  const answer = await refresh({ tokens, signal: new AbortController().signal, fetch });
  const [first] = arrived;
  if (!first || arrived.length > 1) throw new Error(`${arrived.length} requests`);
  const { request, body } = first;
  return {
    request,
    body,
    form: [...new URLSearchParams(body)],
    header: (name: string) => request.headers.get(name),
    answer,
  };
}

describe('form (RFC 6749 §6)', () => {
  test('posts the refresh token and nothing else of the tokens', async () => {
    const { request, form, header } = await call({});
    expect([request.method, request.url]).toEqual(['POST', TOKEN_ENDPOINT]);
    expect(header('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
    expect(header('accept')).toContain('application/json');
    expect(header('authorization')).toBeNull();
    expect(form).toEqual([
      ['grant_type', 'refresh_token'],
      ['refresh_token', 'refresh + &=ü'],
    ]);
  });

  test('adds client, scope, resources and parameters', async () => {
    const { form } = await call({
      clientId: 'spa',
      scope: 'a b',
      resource: ['https://one.example', 'https://two.example'],
      parameters: { audience: 'x&y', tenant: '' },
    });
    expect(form.slice(2)).toEqual([
      ['client_id', 'spa'],
      ['scope', 'a b'],
      ['resource', 'https://one.example'],
      ['resource', 'https://two.example'],
      ['audience', 'x&y'],
      ['tenant', ''],
    ]);
    expect((await call({ resource: 'https://one.example' })).form.at(-1)).toEqual([
      'resource',
      'https://one.example',
    ]);
  });

  test.each([undefined, 'client_secret_basic'] as const)(
    'clientAuth %s: id and secret travel form-encoded in the header only (RFC 6749 §2.3.1)',
    async (clientAuth) => {
      const { header, body } = await call({ clientId: 'a:b', clientSecret: 'ü +%', clientAuth });
      expect(header('authorization')).toBe(`Basic ${btoa('a%3Ab:%C3%BC+%2B%25')}`);
      expect(body).not.toContain('client_secret');
    },
  );

  test('client_secret_post: id and secret travel in the form only', async () => {
    const { header, form } = await call({
      clientId: 'id',
      clientSecret: 's&s',
      clientAuth: 'client_secret_post',
    });
    expect(header('authorization')).toBeNull();
    expect(form.slice(2).sort()).toEqual([
      ['client_id', 'id'],
      ['client_secret', 's&s'],
    ]);
  });

  test('clientAuth none: a secret that is there is not sent', async () => {
    const { header, body } = await call({ clientId: 'id', clientSecret: 'hush', clientAuth: 'none' });
    expect(`${header('authorization')} ${body}`).not.toContain('hush');
    expect(body).toContain('client_id=id');
  });

  test('does not follow a redirect, which would take the refresh token elsewhere', async () => {
    expect((await call({})).request.redirect).toBe('manual');
  });

  test('takes a URL object, with its query', async () => {
    const { request } = await call({ url: new URL(`${TOKEN_ENDPOINT}?tenant=1`) });
    expect(request.url).toBe(`${TOKEN_ENDPOINT}?tenant=1`);
  });
});

describe('json', () => {
  test('posts { refreshToken }', async () => {
    const { body, header } = await call({ format: 'json' });
    expect(JSON.parse(body)).toEqual({ refreshToken: 'refresh + &=ü' });
    expect(header('content-type')).toMatch(/^application\/json/);
  });

  test('`body` makes another one of the tokens', async () => {
    const body = vi.fn((tokens: TokenSet | undefined) => ({
      token: tokens?.refreshToken,
      expired: tokens?.accessToken,
    }));
    expect(JSON.parse((await call({ format: 'json', body })).body)).toEqual({
      token: 'refresh + &=ü',
      expired: 'access-0',
    });
    expect(body).toHaveBeenCalledWith(held);
  });

  test('`read` finds the tokens in the answer, and its headers', async () => {
    const { auth, world } = await signedIn({
      refresh: refreshEndpoint({
        url: TOKEN_ENDPOINT,
        format: 'json',
        read: (body, response) => ({
          accessToken: (body as { data: { jwt: string } }).data.jwt,
          refreshToken: `${response.headers.get('x-refresh')}`,
          expiresIn: response.status,
        }),
      }),
    });
    world.answerRefresh = () =>
      Response.json({ data: { jwt: 'access-1' } }, { headers: { 'x-refresh': 'refresh-1' } });
    expect(await auth.refresh()).toMatchObject({
      accessToken: 'access-1',
      refreshToken: 'refresh-1',
      expiresAt: Date.now() + 200_000,
    });
  });

  test('R37: a `read` that throws, or finds nothing, is "not now"', async () => {
    for (const read of [() => JSON.parse('{'), () => undefined as never, () => ({ accessToken: '' })]) {
      const { auth } = await signedIn({
        refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, format: 'json', read }),
      });
      expect(await outcome(auth.refresh())).toBe('refresh-failed');
      expect(auth.tokens?.accessToken).toBe('access-0');
    }
  });
});

describe('cookie', () => {
  const options = { format: 'cookie' } as const;

  test('sends cookies, no body and no token', async () => {
    const { request, body, header } = await call(options, { ...held, refreshToken: undefined });
    expect([request.method, request.credentials, body]).toEqual(['POST', 'include', '']);
    expect(header('authorization')).toBeNull();
  });

  test('works with nothing in hand, and says so', async () => {
    expect((await call(options, undefined)).answer).toMatchObject({ access_token: 'access-1' });
    expect(refreshEndpoint({ url: TOKEN_ENDPOINT, ...options }).withoutRefreshToken).toBe(true);
    expect(refreshEndpoint({ url: TOKEN_ENDPOINT }).withoutRefreshToken).toBeFalsy();
    expect(refreshEndpoint({ url: TOKEN_ENDPOINT, format: 'json' }).withoutRefreshToken).toBeFalsy();
  });

  test('`body` adds a JSON body', async () => {
    const { body, header } = await call({ ...options, body: () => ({ device: 1 }) });
    expect([JSON.parse(body), header('content-type')]).toEqual([
      { device: 1 },
      expect.stringContaining('json'),
    ]);
  });

  test('form and json do not send cookies to another origin', async () => {
    for (const format of ['form', 'json'] as const) {
      expect((await call({ format })).request.credentials).not.toBe('include');
    }
  });

  test('R8: a first request restores the session that the cookie holds', async () => {
    const world = createWorld();
    const auth = createManager(world, { refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, ...options }) });
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(world.api[0]?.authorization).toBe('Bearer access-1');
  });
});

describe('headers', () => {
  test.each<[string, RefreshEndpointOptions['headers']]>([
    ['an object', { 'x-csrf': '1' }],
    ['pairs', [['x-csrf', '1']]],
    ['Headers', new Headers({ 'x-csrf': '1' })],
    ['a function', () => ({ 'x-csrf': '1' })],
    ['an asynchronous function', async () => new Headers({ 'x-csrf': '1' })],
  ])('%s are sent', async (_, headers) => {
    expect((await call({ headers })).header('x-csrf')).toBe('1');
  });

  test('those of the caller are not written to, and an `accept` of theirs stays', async () => {
    const headers = new Headers({ accept: 'application/vnd.api+json' });
    expect((await call({ headers })).header('accept')).toBe('application/vnd.api+json');
    expect([...headers]).toEqual([['accept', 'application/vnd.api+json']]);
  });

  test('a function is asked at each refresh, for CSRF tokens that change', async () => {
    let count = 0;
    const headers = () => ({ 'x-csrf': `${++count}` });
    const { auth, world } = await signedIn({ refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, headers }) });
    await auth.refresh();
    await auth.refresh();
    expect(world.refreshes.map((seen) => seen.headers.get('x-csrf'))).toEqual(['1', '2']);
  });

  test('R38: a function that throws is "not now", and sends nothing', async () => {
    const headers = () => Promise.reject(new Error('no CSRF token'));
    const { auth, world } = await signedIn({ refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, headers }) });
    expect((await failure(auth.refresh())).code).toBe('refresh-failed');
    expect(world.refreshes).toHaveLength(0);
    expect(auth.tokens?.accessToken).toBe('access-0');
  });
});

test.each(['form', 'json'] as const)(
  'R8: %s without a refresh token is `session-ended` without a call',
  async (format) => {
    const { auth, world, heard } = await signedIn({
      refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, format }),
      tokens: { refresh_token: undefined },
    });
    expect(await outcome(auth.refresh())).toBe('session-ended');
    expect(world.refreshes).toHaveLength(0);
    expect(heard.map(([event]) => event)).toEqual(['signed-out']);
  },
);
