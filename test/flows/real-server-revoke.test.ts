/** The code of docs/sign-out.md at a real authorization server. */
import type { TokenManager } from 'evertoken';
import { expect, test } from 'vitest';
import { startLoopback } from '../support/loopback.ts';
import { runRecipe } from '../support/recipe.ts';

test('a sign-out revokes the refresh token, and all that was issued with it', {
  timeout: 15_000,
}, async () => {
  await using world = await startLoopback();
  const { server, api, login, post } = world;
  const { auth } = runRecipe<{ auth: TokenManager }>('docs/sign-out.md', 'RFC 7009', {
    'https://as.example.com/token': server.tokenEndpoint,
    'https://as.example.com/revoke': server.revocationEndpoint,
    'https://api.example.com': api.url,
  });
  await auth.signIn(await login());
  await auth.refresh();
  const refreshToken = `${auth.tokens?.refreshToken}`;
  expect((await auth.fetch(`${api.url}/items`)).status).toBe(200);
  await auth.signOut();
  expect(auth.tokens).toBeUndefined();
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
  const answer = await post(server.tokenEndpoint, form);
  expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
  auth.close();
});
