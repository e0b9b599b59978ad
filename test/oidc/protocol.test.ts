/** What is asked of the server, and which answers of an attacker are refused. */
import { inspect } from 'node:util';
import type { TokenSet } from 'evertoken';
import { describe, expect, test, vi } from 'vitest';
import { createProtocol } from '../../src/oidc/protocol.ts';
import {
  CALLBACK,
  createApp,
  createOidcServer,
  failureOf,
  ISSUER,
  type Tampering,
} from '../support/oidc-server.ts';

/** A sign-in at a server that was tampered with: its error. */
async function refusal(tampering: Tampering, asked = {}, scope = 'openid') {
  const app = createApp(await createOidcServer(tampering), { scope });
  return failureOf(app.signIn(asked));
}

const signal = new AbortController().signal;
const tokenSet = (more: Partial<TokenSet> = {}): TokenSet => ({
  accessToken: 'access-0',
  tokenType: 'Bearer',
  refreshToken: 'refresh-0',
  ...more,
});

describe('an attacker’s version is refused:', () => {
  const now = Math.floor(Date.now() / 1_000);

  test.for([
    ['nonce', { claims: { nonce: 'replayed' } }, /"nonce"/],
    ['no nonce', { claims: { nonce: undefined } }, /"nonce"/],
    ['signature', { isForged: true }, /signature verification failed/],
    ['audience', { claims: { aud: 'another-client' } }, /"aud"/],
    ['an audience more, without azp', { claims: { aud: ['spa', 'evil'] } }, /"aud"/],
    ['azp', { claims: { aud: ['spa', 'evil'], azp: 'evil' } }, /"azp"/],
    ['issuer of the ID token', { claims: { iss: 'https://evil.test' } }, /"iss"/],
    ['expiry', { claims: { exp: now - 60 } }, /"exp"/],
    ['no subject', { claims: { sub: undefined } }, /"sub"/],
  ] as const)('%s', async ([, tampering, message]) => {
    const error = await refusal(tampering);
    expect(error).toMatchObject({ code: 'invalid-id-token', message: expect.stringMatching(message) });
  });

  test('an old login where max_age was asked for', async () => {
    const tampering = { claims: { auth_time: now - 1_000 } };
    expect(await refusal(tampering, { maxAge: 300 })).toMatchObject({ code: 'invalid-id-token' });
    expect(await refusal({ claims: { auth_time: undefined } }, { maxAge: 0 })).toMatchObject({
      code: 'invalid-id-token',
      message: expect.stringContaining('auth_time'),
    });
  });

  test('no ID token at all', async () => {
    const error = await refusal({ tokens: { id_token: undefined } });
    expect(error).toMatchObject({
      code: 'invalid-token-response',
      message: expect.stringContaining('id_token'),
    });
  });

  test('PKCE: a stolen code is worthless in another browser', async () => {
    const server = await createOidcServer();
    const victim = createApp(server);
    const thief = createApp(server);
    await victim.client.signInRedirect();
    await thief.client.signInRedirect();
    const stolen = new URL(server.login(`${victim.left[0]}`));
    stolen.searchParams.set('state', `${thief.asked()['state']}`);
    expect(await failureOf(thief.client.handleRedirect(stolen))).toMatchObject({
      code: 'token-request-refused',
      error: 'invalid_grant',
      status: 400,
    });
  });

  test('RFC 9207: another server’s callback, and one that hides whose it is', async () => {
    const mixedUp = await refusal({ callback: { iss: 'https://evil.test' } });
    expect(mixedUp).toMatchObject({ code: 'invalid-callback', message: expect.stringContaining('"iss"') });
    expect(await refusal({ callback: { iss: undefined } })).toMatchObject({ code: 'invalid-callback' });
  });

  test('metadata of another issuer', async () => {
    const error = await refusal({ metadata: { issuer: 'https://evil.test' } });
    expect(error).toMatchObject({ code: 'server-metadata', message: expect.stringContaining('issuer') });
  });

  test('a token type that was not asked for', async () => {
    const wrong = { code: 'invalid-token-response', message: expect.stringContaining('Bearer') };
    expect(await refusal({ tokens: { token_type: 'DPoP' } })).toMatchObject(wrong);
    expect(await refusal({ tokens: { token_type: 'mac' } })).toMatchObject({
      code: 'invalid-token-response',
    });
    const dpop = { wrap: <T>(fetch: T) => fetch };
    const app = createApp(await createOidcServer(), { dpop });
    expect(await failureOf(app.signIn())).toMatchObject({
      message: 'invalid token response: token_type is not DPoP',
    });
  });

  test('subject: a refresh with somebody else’s ID token, whatever the clock says', async () => {
    const tampering: Tampering = {};
    const server = await createOidcServer(tampering);
    const { client, signIn } = createApp(server);
    const idToken = `${(await signIn())?.tokens['id_token']}`;
    const refresh = () => client.refresh({ tokens: tokenSet({ idToken }), signal, fetch: server.fetch });
    tampering.claims = { exp: 1, nonce: undefined };
    expect(await refresh()).toMatchObject({ access_token: 'access-2', id_token: expect.any(String) });
    for (const claims of [{ sub: 'mallory' }, { aud: 'another-client' }, { iss: 'https://evil.test' }]) {
      tampering.claims = claims;
      const { cause }: { cause?: unknown } = await refresh().then(
        () => ({}),
        (error) => error,
      );
      const code = 'sub' in claims ? 'subject-changed' : 'invalid-id-token';
      expect(cause).toMatchObject({ name: 'OidcError', code });
    }
  });
});

