/** evertoken/oidc and evertoken/dpop together, at a server and an API that demand proofs with nonces. */
import { asTokenError } from 'evertoken';
import { type Dpop, dpop } from 'evertoken/dpop';
import { createOidcClient } from 'evertoken/oidc';
import { describe, expect, test, vi } from 'vitest';
import { walkThroughPages } from '../../examples/demo/sign-in.ts';
import { startDpopWorld } from '../support/dpop-world.ts';
import { liveThrough, stopClock } from '../support/lives.ts';
import { record, statuses, times } from '../support/loopback.ts';
import { createWebStorage } from '../support/oidc-server.ts';

/** The servers, an app with both, and a user who walks from wherever the client sends them. */
async function start(accessTokenLifetime?: number, isProving = true) {
  const world = await startDpopWorld(accessTokenLifetime);
  const { issuer, clientId, redirectUri } = world.server;
  const proofs = dpop('shop');
  const wrap = vi.fn(proofs.wrap);
  const { thumbprint } = proofs;
  const left: string[] = [];
  const client = createOidcClient({
    ...{ issuer, clientId, redirectUri, scope: 'openid offline_access', storage: createWebStorage() },
    navigate: (url) => left.push(url),
    dpop: isProving ? { wrap, thumbprint } : undefined,
  });
  const send = vi.fn((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init));
  const { refresh, revoke } = client;
  const { auth } = world.manager(proofs, { refresh, revoke, fetch: send });
  return {
    ...world,
    ...{ auth, proofs, wrap, client, send, told: record(auth) },
    async signIn(login?: string) {
      await client.signInRedirect({ prompt: 'consent' });
      const callback = await walkThroughPages(new URL(`${left.at(-1)}`), redirectUri, login);
      return (await client.handleRedirect(callback))?.tokens ?? {};
    },
  };
}

describe('an OpenID Connect client whose tokens are bound to a key', { timeout: 60_000 }, () => {
  test('signs in, works over several lives with rotation, and signs out with a revocation', async () => {
    await using world = await start(4);
    const { auth, server, api, told, proofs } = world;
    const { pass } = stopClock();
    const tokens = await world.signIn('bob');
    expect(tokens).toMatchObject({ token_type: 'DPoP', id_token: expect.any(String) });
    await auth.signIn(tokens);
    const { failures } = await liveThrough({
      auth,
      workers: 10,
      between: 70,
      ends: times(3, () => pass(3_000)),
      send: (number, init) => auth.fetch(`${api.url}/items/${number}`, init),
    });
    expect(failures).toEqual([]);
    expect(told.refreshed).toHaveLength(3);
    expect(told.failed).toEqual([]);
    expect(server.stats).toMatchObject({ refreshes: told.refreshed.length, reuse: 0 });
    expect(jktOf(auth.tokens?.accessToken)).toBe(jktOf(tokens.access_token));

    const last = `${auth.tokens?.refreshToken}`;
    const before = world.wrap.mock.calls.length;
    await auth.signOut();
    expect(await world.present(last, proofs.wrap(fetch))).toMatchObject({ error: 'invalid_grant' });
    // Not for want of the key: it is not there any more.
    expect(server.stats.errors.at(-1)).toBe('invalid_grant: refresh token not found');
    // The revocation needs no proof, and makes no key.
    expect(world.wrap.mock.calls.length).toBe(before);
    const [input, init] = world.send.mock.calls.at(-1) ?? [];
    expect([`${input}`, new Headers(init?.headers).has('dpop')]).toEqual([server.revocationEndpoint, false]);
  });
});

