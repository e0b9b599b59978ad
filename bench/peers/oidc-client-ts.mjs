/** oidc-client-ts, which sends no requests of its own: its `UserManager` under the usual hand-written wrapper. */
import { InMemoryWebStorage, User, UserManager, WebStorageStateStore } from 'oidc-client-ts';

export const name = 'oidc-client-ts';
export const takesRequest = true;
export const note =
  'The usual wrapper: `getUser()` before each request, `signinSilent()` and one more try after a 401. Silent renewal ahead of expiry is on, as is its default. Its token requests go through the global fetch.';

export async function make(fetch, tokens, tokenEndpoint) {
  const authority = new URL(tokenEndpoint).origin;
  const manager = new UserManager({
    authority,
    client_id: 'bench',
    redirect_uri: `${authority}/callback`,
    metadata: { issuer: authority, authorization_endpoint: authority, token_endpoint: tokenEndpoint },
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    stateStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
  });
  const expires_at = Math.floor(Date.now() / 1_000 + tokens.expires_in);
  const user = new User({ ...tokens, expires_at, profile: { sub: 'bench', iss: authority, aud: 'bench' } });
  await manager.storeUser(user);
  // Loads the timers of the silent renewal, as after a sign-in.
  await manager.getUser();
  const send = async (input, init, token) => {
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
    headers.set('Authorization', `Bearer ${token}`);
    return fetch(input, { ...init, headers });
  };
  const request = async (input, init) => {
    const response = await send(input, init, (await manager.getUser())?.access_token);
    if (response.status !== 401) return response;
    const renewed = await manager.signinSilent();
    return send(input, init, renewed?.access_token);
  };
  return Object.assign(request, { close: () => manager.stopSilentRenew() });
}