describe('R70: no error shows a secret, even under util.inspect:', () => {
  const secrets = /secret|access-\d|refresh-\d|code-\d|eyJ/;
  test.for([
    ['an ID token of another audience', { claims: { aud: 'x', note: 'secret' } }],
    ['a token type', { tokens: { token_type: 'mac', note: 'secret' } }],
    ['a refresh token', { tokens: { refresh_token: ['secret'] } }],
    [
      'a refusal that quotes',
      { answer: () => Response.json({ error: 'secret-1', error_description: 'secret' }) },
    ],
    ['an answer that is none', { answer: () => new Response('secret', { status: 502 }) }],
    ['a callback of another issuer', { callback: { iss: 'https://evil.test/?secret' } }],
    ['a network that quotes', { answer: () => Promise.reject(new Error('secret')) }],
  ] as const)('%s', async ([, tampering]) => {
    const error = await refusal(tampering as Tampering);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(secrets);
  });
});

describe('discovery', () => {
  test('is done once for all, and again after a failure', async () => {
    const server = await createOidcServer();
    const { client } = createApp(server);
    const look = server.answers['/.well-known/openid-configuration'];
    delete server.answers['/.well-known/openid-configuration'];
    expect(await failureOf(client.signInRedirect())).toMatchObject({ code: 'server-metadata' });
    if (look) server.answers['/.well-known/openid-configuration'] = look;
    const before = server.calls.length;
    await Promise.all([client.signInRedirect(), client.signInRedirect()]);
    expect(server.calls).toHaveLength(before + 1);
  });

  test('finds an OAuth 2.1 server by RFC 8414, also behind a path', async () => {
    const metadata = { issuer: `${ISSUER}/tenant` };
    const server = await createOidcServer({ metadata });
    const look = server.answers['/.well-known/openid-configuration'];
    if (look) server.answers['/.well-known/oauth-authorization-server/tenant'] = look;
    const { client, left } = createApp(server, { issuer: `${ISSUER}/tenant`, scope: 'read' });
    await client.signInRedirect();
    expect(left[0]).toContain(`${ISSUER}/auth?`);
  });

  test('is not needed where the metadata are given', async () => {
    const server = await createOidcServer();
    const given = { issuer: ISSUER, authorization_endpoint: `${ISSUER}/auth` };
    await createApp(server, { issuer: undefined, server: given }).client.signInRedirect();
    expect(server.calls).toEqual([]);
  });

  test('R35: leaves a server alone that says `Retry-After`', async () => {
    const server = await createOidcServer();
    const busy = () => new Response(null, { status: 503, headers: { 'retry-after': '60' } });
    server.answers['/.well-known/openid-configuration'] = busy;
    const error = await failureOf(createApp(server).client.signInRedirect());
    expect(error).toMatchObject({ code: 'unreachable', status: 503 });
    expect(server.calls).toHaveLength(1);
  });

  test('has ten seconds for both places', async () => {
    const controller = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(controller.signal);
    const fetch = vi.fn((_input: unknown, { signal }: RequestInit = {}) => {
      controller.abort(new DOMException('slow', 'TimeoutError'));
      return Promise.reject(signal?.reason);
    });
    const { client } = createApp(await createOidcServer(), { fetch });
    expect(await failureOf(client.signInRedirect())).toMatchObject({ code: 'unreachable' });
    expect(AbortSignal.timeout).toHaveBeenCalledOnce();
  });

  test('that gets no answer says so', async () => {
    const fetch = () => Promise.reject(new TypeError('secret'));
    const { client } = createApp(await createOidcServer(), { fetch });
    expect(await failureOf(client.signInRedirect())).toMatchObject({ code: 'unreachable' });
  });

  test.for([
    ['http://as.example.com', false],
    ['http://127.0.0.1.evil.test', false],
    ['http://localhost:3000', true],
    ['http://127.0.0.1:3000', true],
    ['http://[::1]:3000', true],
  ] as const)('over http is for loopback hosts: %s', async ([issuer, isAllowed]) => {
    const server = await createOidcServer({ metadata: { issuer } });
    const { client, left } = createApp(server, { issuer });
    await client.signInRedirect().catch(() => {});
    expect(left).toHaveLength(isAllowed ? 1 : 0);
    if (!isAllowed) expect(server.calls).toEqual([]);
    await createApp(server, { issuer, allowInsecureRequests: true }).client.signInRedirect();
  });

  test.for([
    { token_endpoint: 'javascript:alert(1)' },
    { token_endpoint: 'http://as.example.com/token' },
    { token_endpoint: undefined },
    { jwks_uri: 'http://as.example.com/jwks' },
  ])('that names an endpoint which is not safe, or none, is told as such: %o', async (metadata) => {
    expect(await refusal({ metadata })).toMatchObject({ code: 'server-metadata' });
  });

  test.for(['javascript:alert(1)', 'http://as.example.com/auth', 'https://', '/auth', undefined])(
    'nobody is sent to %s',
    async (authorization_endpoint) => {
      const error = await refusal({ metadata: { authorization_endpoint } });
      expect(error).toMatchObject({
        code: 'server-metadata',
        message: expect.stringContaining('authorization'),
      });
    },
  );
});

