/** Servers, pages and functions of the app that do what they should not. */
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { createTokenManager } from 'evertoken';
import { createOidcClient } from 'evertoken/oidc';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  CALLBACK,
  createApp,
  createOidcServer,
  failureOf,
  ISSUER,
  type Tampering,
} from '../support/oidc-server.ts';

const API = 'https://api.example.com';
const signal = new AbortController().signal;

/** Whatever somebody looks at. */
const seen = (error: unknown): string => inspect(error, { depth: 12, showHidden: true, getters: true });

/** What a page, or one of its libraries, has put where every object finds it. */
function pollute(members: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(Object.prototype, name, {
      value,
      configurable: true,
      enumerable: true,
      writable: true,
    });
  }
  onTestFinished(() => {
    for (const name of Object.keys(members)) Reflect.deleteProperty(Object.prototype, name);
  });
}

describe('R37: what a page put on Object.prototype is nobody’s', () => {
  const evil = () => Promise.reject(new Error('not this one'));

  test.for([
    [
      'token',
      { access_token: 'p', refresh_token: 'p', accessToken: 'p', refreshToken: 'p', idToken: 'p.p.p' },
    ],
    ['ID token, where none is asked for', { id_token: 'p.p.p' }],
    ['error', { error: 'invalid_grant', error_description: 'p', status: 400 }],
    ['option', { storage: { getItem: evil, setItem: evil }, navigate: evil, dpop: { wrap: evil } }],
    [
      'option of a sign-in',
      { returnTo: 'https://evil.test', acrValues: 'p', maxAge: 'p', prompt: 'p', challenge: {} },
    ],
    ['parameter', { acr_values: 'p', max_age: 'p', resource: 'urn:p', nonce: 'p', request_uri: 'p' }],
    ['metadata', { require_pushed_authorization_requests: true, use_mtls_endpoint_aliases: true }],
    ['check', { expectedNonce: 'p', default_max_age: 1, require_auth_time: true, acr: { values: 'p' } }],
    ['transaction', { verifier: 'p', thumbprint: 'p', expected: { expectedNonce: 'p' } }],
  ] as const)('%s', async ([, members]) => {
    const scope = 'id_token' in members ? 'read' : 'openid offline_access';
    const server = await createOidcServer();
    const left: string[] = [];
    const underWay = new Map<string, string>();
    pollute(members);
    const client = createOidcClient({
      ...{ issuer: ISSUER, clientId: 'spa', redirectUri: CALLBACK, scope, fetch: server.fetch },
      storage: {
        getItem: (key) => underWay.get(key),
        setItem: (key, value) => underWay.set(key, value),
        removeItem: (key) => underWay.delete(key),
      },
      navigate: (url) => left.push(url),
    });
    await client.signInRedirect({});
    const asked = new URL(`${left[0]}`).searchParams;
    expect([...asked.values()].filter((value) => /^p$|urn:p/.test(value))).toEqual([]);
    const result = await client.handleRedirect(server.login(`${left[0]}`));
    expect(result?.tokens).toMatchObject({ access_token: 'access-1', refresh_token: 'refresh-1' });
    const tokens = { accessToken: 'access-1', tokenType: 'Bearer', refreshToken: 'refresh-1' };
    expect(await client.refresh({ tokens, signal, fetch: server.fetch })).toMatchObject({
      access_token: 'access-2',
    });
    await client.revoke({ tokens, signal, fetch: server.fetch });
    expect(server.to('/revoke')[0]?.form['token']).toBe('refresh-1');
  });

  test('no endpoint: where the server has none, none is asked', async () => {
    const server = await createOidcServer({ metadata: { revocation_endpoint: undefined } });
    const { client } = createApp(server);
    pollute({ revocation_endpoint: 'https://evil.test/revoke' });
    await client.revoke({ tokens: { accessToken: 'a', tokenType: 'Bearer' }, signal, fetch: server.fetch });
    expect(server.calls.map(({ url }) => new URL(url).origin)).toEqual([ISSUER]);
  });

  test('and an answer without a token is none', async () => {
    const server = await createOidcServer({ tokens: { access_token: undefined } });
    const app = createApp(server);
    pollute({ access_token: 'polluted' });
    expect(await failureOf(app.signIn())).toMatchObject({ code: 'invalid-token-response' });
  });
});

