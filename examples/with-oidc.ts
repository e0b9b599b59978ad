/** As basic.ts, with evertoken/oidc: it signs the user in, refreshes and revokes. In a page `storage` and `navigate` are not needed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenManager } from 'evertoken';
import { createOidcClient, OidcError } from 'evertoken/oidc';
import { startServers } from './support/servers.ts';

const { api, issuer, clientId, redirectUri, walk, stop } = await startServers();

let page = '';
const underWay = new Map<string, string>();
const client = createOidcClient({
  issuer,
  clientId,
  redirectUri,
  scope: 'openid offline_access',
  storage: {
    getItem: (key) => underWay.get(key),
    setItem: (key, value) => underWay.set(key, value),
    removeItem: (key) => underWay.delete(key),
  },
  navigate: (url) => {
    page = url;
  },
});
const auth = createTokenManager({ refresh: client.refresh, revoke: client.revoke, allow: api });

await client.signInRedirect({ returnTo: '/items', prompt: 'consent' });
// The user logs in, page by page, and is sent back.
const callback = await walk(page);
try {
  const result = await client.handleRedirect(callback);
  if (result) await auth.signIn(result.tokens);
  console.log('signed in:', result?.claims?.['sub'], 'goes on at', result?.returnTo);
} catch (error) {
  if (error instanceof OidcError) console.log('Sign in again, please:', error.code);
  else throw error;
}

console.log((await auth.fetch(`${api}/items`)).status);
await sleep(2000); // access tokens live 2 s
console.log((await auth.fetch(`${api}/items`)).status);

await auth.signOut();
auth.close();
await stop();
