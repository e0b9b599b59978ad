/** google-auth-library: its `OAuth2Client`, which sends requests by itself. */
import { OAuth2Client } from 'google-auth-library';

export const name = 'google-auth-library';
export const takesRequest = false;
/** It reads every answer, so each has to be a new one. */
export const answers = 'read';
export const note =
  '`OAuth2Client.request` with `forceRefreshOnFailure`, which its readme names for tokens that end before their time; the margin before expiry is a quarter of the lifetime where its five minutes are longer than the token lives.';

export function make(fetch, tokens, tokenEndpoint) {
  const client = new OAuth2Client({
    clientId: 'bench',
    forceRefreshOnFailure: true,
    eagerRefreshThresholdMillis: Math.min(300_000, tokens.expires_in * 250),
    endpoints: { oauth2TokenUrl: tokenEndpoint },
    transporterOptions: { fetchImplementation: fetch },
  });
  client.setCredentials({
    access_token: tokens.access_token,
    refresh_token: tokens.refresh_token,
    token_type: 'Bearer',
    expiry_date: Date.now() + tokens.expires_in * 1_000,
  });
  return (input, { method, headers, body } = {}) =>
    client.request({ url: `${input}`, method, headers, data: body, responseType: 'text' });
}
