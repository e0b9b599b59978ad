/** As with-oidc.ts, for a tool in a terminal: the user signs in on any device, once, and all copies share the session. */
import { createTokenManager } from 'evertoken';
import { fileStore } from 'evertoken/node';
import { createOidcClient } from 'evertoken/oidc';
import { playCli } from './support/cli-story.ts';

const { ISSUER: issuer = '', API: api = '', SESSION: path = '' } = process.env;

async function run() {
  const client = createOidcClient({ issuer, clientId: 'spa', scope: 'openid offline_access' });
  using auth = createTokenManager({
    refresh: client.refresh,
    revoke: client.revoke,
    allow: api,
    store: fileStore('example-cli', { path }),
  });
  auth.on('token-refreshed', ({ elsewhere }) => console.log(elsewhere ? 'a copy refreshed' : 'refreshed'));

  if (!(await auth.getAccessToken())) {
    const { tokens } = await client.signInDevice({
      prompt: 'consent', // some servers give a refresh token only then
      onPrompt: ({ verificationUri, userCode }) =>
        console.log(`Open ${verificationUri} and enter ${userCode}`),
    });
    await auth.signIn(tokens);
    console.log('signed in');
  }
  const response = await auth.fetch(`${api}/items`);
  console.log('answered', response.status);
}

// Without addresses it shows itself at servers of its own.
if (issuer) await run();
else await playCli(import.meta.filename);
