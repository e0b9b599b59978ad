/** As basic.ts, with ky on top. Leave `retry` to your taste: refused tokens are settled below ky. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenManager, refreshEndpoint } from 'evertoken';
import ky from 'ky';
import { startServers } from './support/servers.ts';

const { api, tokenEndpoint, login, stop } = await startServers();

const auth = createTokenManager({
  refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'spa' }),
  allow: api,
});
const client = ky.create({ fetch: auth.fetch, baseUrl: api });

await auth.signIn(await login());

console.log(await client.get('items').json());
await sleep(2000);
console.log(await client.post('items', { json: { name: 'after expiry' } }).json());

auth.close();
await stop();
