/** As basic.ts, in a server: one manager for each incoming request, so that no two users ever mix. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createTokenManager,
  memoryStore,
  refreshEndpoint,
  type TokenManager,
  type TokenStore,
} from 'evertoken';
import { listenOnLoopback } from './demo/loopback.ts';
import { startServers } from './support/servers.ts';

const { api, tokenEndpoint, login, stop } = await startServers();
const stores = new Map<string, TokenStore>();

// Managers of the same user have that user's store, and so refresh once between them;
// a spent refresh token would end the session. Managers of different users share nothing.
function managerFor(user: string): TokenManager {
  const store = stores.get(user) ?? memoryStore();
  stores.set(user, store);
  return createTokenManager({
    refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'spa' }),
    allow: api,
    store,
  });
}

async function answerFor(user: string): Promise<string> {
  using auth = managerFor(user);
  const response = await auth.fetch(`${api}/items`);
  return response.text();
}

const server = await listenOnLoopback();
server.handle((request, response) => {
  const user = request.headers['x-user']; // your session cookie
  answerFor(String(user)).then(
    (body) => response.end(body),
    () => response.writeHead(502).end(),
  );
});

for (const user of ['alice', 'bob']) {
  using auth = managerFor(user);
  await auth.signIn(await login(user));
}
await sleep(2000);
const users = ['alice', 'bob', 'alice', 'bob', 'alice'];
const answers = users.map((user) => fetch(server.origin, { headers: { 'x-user': user } }));
for (const answer of await Promise.all(answers)) console.log(answer.status, await answer.text());

await server.close();
await stop();