describe.concurrent('an OpenID Connect client with DPoP', { timeout: 60_000 }, () => {
  test('a spent refresh token ends the session with the right key, too', async () => {
    await using world = await start();
    const { auth, server, told } = world;
    await auth.signIn(await world.signIn());
    const spent = auth.tokens;
    await auth.refresh();
    await auth.signIn({ ...spent, accessToken: `${spent?.accessToken}` });
    const { code } = asTokenError(await auth.refresh().catch((error) => error)) ?? {};
    expect(code).toBe('session-ended');
    expect(told.over.at(-1)).toMatchObject({ reason: 'ended' });
    expect(server.stats).toMatchObject({ reuse: 1 });
    expect(server.stats.errors.at(-1)).toContain('already used');
  });

  test('a second sign-in has a key of its own; one that is abandoned leaves the session its key', async () => {
    await using world = await start();
    const { auth, api } = world;
    const first = await world.signIn();
    await auth.signIn(first);
    const abandoned = await world.signIn();
    api.deny(`${auth.tokens?.accessToken}`);
    expect(await statuses(auth, api.url, 3), 'refreshed with the old key').toEqual(times(3, 200));
    expect(jktOf(auth.tokens?.accessToken)).toBe(jktOf(first.access_token));

    const second = await world.signIn('bob');
    const keys = [first, abandoned, second].map(({ access_token }) => jktOf(access_token));
    expect(new Set(keys).size).toBe(3);
    await auth.signIn(second);
    await auth.refresh();
    expect(await statuses(auth, api.url, 3)).toEqual(times(3, 200));
    expect(jktOf(auth.tokens?.accessToken)).toBe(jktOf(second.access_token));
  });

  test('a stolen refresh token is refused with another key', async () => {
    await using world = await start();
    const { auth, server } = world;
    await auth.signIn(await world.signIn());
    const stolen = `${auth.tokens?.refreshToken}`;
    expect(await world.present(stolen, dpop('shop').wrap(fetch))).toMatchObject({ error: 'invalid_grant' });
    expect(server.stats.refreshes).toBe(0);
    await auth.refresh();
  });

  test('RFC 9449 §10: a code that was stolen on its way is worthless with another key, verifier or not', async () => {
    await using world = await start();
    const { issuer, clientId, redirectUri, tokenEndpoint, stats } = world.server;
    const kept = createWebStorage();
    const left: string[] = [];
    const client = createOidcClient({
      ...{ issuer, clientId, redirectUri, scope: 'openid offline_access', storage: kept, dpop: world.proofs },
      navigate: (url) => left.push(url),
    });
    const jktAsked = () => new URL(`${left.at(-1)}`).searchParams.get('dpop_jkt');
    await client.signInRedirect({ prompt: 'consent' });
    const callback = await walkThroughPages(new URL(`${left[0]}`), redirectUri);
    const { verifier } = JSON.parse(`${Object.values(kept)[0]}`);
    const body = new URLSearchParams({
      ...{ grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri },
      ...{ code: `${callback.searchParams.get('code')}`, code_verifier: verifier },
    });
    const thief = await dpop('thief').wrap(fetch)(tokenEndpoint, { method: 'POST', body });
    expect([thief.status, await thief.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
    expect(stats.errors.at(-1)).toContain('dpop_jkt');

    await client.signInRedirect({ prompt: 'consent' });
    const own = await walkThroughPages(new URL(`${left[1]}`), redirectUri);
    await world.auth.signIn((await client.handleRedirect(own))?.tokens ?? {});
    await world.auth.refresh();
    expect(jktOf(world.auth.tokens?.accessToken)).toBe(jktAsked());
  });

  test('R9: a Bearer answer is refused, and so is an answer for no key where one was asked for', async () => {
    await using world = await start(120, false);
    // The server gives a client that sends no proof a bearer token.
    const tokens = await world.signIn();
    expect(tokens.token_type).toBe('Bearer');
    await expect(world.auth.signIn(tokens)).rejects.toMatchObject({ code: 'invalid-token-response' });

    const { issuer, clientId, redirectUri } = world.server;
    const left: string[] = [];
    const unproven: Pick<Dpop, 'wrap'> = { wrap: (fetch) => fetch };
    const client = createOidcClient({
      ...{ issuer, clientId, redirectUri, storage: createWebStorage(), dpop: unproven },
      navigate: (url) => left.push(url),
    });
    await client.signInRedirect();
    const callback = await walkThroughPages(new URL(`${left[0]}`), redirectUri);
    await expect(client.handleRedirect(callback)).rejects.toMatchObject({ code: 'invalid-token-response' });
  });
});

/** RFC 9449 §6.1. */
const jktOf = (token: unknown): string =>
  JSON.parse(`${Buffer.from(`${token}`.split('.')[1] ?? '', 'base64url')}`).cnf.jkt;
