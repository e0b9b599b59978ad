/** From the API that wants a stronger login (RFC 9470) to tokens that have one. */
import { createTokenManager } from 'evertoken';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createApp, createOidcServer, failureOf, type Tampering } from '../support/oidc-server.ts';

const API = 'https://api.example.com';
const now = Math.floor(Date.now() / 1_000);

const demand = 'Bearer error="insufficient_user_authentication", acr_values="gold", max_age="60"';

/** A signed-in app whose API wants more. */
async function start(tampering: Tampering = {}) {
  const server = await createOidcServer(tampering);
  const app = createApp(server);
  const auth = createTokenManager({
    refresh: app.client.refresh,
    allow: API,
    fetch: async (input, init) =>
      `${input}`.startsWith(API)
        ? new Response(null, { status: 401, headers: { 'www-authenticate': demand } })
        : server.fetch(input, init),
  });
  onTestFinished(() => auth.close());
  await auth.signIn((await app.signIn())?.tokens ?? {});
  return { ...app, server, auth };
}

describe('RFC 9470: a step-up', () => {
  test('is one line: the event is what `signInRedirect` takes', async () => {
    const { auth, client, asked, left, server } = await start({ claims: { acr: 'gold' } });
    auth.on('step-up-required', (event) => client.signInRedirect({ ...event, returnTo: '/transfer' }));
    await auth.fetch(`${API}/transfer?amount=secret`);
    await vi.waitFor(() => expect(left).toHaveLength(2));
    expect(asked()).toMatchObject({ acr_values: 'gold', max_age: '60', scope: 'openid' });
    expect(asked()).not.toHaveProperty('url');
    const result = await client.handleRedirect(server.login(`${left[1]}`));
    expect(result).toMatchObject({ claims: { acr: 'gold' }, returnTo: '/transfer' });
  });

  test('also as a listener by itself', async () => {
    const { auth, client, asked, left } = await start();
    auth.on('step-up-required', client.signInRedirect);
    await auth.fetch(API);
    await vi.waitFor(() => expect(left).toHaveLength(2));
    expect(asked()).toMatchObject({ acr_values: 'gold', max_age: '60' });
  });

  test.for([
    ['a weaker login', { acr: 'silver', auth_time: now }, /acr is none of those asked for: gold/],
    ['one that does not say how strong it is', { auth_time: now }, /acr is none of those asked for: gold/],
    ['an old one', { acr: 'gold', auth_time: now - 1_000 }, /too much time/],
    ['one that does not say when it was', { acr: 'gold', auth_time: undefined }, /auth_time/],
  ] as const)('that comes back with %s is refused', async ([, claims, message]) => {
    const tampering: Tampering = {};
    const { client, server, left } = await start(tampering);
    const parameters = { acr_values: 'gold', max_age: '60' };
    await client.signInRedirect({ challenge: { scheme: 'Bearer', parameters } });
    tampering.claims = claims;
    const error = await failureOf(client.handleRedirect(server.login(`${left[1]}`)));
    expect(error).toMatchObject({ code: 'invalid-id-token', message: expect.stringMatching(message) });
  });

  test('of a server that knows no acr is left to the API, where no OpenID Connect is asked for', async () => {
    const { signIn } = createApp(await createOidcServer(), { scope: 'read' });
    expect(await signIn({ acrValues: 'gold', maxAge: 60 })).toMatchObject({ claims: undefined });
  });
});

describe('`parameters` of a sign-in', () => {
  const parameters = { prompt: 'login', max_age: '60', acr_values: 'gold', login_hint: 'alice' };

  test('are sent, and a new login is asked for', async () => {
    const { client, asked } = createApp(await createOidcServer());
    await client.signInRedirect({ parameters });
    expect(asked()).toMatchObject(parameters);
  });

  test.for([
    [{ auth_time: now - 1_000 }, /too much time/],
    [{ acr: 'silver' }, /acr/],
  ] as const)('are held against the ID token: %o', async ([claims, message]) => {
    const { signIn } = createApp(await createOidcServer({ claims }));
    const error = await failureOf(signIn({ parameters }));
    expect(error).toMatchObject({ code: 'invalid-id-token', message: expect.stringMatching(message) });
  });

  test('of the client hold for each sign-in; its `max_age` is checked, its `acr_values` are a wish', async () => {
    const { signIn, asked } = createApp(await createOidcServer({ claims: { acr: 'silver' } }), {
      parameters,
    });
    expect(await signIn()).toMatchObject({ claims: { acr: 'silver' } });
    expect(asked()).toMatchObject(parameters);
  });
});
