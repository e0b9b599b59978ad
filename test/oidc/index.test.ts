/** What an app sees of `evertoken/oidc`: a session from its sign-in to its end. */
import { createTokenManager, type TokenEvents } from 'evertoken';
import * as oidc from 'evertoken/oidc';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createApp, createOidcServer, type Tampering } from '../support/oidc-server.ts';

const API = 'https://api.example.com';

async function start(tampering: Tampering = {}) {
  const server = await createOidcServer(tampering);
  const app = createApp(server, { scope: 'openid offline_access' });
  const auth = createTokenManager({
    refresh: app.client.refresh,
    revoke: app.client.revoke,
    allow: API,
    fetch: server.fetch,
  });
  onTestFinished(() => auth.close());
  const ended: TokenEvents['signed-out'][] = [];
  auth.on('signed-out', (event) => ended.push(event));
  const result = await app.signIn();
  await auth.signIn(result?.tokens ?? {});
  return { server, auth, ended, tampering };
}

test('exports a factory and an error', () => {
  expect(Object.keys(oidc).sort()).toEqual(['OidcError', 'createOidcClient']);
});

describe('with the token manager', () => {
  test('tokens go from the sign-in to the requests, through refreshes, to their revocation', async () => {
    const { server, auth } = await start();
    expect(auth.tokens).toMatchObject({
      accessToken: 'access-1',
      tokenType: 'Bearer',
      refreshToken: 'refresh-1',
    });
    await auth.refresh();
    expect(auth.tokens).toMatchObject({ accessToken: 'access-2', refreshToken: 'refresh-2' });
    await auth.signOut();
    expect(server.to('/revoke').map(({ form }) => form['token'])).toEqual(['refresh-2']);
    expect(server.to('/revoke')[0]?.init?.keepalive).toBe(true);
  });

  test('R35: invalid_grant ends the session, at any status and behind a challenge', async () => {
    const { auth, ended, tampering } = await start();
    tampering.answer = () =>
      Response.json({ error: 'invalid_grant' }, { status: 403, headers: { 'www-authenticate': 'Basic' } });
    await expect(auth.refresh()).rejects.toMatchObject({ code: 'session-ended' });
    expect(ended).toMatchObject([{ reason: 'ended' }]);
  });

  test('R35: a server that says when to come again is left alone until then, and the session goes on', async () => {
    const { server, auth, ended, tampering } = await start();
    tampering.answer = () => new Response('busy', { status: 503, headers: { 'retry-after': '120' } });
    const before = server.to('/token').length;
    const error = await auth.refresh().catch((error) => error);
    expect(error).toMatchObject({
      code: 'refresh-failed',
      cause: { code: 'token-request-refused', status: 503 },
    });
    expect(error.retryAt - Date.now()).toBeGreaterThan(110_000);
    expect(server.to('/token')).toHaveLength(before + 1);
    expect(ended).toEqual([]);
  });

  test('a refresh that brings another user’s ID token is refused, and the session stays as it was', async () => {
    const { auth, ended, tampering } = await start();
    const { tokens } = auth;
    tampering.claims = { sub: 'mallory' };
    await expect(auth.refresh()).rejects.toMatchObject({
      code: 'refresh-failed',
      cause: { code: 'subject-changed' },
    });
    expect(auth.tokens).toBe(tokens);
    expect(ended).toEqual([]);
  });

  test('without a refresh token the session ends when the access token does', async () => {
    const { auth, ended } = await start({ tokens: { refresh_token: undefined } });
    await expect(auth.refresh()).rejects.toMatchObject({ code: 'session-ended' });
    expect(ended[0]?.error?.cause).toMatchObject({
      code: 'no-refresh-token',
      message: 'no refresh token: ask for the scope offline_access',
    });
  });
});
