/** As own-refresh.ts, for a program without a user: the client credentials grant (RFC 6749 §4.4). */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenManager, type Refresh, type TokenResponse } from 'evertoken';
import { startServers } from './support/servers.ts';

const { api, tokenEndpoint, service, stop } = await startServers();

const refresh: Refresh = async ({ signal, fetch }) => {
  const response = await fetch(tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: service.clientId,
      client_secret: service.clientSecret,
    }),
    signal,
  });
  if (!response.ok) throw new Error(`The token endpoint answered ${response.status}.`);
  return (await response.json()) as TokenResponse;
};
refresh.withoutRefreshToken = true; // the first request may fetch a token with nothing in hand

const auth = createTokenManager({ refresh, allow: api });

console.log((await auth.fetch(`${api}/items`)).status);
await sleep(2000);
console.log((await auth.fetch(`${api}/items`)).status);

auth.close();
await stop();
