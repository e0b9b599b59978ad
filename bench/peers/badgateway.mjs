/** @badgateway/oauth2-client: its `OAuth2Fetch`, as its readme shows it. */
import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';

export const name = '@badgateway/oauth2-client';
export const takesRequest = true;
export const note =
  '`OAuth2Fetch` with `getStoredToken`; its middleware form, so that the fetch underneath is the same as for all. `getNewToken` answers `null`: a login page would be next.';

export function make(fetch, tokens, tokenEndpoint) {
  const client = new OAuth2Client({
    server: new URL(tokenEndpoint).origin,
    tokenEndpoint,
    clientId: 'bench',
    fetch: (input, init) => fetch(input, init),
  });
  const wrapper = new OAuth2Fetch({
    client,
    getNewToken: async () => null,
    getStoredToken: () => ({
      accessToken: tokens.access_token,
      refreshToken: tokens.refresh_token,
      expiresAt: Date.now() + tokens.expires_in * 1_000,
    }),
  });
  const middleware = wrapper.mw();
  return (input, init) => middleware(new Request(input, init), (request) => fetch(request));
}
