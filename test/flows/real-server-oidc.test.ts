/** Steps A and B at a real OpenID Connect server, page by page, and what follows with the tokens. */
import { createTokenManager } from 'evertoken';
import { createOidcClient, type OidcClientOptions } from 'evertoken/oidc';
import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import type { AuthorizationServerOptions } from '../../examples/demo/authorization-server.ts';
import { walkThroughPages } from '../../examples/demo/sign-in.ts';
import { startLoopback } from '../support/loopback.ts';

test('probe', async () => {
  await using world = await startLoopback();
  const { server } = world;
  let url = '';
  const client = createOidcClient({
    issuer: server.issuer,
    clientId: server.clientId,
    redirectUri: server.redirectUri,
    scope: 'openid offline_access',
    navigate: (to) => { url = to; },
  });
  await client.signInRedirect({ returnTo: '/x?y#z', prompt: 'consent', maxAge: 100 });
  const callback = await walkThroughPages(new URL(url), server.redirectUri);
  console.log(`${callback}`);
  const result = await client.handleRedirect(callback);
  console.log(result);
  const auth = world.manager({ refresh: client.refresh, revoke: client.revoke });
  await auth.signIn(result?.tokens ?? {});
  console.log((await auth.fetch(`${world.api.url}/x`)).status);
  await auth.refresh();
  console.log(auth.tokens);
  await client.handleRedirect(callback).catch(console.log);
  await auth.signOut();
});
