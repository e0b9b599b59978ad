/** The base: one manager, one fetch, one sign-in. The other examples differ from it as little as possible. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asTokenError, createTokenManager, refreshEndpoint } from 'evertoken';
import { startServers } from './support/servers.ts';

const { api, tokenEndpoint, login, stop } = await startServers();

const auth = createTokenManager({
  refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'spa' }),
  allow: api,
});
auth.on('*', (event, payload) => console.log(event, 'cause' in payload ? payload.cause : ''));

await auth.signIn(await login());

try {
  for (let request = 1; request <= 3; request++) {
    const response = await auth.fetch(`${api}/items/${request}`);
    console.log(response.status, await response.json());
    await sleep(1000); // access tokens live 2 s: the last request needs a new one
  }
} catch (error) {
  if (asTokenError(error, 'session-ended')) console.log('Sign in again, please.');
  else throw error;
}

await auth.signOut();
auth.close();
await stop();