describe('R37: no more than 1 MB of an answer is read:', () => {
  /** Tokens, and then spaces without end. */
  function endless(text = '{"access_token":"access-1","token_type":"Bearer"}') {
    const counted = { bytes: 0 };
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
      pull(controller) {
        counted.bytes += 100_000;
        if (counted.bytes > 250_000_000) controller.close();
        else controller.enqueue(new Uint8Array(100_000).fill(32));
      },
    });
    return { counted, answer: () => new Response(body, { headers: { 'content-type': 'application/json' } }) };
  }

  test('of a sign-in', async () => {
    const { counted, answer } = endless();
    const { signIn } = createApp(await createOidcServer({ answer }), { scope: 'read' });
    expect(await failureOf(signIn())).toMatchObject({ code: 'invalid-token-response' });
    expect(counted.bytes).toBeLessThan(1_300_000);
  });

  test('of a refresh: the session goes on', async () => {
    const tampering: Tampering = {};
    const server = await createOidcServer(tampering);
    const { client, signIn } = createApp(server);
    const auth = createTokenManager({ refresh: client.refresh, allow: API, fetch: server.fetch });
    onTestFinished(() => auth.close());
    await auth.signIn((await signIn())?.tokens ?? {});
    const { counted, answer } = endless();
    tampering.answer = answer;
    await expect(auth.refresh()).rejects.toMatchObject({
      code: 'refresh-failed',
      cause: { code: 'invalid-token-response' },
    });
    expect(counted.bytes).toBeLessThan(1_300_000);
    expect(auth.tokens?.accessToken).toBe('access-1');
    expect(server.to('/token'), 'it would be as long the next time').toHaveLength(2);
  });

  test('of a gzip bomb', async () => {
    const bomb = gzipSync(
      Buffer.concat([Buffer.from('{"access_token":"a","token_type":"Bearer"}'), Buffer.alloc(2e8, 32)]),
    );
    const unpacked = () => new Blob([bomb]).stream().pipeThrough(new DecompressionStream('gzip'));
    const { signIn } = createApp(await createOidcServer({ answer: () => new Response(unpacked()) }), {
      scope: 'read',
    });
    expect(await failureOf(signIn())).toMatchObject({ code: 'invalid-token-response' });
  });

  test.for([
    ['/.well-known/openid-configuration', 'server-metadata'],
    ['/par', 'authorization-refused'],
    ['/jwks', 'invalid-token-response'],
  ] as const)('of %s', async ([path, code]) => {
    const server = await createOidcServer({ metadata: { require_pushed_authorization_requests: true } });
    const { counted, answer } = endless('{"issuer":"https://as.example.com"}');
    server.answers[path] = answer;
    expect(await failureOf(createApp(server).signIn())).toMatchObject({ code });
    expect(counted.bytes).toBeLessThan(1_300_000);
  });
});

describe('R70: what an HTTP client or a storage throws holds the request, and is never handed on:', () => {
  const secrets = /access-\d|refresh-\d|code-\d|verifier|secret|eyJ/;

  /** As axios does it: the request, its answer and its headers hang on the error. */
  function rejecting(input: unknown, init?: { body?: unknown }) {
    const config = { url: input, data: `${init?.body}`, headers: { authorization: 'secret' } };
    const error = Object.assign(new Error(`secret ${init?.body}`), {
      config,
      request: init,
      response: { config },
    });
    return Promise.reject(
      Object.assign(error, { cause: config, toJSON: () => config, error: `secret ${init?.body}` }),
    );
  }

  test.for(['fetch', 'storage', 'navigate', 'dpop', 'thumbprint'] as const)('the option %s', async (name) => {
    const server = await createOidcServer();
    const fetch = (input: string | URL | Request, init?: RequestInit) =>
      `${input}`.endsWith('/token') ? rejecting(input, init) : server.fetch(input, init);
    const own = {
      fetch: { fetch },
      storage: {
        storage: {
          getItem: rejecting,
          removeItem: rejecting,
          setItem: (key: string, body: string) => rejecting(key, { body }),
        },
      },
      navigate: { navigate: (url: string) => rejecting(url) },
      dpop: { dpop: { wrap: () => fetch } },
      thumbprint: { dpop: { wrap: () => fetch, thumbprint: () => rejecting('') } },
    };
    const error = await createApp(server, own[name])
      .signIn()
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'OidcError' });
    expect(seen(error)).not.toMatch(secrets);
    expect(JSON.stringify(error)).not.toMatch(secrets);
  });

  test('a refresh, in what the manager throws and tells', async () => {
    const server = await createOidcServer();
    const { client, signIn } = createApp(server);
    const auth = createTokenManager({
      ...{ refresh: client.refresh, revoke: client.revoke, allow: API },
      fetch: (input, init) => rejecting(input, init as { body?: unknown }),
    });
    onTestFinished(() => auth.close());
    await auth.signIn((await signIn())?.tokens ?? {});
    const told: unknown[] = [];
    auth.on('*', (...event) => void told.push(event));
    told.push(await auth.refresh().catch((thrown) => thrown), await auth.signOut().catch((thrown) => thrown));
    expect(told.map(seen).join()).not.toMatch(secrets);
  });
});
