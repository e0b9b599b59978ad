/** As basic.ts, with an HttpOnly cookie that holds the session, and a CSRF header that guards the refresh. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cookieStore, createTokenManager, refreshEndpoint } from 'evertoken';
import { fetchWithCookies } from './demo/cookie-jar.ts';
import { startCookieBackend } from './support/cookie-backend.ts';
import { startServers } from './support/servers.ts';

const servers = await startServers();
const backend = await startCookieBackend(servers);
const browser = fetchWithCookies(); // a page's own fetch keeps cookies; Node's does not

const auth = createTokenManager({
  refresh: refreshEndpoint({
    url: `${backend.url}/refresh`,
    format: 'cookie',
    headers: async () => ({ 'x-csrf-token': await csrfToken() }),
  }),
  allow: servers.api,
  store: cookieStore('shop'), // in a page it joins all tabs and workers; here there is nobody to join
  fetch: browser,
});
auth.on('*', (event, payload) => console.log(event, 'cause' in payload ? payload.cause : ''));

async function csrfToken(): Promise<string> {
  const response = await browser(`${backend.url}/csrf`);
  return ((await response.json()) as { csrfToken: string }).csrfToken;
}

await browser(`${backend.url}/login`, { method: 'POST' });

// No signIn: the first request finds the session by its cookie, as after a reload.
console.log((await auth.fetch(`${servers.api}/items`)).status);
await sleep(2000);
console.log((await auth.fetch(`${servers.api}/items`)).status);

auth.close();
await backend.stop();
await servers.stop();
