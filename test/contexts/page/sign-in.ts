/** A single-page app that signs users in: three buttons. */
import { createTokenManager, webStore } from 'evertoken';
import { createOidcClient } from 'evertoken/oidc';

const { issuer, api } = Object.fromEntries(new URLSearchParams(document.body.dataset['servers']));

const client = createOidcClient({
  issuer,
  clientId: 'spa',
  redirectUri: `${location.origin}/`,
  postLogoutRedirectUri: `${location.origin}/`,
  scope: 'openid offline_access',
});
const { refresh, revoke } = client;
const store = webStore('app', { area: 'session' });
const auth = createTokenManager({ refresh, revoke, allow: `${api}`, store });

/** What the callback brought, if this is one. */
const started = client.handleRedirect().then(async (result) => {
  if (result) await auth.signIn(result.tokens);
  return { returnTo: result?.returnTo, sub: result?.claims?.['sub'] };
});

const asked = { prompt: 'consent', returnTo: '/?tab=2' };
const failures: string[] = [];

const actions: Record<string, () => Promise<unknown>> = {
  redirect: () => client.signInRedirect(asked),
  popup: async () => auth.signIn((await client.signInPopup(asked)).tokens),
  async leave() {
    const idTokenHint = auth.tokens?.idToken;
    await auth.signOut();
    await client.signOutRedirect({ idTokenHint });
  },
};
for (const [name, action] of Object.entries(actions)) {
  const button = document.body.appendChild(document.createElement('button'));
  button.id = button.textContent = name;
  button.onclick = () => action().catch(({ code, message }) => failures.push(code ?? message));
}

Object.assign(globalThis, { started, failures, auth, api });
