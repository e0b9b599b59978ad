/** Answers that say nothing of a member, as servers write it: they are tokens all the same. */
import { createTokenManager } from 'evertoken';
import { expect, onTestFinished, test } from 'vitest';
import { createApp, createOidcServer, type Tampering } from '../support/oidc-server.ts';

test.for([
  { expires_in: 0 },
  { expires_in: -1 },
  { expires_in: 'soon' },
  { expires_in: null },
  { scope: null },
  { scope: ['openid'] },
])('R10, R36: a sign-in and a refresh with %j keep the rotated refresh token', async (tokens) => {
  const tampering: Tampering = { tokens };
  const server = await createOidcServer(tampering);
  const { client, signIn } = createApp(server);
  const { refresh } = client;
  const auth = createTokenManager({ refresh, allow: 'https://api.example.com', fetch: server.fetch });
  onTestFinished(() => auth.close());
  await auth.signIn((await signIn())?.tokens ?? {});
  expect(await auth.refresh()).toMatchObject({ accessToken: 'access-2', refreshToken: 'refresh-2' });
  expect('expiresAt' in (auth.tokens ?? {})).toBe('scope' in tokens);
  for (const [nothing, number] of [
    [null, 3],
    ['', 4],
  ]) {
    tampering.tokens = { refresh_token: nothing, id_token: nothing };
    expect(await auth.refresh()).toMatchObject({
      accessToken: `access-${number}`,
      refreshToken: 'refresh-2',
    });
  }
});
