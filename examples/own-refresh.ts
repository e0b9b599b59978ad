/** As basic.ts, with a refresh function of your own: any protocol, any client. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenManager, type Refresh, TokenError, type TokenResponse } from 'evertoken';
import { startServers } from './support/servers.ts';

const { api, tokenEndpoint, login, stop } = await startServers();

// `fetch` is the one underneath, which carries no token. Whatever is thrown means "not now",
// except `session-ended`, which signs the user out.
const refresh: Refresh = async ({ tokens, signal, fetch }) => {
  if (!tokens?.refreshToken) throw new TokenError('session-ended');
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'spa',
      refresh_token: tokens.refreshToken,
    }),
    signal,
  });
  const body = (await response.json()) as TokenResponse & { error?: string };
  if (body.error === 'invalid_grant') throw new TokenError('session-ended');
  if (!response.ok) throw new Error(`The token endpoint answered ${response.status}.`);
  return body;
};

const auth = createTokenManager({ refresh, allow: api });

await auth.signIn(await login());

console.log((await auth.fetch(`${api}/items`)).status);
await sleep(2000);
console.log((await auth.fetch(`${api}/items`)).status);

auth.close();
await stop();
