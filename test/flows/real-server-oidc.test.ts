/** Steps A and B at a real OpenID Connect server, page by page, and what comes of the tokens until the end of the session. */
import { createOidcClient, type OidcClientOptions, type SignInOptions } from 'evertoken/oidc';
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import type { AuthorizationServerOptions } from '../../examples/demo/authorization-server.ts';
import { walkThroughPages } from '../../examples/demo/sign-in.ts';
import { record, startLoopback } from '../support/loopback.ts';
import { createWebStorage } from '../support/oidc-server.ts';

/** The servers, a client, and a user who walks from wherever the client sends them. */
async function start(options: AuthorizationServerOptions = {}, own: Partial<OidcClientOptions> = {}) {
  const world = await startLoopback(options);
  const { issuer, clientId, redirectUri } = world.server;
  const left: string[] = [];
  const client = createOidcClient({
    ...{ issuer, clientId, redirectUri, scope: 'openid offline_access', storage: createWebStorage() },
    navigate: (url) => left.push(url),
    ...own,
  });
  const { refresh, revoke } = client;
  return {
    ...world,
    client,
    auth: world.manager({ refresh, revoke }),
    async signIn(asked: SignInOptions = {}, login?: string) {
      await client.signInRedirect({ prompt: 'consent', ...asked });
      return client.handleRedirect(await walkThroughPages(new URL(`${left.at(-1)}`), redirectUri, login));
    },
  };
}

describe.concurrent('a real OpenID Connect server', { timeout: 60_000 }, () => {
  test('signs users in; their tokens are refreshed with rotation, and revoked at the end', async () => {
    await using world = await start();
    const { auth, server, api } = world;
    const told = record(auth);
    const result = await world.signIn({ returnTo: '/items?page=2' }, 'bob');
    expect(result).toMatchObject({ claims: { sub: 'bob' }, returnTo: '/items?page=2' });
    await auth.signIn(result?.tokens ?? {});
    const answer = await (await auth.fetch(`${api.url}/me`)).json();
    expect(answer.sub).toBe('bob');

    const first = auth.tokens;
    world.denyTokenOf(auth);
    expect((await auth.fetch(`${api.url}/me`)).status).toBe(200);
    expect(auth.tokens?.refreshToken).not.toBe(first?.refreshToken);
    expect(auth.tokens?.idToken).not.toBe(first?.idToken);
    expect(told.refreshed.map(({ cause }) => cause)).toEqual(['rejected']);

    const last = `${auth.tokens?.refreshToken}`;
    await auth.signOut();
    const again = await world.post(server.tokenEndpoint, {
      grant_type: 'refresh_token',
      refresh_token: last,
    });
    expect([again.status, await again.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
  });

  test('a spent refresh token ends the session, and the manager knows it', async () => {
    await using world = await start();
    const { auth, server } = world;
    const told = record(auth);
    await auth.signIn((await world.signIn())?.tokens ?? {});
    const spent = auth.tokens;
    await auth.refresh();
    await auth.signIn({ ...spent, accessToken: `${spent?.accessToken}` });
    await expect(auth.refresh()).rejects.toMatchObject({
      code: 'session-ended',
      cause: { cause: { code: 'token-request-refused', error: 'invalid_grant' } },
    });
    expect(told.over.at(-1)).toMatchObject({ reason: 'ended' });
    expect(server.stats.reuse).toBe(1);
  });

  test('RFC 8707: tokens are for the resource that was asked for, also after a refresh', async () => {
    await using world = await start({}, { resource: 'urn:other-api' });
    const { auth } = world;
    await auth.signIn((await world.signIn())?.tokens ?? {});
    expect(decodeJwt(`${auth.tokens?.accessToken}`).aud).toBe('urn:other-api');
    await auth.refresh();
    expect(decodeJwt(`${auth.tokens?.accessToken}`).aud).toBe('urn:other-api');
  });

  test('opaque access tokens are as good', async () => {
    await using world = await start({ opaque: true });
    const { server, client } = world;
    const auth = world.manager({ refresh: client.refresh, allow: server.userinfoEndpoint });
    await auth.signIn((await world.signIn({}, 'carol'))?.tokens ?? {});
    expect(auth.tokens?.accessToken).not.toContain('.');
    await auth.refresh();
    expect(await (await auth.fetch(server.userinfoEndpoint)).json()).toMatchObject({ sub: 'carol' });
  });

  test('RFC 9470: a step-up asks for a fresh login, and the ID token proves it', async () => {
    await using world = await start();
    const challenge = { scheme: 'Bearer', parameters: { max_age: '0' } };
    const { claims } = (await world.signIn({ challenge })) ?? {};
    expect(Number(claims?.['auth_time'])).toBeGreaterThan(Date.now() / 1_000 - 30);
  });

  test('nobody is signed in silently who has no session there', async () => {
    await using world = await start();
    const failure = world.signIn({ prompt: 'none' });
    await expect(failure).rejects.toMatchObject({ code: 'authorization-refused', error: 'login_required' });
  });

  test('PKCE: a code that was stolen on its way is worthless, and still good where it belongs', async () => {
    await using world = await start();
    const { server } = world;
    const { issuer, clientId, redirectUri } = server;
    const left: string[] = [];
    const client = createOidcClient({
      ...{ issuer, clientId, redirectUri, storage: createWebStorage() },
      navigate: (url) => left.push(url),
    });
    await client.signInRedirect();
    const callback = await walkThroughPages(new URL(`${left[0]}`), redirectUri);
    const refused = await world.post(server.tokenEndpoint, {
      grant_type: 'authorization_code',
      code: `${callback.searchParams.get('code')}`,
      redirect_uri: redirectUri,
      code_verifier: 'x'.repeat(43),
    });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
    expect(await client.handleRedirect(callback)).toMatchObject({ claims: { sub: 'alice' } });
  });
});
