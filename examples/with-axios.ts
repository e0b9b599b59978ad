/** As basic.ts, with axios on top: its fetch adapter takes the fetch to use. */
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import { createTokenManager, refreshEndpoint } from 'evertoken';
import { startServers } from './support/servers.ts';

const { api, tokenEndpoint, login, stop } = await startServers();

const auth = createTokenManager({
  refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'spa' }),
  allow: api,
});
const client = axios.create({ adapter: 'fetch', env: { fetch: auth.fetch }, baseURL: api });

await auth.signIn(await login());

console.log((await client.get('/items')).data);
await sleep(2000);
console.log((await client.post('/items', { name: 'after expiry' })).data);

auth.close();
await stop();