describe('requests', () => {
  test('for tokens name the client, the redirect URI and every resource (RFC 8707)', async () => {
    const server = await createOidcServer();
    const resource = ['urn:a', 'urn:b'];
    const { client, signIn, left } = createApp(server, { resource });
    await signIn();
    await client.refresh({ tokens: tokenSet(), signal, fetch: server.fetch });
    const bodies = server.to('/token').map(({ init }) => new URLSearchParams(`${init?.body}`));
    expect(new URL(`${left[0]}`).searchParams.getAll('resource')).toEqual(resource);
    expect(bodies.map((body) => body.getAll('resource'))).toEqual([resource, resource]);
    expect(server.to('/token').map(({ form }) => form)).toMatchObject([
      { grant_type: 'authorization_code', client_id: 'spa', redirect_uri: CALLBACK },
      { grant_type: 'refresh_token', client_id: 'spa', refresh_token: 'refresh-0' },
    ]);
  });

  test('for tokens carry a proof, where dpop is given', async () => {
    const server = await createOidcServer({ tokens: { token_type: 'dpop' } });
    const proving = vi.fn((fetch: typeof server.fetch) => (input: RequestInfo | URL, init?: RequestInit) => {
      const headers = new Headers(init?.headers);
      headers.set('dpop', 'proof');
      return fetch(input, { ...init, headers });
    });
    const { client, signIn } = createApp(server, { dpop: { wrap: proving } });
    expect((await signIn())?.tokens).toMatchObject({ token_type: 'DPoP' });
    await client.refresh({ tokens: tokenSet(), signal, fetch: server.fetch });
    // A revocation needs none, and to ask for one would make a key for nothing.
    await client.revoke({ tokens: tokenSet(), signal, fetch: server.fetch });
    expect(proving).toHaveBeenCalledTimes(2);
    const proofs = server.calls.filter(({ headers }) => headers.has('dpop')).map(({ url }) => url);
    expect(proofs).toEqual([`${ISSUER}/token`, `${ISSUER}/token`]);
  });

  test('of a refresh go through the manager’s fetch, with its signal', async () => {
    const server = await createOidcServer();
    const { client } = createApp(server, { fetch: () => Promise.reject(new Error('not this one')) });
    await client.refresh({ tokens: tokenSet(), signal, fetch: server.fetch });
    expect(server.to('/token')[0]?.init?.signal).toBe(signal);
  });

  test('of a revocation name the refresh token, else the access token; without an endpoint there are none', async () => {
    const server = await createOidcServer();
    const { client } = createApp(server);
    const { refreshToken, ...others } = tokenSet();
    await client.revoke({ tokens: tokenSet(), signal, fetch: server.fetch });
    await client.revoke({ tokens: others, signal, fetch: server.fetch });
    await client.revoke({ tokens: undefined, signal, fetch: server.fetch });
    expect(server.to('/revoke').map(({ form }) => form['token'])).toEqual([refreshToken, 'access-0']);
    const without = await createOidcServer({ metadata: { revocation_endpoint: undefined } });
    const other = createApp(without).client;
    await other.revoke({ tokens: tokenSet(), signal, fetch: without.fetch });
    expect(without.to('/revoke')).toEqual([]);
  });

  test('of a revocation may be answered with nothing (204)', async () => {
    const server = await createOidcServer();
    server.answers['/revoke'] = () => new Response(null, { status: 204 });
    const { client } = createApp(server);
    await client.revoke({ tokens: tokenSet(), signal, fetch: server.fetch });
    expect(server.to('/revoke')).toHaveLength(1);
  });

  test('of a revocation that the server refuses are told', async () => {
    const server = await createOidcServer();
    server.answers['/revoke'] = () => new Response(null, { status: 503 });
    const { revoke } = createProtocol({ issuer: ISSUER, clientId: 'spa', redirectUri: CALLBACK });
    const error = await failureOf(revoke({ tokens: tokenSet(), signal, fetch: server.fetch }));
    expect(error).toMatchObject({ code: 'token-request-refused', status: 503 });
  });
});

test('a server without OpenID Connect: neither nonce nor ID token', async () => {
  const server = await createOidcServer({ metadata: { jwks_uri: undefined } });
  const { signIn, asked } = createApp(server, { scope: 'read write' });
  const result = await signIn({ maxAge: 60 });
  expect(asked()).not.toHaveProperty('nonce');
  expect(result).toMatchObject({ tokens: { access_token: 'access-1' }, claims: undefined });
});
