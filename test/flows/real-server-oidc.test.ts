/** Steps A and B at a real OpenID Connect server, page by page, and what comes of the tokens until the end of the session. */
import { createOidcClient, type OidcClientOptions, type SignInOptions } from 'evertoken/oidc';
import { decodeJwt } from 'jose';
import { describe, expect, test } from 'vitest';
import type { AuthorizationServerOptions } from '../../examples/demo/authorization-server.ts';
import { fetchWithCookies } from '../../examples/demo/cookie-jar.ts';
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

/** A browser that keeps its cookies: the callback, and which forms the user met on the way. */
function createBrowser(redirectUri: string) {
  const browse = fetchWithCookies();
  return async (start: string): Promise<{ callback: string; pages: string[] }> => {
    const pages: string[] = [];
    let url = start;
    let init: RequestInit = {};
    while (pages.length < 10) {
      const response = await browse(url, { ...init, redirect: 'manual' });
      const location = response.headers.get('location');
      if (location?.startsWith(redirectUri)) return { callback: location, pages };
      init = {};
      if (location) url = new URL(location, url).href;
      else {
        const html = await response.text();
        const prompt = `${/name="prompt" value="([^"]+)"/.exec(html)?.[1]}`;
        pages.push(prompt);
        url = new URL(`${/action="([^"]+)"/.exec(html)?.[1]}`, url).href;
        init = { method: 'POST', body: new URLSearchParams({ prompt, login: 'alice', password: 'any' }) };
      }
    }
    throw new Error(`No way back: ${pages}`);
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
      cause: { code: 'token-request-refused', error: 'invalid_grant' },
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

  test('RFC 9470: a step-up to what the server cannot do is refused here, whatever it answers', async () => {
    await using world = await start();
    const challenge = { scheme: 'Bearer', parameters: { acr_values: 'gold' } };
    await expect(world.signIn({ challenge })).rejects.toMatchObject({
      code: 'invalid-id-token',
      message: expect.stringContaining('gold'),
    });
    expect(await world.signIn({ parameters: { acr_values: 'gold' } }), 'a wish').toBeDefined();
  });

  test.for([
    ['nothing', {}, 0],
    ['`prompt: login` in `parameters`', { parameters: { prompt: 'login' } }, 1],
    ['`max_age: 0` in `parameters`', { parameters: { max_age: '0' } }, 1],
    ['a challenge with `max_age`', { challenge: { scheme: 'Bearer', parameters: { max_age: '0' } } }, 1],
  ] as const)(
    'who has a session there and is asked with %s meets so many login pages: %3$i',
    async ([, asked, logins]) => {
      await using world = await start();
      const { issuer, clientId, redirectUri } = world.server;
      const left: string[] = [];
      const client = createOidcClient({
        ...{ issuer, clientId, redirectUri, storage: createWebStorage() },
        navigate: (url) => left.push(url),
      });
      const browse = createBrowser(redirectUri);
      await client.signInRedirect();
      const first = await browse(`${left[0]}`);
      expect(first.pages).toContain('login');
      await client.handleRedirect(first.callback);
      await client.signInRedirect(asked);
      const second = await browse(`${left[1]}`);
      expect(second.pages.filter((page) => page === 'login')).toHaveLength(logins);
      expect(await client.handleRedirect(second.callback)).toMatchObject({ claims: { sub: 'alice' } });
    },
  );

  test('RFC 9126: takes a pushed request, and refuses one it does not like before anybody leaves', async () => {
    await using world = await start();
    const { issuer, clientId, redirectUri } = world.server;
    const look = await fetch(`${issuer}/.well-known/openid-configuration`);
    const metadata = { ...(await look.json()), require_pushed_authorization_requests: true };
    const left: string[] = [];
    const create = (own: Partial<OidcClientOptions> = {}) =>
      createOidcClient({
        ...{ server: metadata, clientId, redirectUri, scope: 'openid offline_access', ...own },
        ...{ storage: createWebStorage(), navigate: (url) => left.push(url) },
      });
    const client = create();
    await client.signInRedirect({ prompt: 'consent' });
    expect([...new URL(`${left[0]}`).searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    const callback = await walkThroughPages(new URL(`${left[0]}`), redirectUri, 'bob');
    expect(await client.handleRedirect(callback)).toMatchObject({ claims: { sub: 'bob' } });

    await expect(create({ redirectUri: 'https://evil.test/' }).signInRedirect()).rejects.toMatchObject({
      code: 'authorization-refused',
      error: 'invalid_request',
      status: 400,
    });
    expect(left).toHaveLength(1);
  });

  test('RFC 6749 §4.1.2: a callback in two tabs is exchanged once, and its tokens live', async () => {
    await using world = await start();
    const { issuer, clientId, redirectUri } = world.server;
    const storage = createWebStorage();
    const left: string[] = [];
    const options = { issuer, clientId, redirectUri, scope: 'openid offline_access', storage };
    const tabs = [1, 2].map(() => createOidcClient({ ...options, navigate: (url) => left.push(url) }));
    await tabs[0]?.signInRedirect({ prompt: 'consent' });
    const callback = await walkThroughPages(new URL(`${left[0]}`), redirectUri);
    const results = await Promise.allSettled(tabs.map((client) => client.handleRedirect(callback)));
    const [good] = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(1);
    expect(world.server.stats.tokenCalls).toBe(1);
    // A server that sees a code twice revokes what the first one brought.
    await world.auth.signIn(good?.tokens ?? {});
    await world.auth.refresh();
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
