/** Revokes tokens at an authorization server (RFC 7009). */
import { checkMembers } from './check.ts';
import {
  answerOf,
  type EndpointOptions,
  endpointKinds,
  errorOf,
  headersOf,
  placeOf,
  toldOf,
} from './endpoint.ts';
import { memberOf } from './own.ts';
import { retryAtOf } from './retry-after.ts';
import { formOf } from './token-form.ts';
import type { Revoke } from './types.ts';

/** The options of {@link revokeEndpoint}. Only `url` is required. */
export type RevokeEndpointOptions = EndpointOptions;

/**
 * A `revoke` for `createTokenManager`: posts the refresh token, and with it all that was issued with it ends; where
 * there is none, the access token (RFC 7009 §2.1). It is sent once. What is no 2xx becomes an error with `status`, the
 * OAuth `error` and `retryAt`, each where there is one: 503 says that the token is still alive (§2.2.1).
 *
 * @throws TypeError that names the option, the kind of its value and what is allowed: also for `http:` beyond loopback
 * hosts, and for a `clientSecret` in a page.
 *
 * @example
 * import { createTokenManager, refreshEndpoint, revokeEndpoint } from 'evertoken';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' }),
 *   revoke: revokeEndpoint({ url: 'https://as.example.com/revoke', clientId: 'spa' }),
 *   allow: 'https://api.example.com',
 * });
 */
export function revokeEndpoint(options: RevokeEndpointOptions): Revoke {
  const own = checkMembers('revokeEndpoint', options, endpointKinds);
  const place = placeOf('revokeEndpoint', own);
  return async ({ tokens, signal, fetch }) => {
    if (!tokens) return;
    const refreshToken = memberOf(tokens, 'refreshToken') as string | undefined;
    const body = formOf(own, {
      token: refreshToken ?? tokens.accessToken,
      token_type_hint: refreshToken ? 'refresh_token' : 'access_token',
    });
    const headers = await headersOf(own, tokens, body).catch((thrown) => {
      throw toldOf(thrown, tokens, own.clientSecret);
    });
    // A redirect would take the token elsewhere.
    const init = { __proto__: null, method: 'POST', headers, body, signal, redirect: 'manual' };
    const answer = await fetch(place.href, init as RequestInit)
      .then(answerOf)
      // It may hold the request, and with it the token.
      .catch(() => undefined);
    if (signal.aborted) throw signal.reason;
    const retryAt = answer && retryAtOf(answer.response);
    if (!answer?.response.ok) throw Object.assign(errorOf(place, answer), retryAt && { retryAt });
  };
}
