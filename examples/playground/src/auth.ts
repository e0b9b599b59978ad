/** The app's one manager, and the client that signs users in. */
/// <reference types="vite/client" />
import { createTokenManager, type TokenManager, webStore } from 'evertoken';
import { createOidcClient } from 'evertoken/oidc';

const home = `${location.origin}/`;

export const api: string = import.meta.env['VITE_API'];

export const client = createOidcClient({
  issuer: import.meta.env['VITE_ISSUER'],
  clientId: 'spa',
  redirectUri: home,
  postLogoutRedirectUri: home,
  scope: 'openid offline_access',
});
const { refresh, revoke } = client;

// Hot reload evaluates this module again.
const before = import.meta.hot?.data['auth'] as TokenManager | undefined;
before?.close();

export const auth = createTokenManager({ refresh, revoke, allow: api, store: webStore('playground') });

if (import.meta.hot) import.meta.hot.data['auth'] = auth;

/** Back from the login page: signs in, and answers what went wrong, if it did. */
export async function takeCallback(): Promise<string | undefined> {
  try {
    const result = await client.handleRedirect();
    if (result) await auth.signIn(result.tokens);
    return undefined;
  } catch (error) {
    return `${error}`;
  }
}

/** To the login page; `login` asks for a name even where the server knows one. */
export const signIn = (prompt: 'consent' | 'login consent' = 'consent'): Promise<void> =>
  client.signInRedirect({ prompt });

/** Here, in all tabs, and at the server. */
export async function signOutEverywhere(): Promise<void> {
  const idTokenHint = auth.tokens?.idToken;
  await auth.signOut();
  await client.signOutRedirect({ idTokenHint });
}
