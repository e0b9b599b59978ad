/** What is said to the authorization server, and how its answers are checked: by oauth4webapi. */
import * as oauth from 'oauth4webapi';
import { announce } from '../development.ts';
import { ownMembers } from '../own.ts';
import type { Fetch, Refresh, Revoke, TokenResponse } from '../types.ts';
import { attempt } from './attempt.ts';
import { checkAcr } from './authorization-request.ts';
import type { DeviceCode } from './device.ts';
import { createDiscovery, limited } from './discovery.ts';
import { guard, OidcError, type OidcErrorCode, told } from './oidc-error.ts';
import type { OidcClientOptions, SignInResult } from './options.ts';
import { type Parameters, pairsOf } from './parameters.ts';
import { insistOn } from './requests.ts';
import type { Transaction, Wanted } from './transactions.ts';

/** Verifier, nonce and state: 256 bits each. */
export const random = oauth.generateRandomState;

/** @throws Error that says what is missing on plain http. */
export function s256(verifier: string): Promise<string> {
  if (!crypto.subtle) throw new Error('evertoken/oidc: a sign-in needs https (crypto.subtle)');
  return oauth.calculatePKCECodeChallenge(verifier);
}

/** The claims of an ID token that was checked when it came. */
const claimsOf = (idToken: string): { sub?: unknown } | undefined =>
  attempt(() => JSON.parse(atob(`${idToken.split('.')[1]}`.replace(/-/g, '+').replace(/_/g, '/'))));

export function createProtocol(options: OidcClientOptions) {
  const { issuer, clientId, dpop, clockTolerance = 30_000 } = options;
  const client = ownMembers({ client_id: clientId, [oauth.clockTolerance]: clockTolerance / 1_000 });
  const none = oauth.None();
  /** For tools: step A, of whichever sign-in. */
  const about = __DEVELOPMENT__ ? { url: options.server?.issuer ?? issuer } : {};
  const allowInsecureRequests =
    options.allowInsecureRequests ??
    /^http:\/\/(localhost|127\.0\.0\.1|\[::1])(:|\/|$)/.test(`${options.server?.issuer ?? issuer}`);

  const own: Fetch = (input, init) => (options.fetch ?? fetch)(input, init);

  /** For grants and revocations `attempts` are named: a refusal is told. */
  function sending(fetch: Fetch, attempts = 0, signal = limited(), more?: RequestInit) {
    return ownMembers({
      [oauth.customFetch]: insistOn(fetch, attempts, more),
      [oauth.allowInsecureRequests]: allowInsecureRequests,
      signal,
    });
  }

  /** RFC 8707 §2.2; the only requests with a proof (RFC 9449 §5). */
  const granting = (fetch: Fetch, attempts: number, signal?: AbortSignal, thumbprint?: string) =>
    ownMembers({
      ...sending(dpop?.wrap(fetch, thumbprint) ?? fetch, attempts, signal),
      additionalParameters: pairsOf({ resource: options.resource }),
    });

  const discover = createDiscovery(options.server && ownMembers(options.server), (fetch = own, signal) => {
    const url = new URL(`${issuer}`);
    const limit = limited(signal);
    const look = async (algorithm: 'oidc' | 'oauth2') => {
      const init = { ...sending(fetch, 0, limit), algorithm };
      return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, init));
    };
    return look('oidc').catch(async (error) => {
      const failure = told(error, 'server-metadata');
      try {
        // Where CORS hides a 404 it looks like a lost answer; a server that says `Retry-After` is left alone.
        if (!failure.retryAt) return await look('oauth2');
      } catch {}
      throw failure;
    });
  });

  /** Nobody is sent to a `javascript:` URL, or to a file. */
  function safe(text: unknown, name: string): URL {
    const url = attempt(() => new URL(`${text}`));
    if (url?.protocol.startsWith(allowInsecureRequests ? 'http' : 'https:')) return url;
    throw new OidcError('server-metadata', `no safe ${name}`);
  }

  /** Where the user is sent to. */
  async function urlOf(
    endpoint: 'authorization_endpoint' | 'end_session_endpoint',
    parameters: Parameters,
    signal?: AbortSignal,
  ): Promise<string> {
    const url = safe((await discover(own, signal))[endpoint], endpoint);
    for (const [name, value] of pairsOf(parameters)) url.searchParams.append(name, value);
    return url.href;
  }

  /** The login page, for a request that goes ahead where the server wants it so (RFC 9126 §4). */
  async function authorizationUrl(parameters: Parameters, signal?: AbortSignal): Promise<string> {
    const server = await discover(own, signal);
    if (__DEVELOPMENT__) announce('login', about);
    if (!server['require_pushed_authorization_requests']) return urlOf('authorization_endpoint', parameters);
    return guard('authorization-refused', async () => {
      const form = new URLSearchParams(pairsOf(parameters));
      const init = sending(own, 0, limited(signal));
      const response = await oauth.pushedAuthorizationRequest(server, client, none, form, init);
      const { request_uri } = await oauth.processPushedAuthorizationResponse(server, client, response);
      return urlOf('authorization_endpoint', { client_id: clientId, request_uri });
    });
  }

  function accept(answer: oauth.TokenEndpointResponse): TokenResponse {
    const type = dpop ? 'DPoP' : 'Bearer';
    // oauth4webapi writes it in lower case.
    if (answer.token_type === type.toLowerCase()) return { ...answer, token_type: type };
    throw new OidcError('invalid-token-response', `token_type is not ${type}`);
  }

  /** What a sign-in brought, when it fits what was asked for. */
  async function accepted(
    response: Response,
    { expected, acr, returnTo }: Wanted & Partial<Transaction>,
    signal?: AbortSignal,
  ): Promise<SignInResult> {
    const server = await discover();
    if (__DEVELOPMENT__) announce('code', about);
    // Those to a device code are no different (RFC 8628 §3.5), and its own function requires no ID token.
    const answer = await oauth.processAuthorizationCodeResponse(
      server,
      client,
      response,
      ownMembers(expected),
    );
    const claims = oauth.getValidatedIdTokenClaims(answer);
    if (acr && claims) checkAcr(acr, claims);
    const init = sending(own, 0, limited(signal));
    if (claims) await oauth.validateApplicationLevelSignature(server, response, init);
    return { tokens: accept(answer), claims, returnTo };
  }

  /** Takes a callback (RFC 6749 §4.1.2, RFC 9207) and exchanges its code, once. */
  async function exchange(
    parameters: URLSearchParams,
    state: string,
    transaction: Transaction,
    redirectUri: string,
    signal?: AbortSignal,
  ): Promise<SignInResult> {
    const server = await discover(own, signal);
    let step: OidcErrorCode = 'invalid-callback';
    try {
      const callback = oauth.validateAuthResponse(server, client, parameters, state);
      const { verifier, thumbprint } = transaction;
      const init = granting(own, 1, limited(signal), thumbprint);
      const response = await oauth.authorizationCodeGrantRequest(
        ...[server, client, none, callback, redirectUri, verifier, init],
      );
      step = 'invalid-token-response';
      return await accepted(response, transaction, signal);
    } catch (error) {
      throw told(error, step);
    }
  }

  /** A code for the user to enter elsewhere (RFC 8628 §3.1, §3.2). */
  async function deviceCode(parameters: Parameters, signal: AbortSignal): Promise<DeviceCode> {
    const server = await discover(own, signal);
    if (__DEVELOPMENT__) announce('login', about);
    return guard('authorization-refused', async () => {
      const form = new URLSearchParams(pairsOf(parameters));
      const init = sending(own, 0, limited(signal));
      const response = await oauth.deviceAuthorizationRequest(server, client, none, form, init);
      const { json } = response;
      // Of servers that say 0, or write a text as they do for `expires_in`.
      response.json = async () => {
        const { interval, ...code } = await json();
        const seconds = parseFloat(interval);
        return ownMembers(seconds >= 0 ? { ...code, interval: seconds || 1 } : code);
      };
      const code = await oauth.processDeviceAuthorizationResponse(server, client, response);
      const { verification_uri: url, verification_uri_complete: complete = url } = code;
      for (const one of [url, complete]) safe(one, 'verification_uri');
      return code;
    });
  }

  /** Asks once whether the user has signed in (RFC 8628 §3.4). */
  const deviceGrant = (code: string, signal: AbortSignal, thumbprint?: string): Promise<Response> =>
    guard('token-request-refused', async () => {
      const init = granting(own, 1, limited(signal), thumbprint);
      return oauth.deviceCodeGrantRequest(await discover(), client, none, code, init);
    });

  const refresh: Refresh = async ({ tokens, signal, fetch }) => {
    const { refreshToken, idToken = '' } = ownMembers(tokens);
    if (!refreshToken) {
      throw new OidcError('no-refresh-token', 'ask for the scope offline_access', { error: 'invalid_grant' });
    }
    try {
      const server = await discover(fetch, signal);
      const init = granting(fetch, 3, signal);
      const response = await oauth.refreshTokenGrantRequest(server, client, none, refreshToken, init);
      // It comes straight from the server; to refuse it for a wrong clock, or because no key could be fetched, would
      // lose the rotated refresh token (OpenID Connect Core §3.1.3.7 (6) leaves the signature to TLS).
      const timeless = ownMembers({ ...client, [oauth.clockTolerance]: 1e12 });
      const answer = await oauth.processRefreshTokenResponse(server, timeless, response);
      const before = claimsOf(idToken);
      const now = oauth.getValidatedIdTokenClaims(answer);
      // OpenID Connect Core §12.2; that `iss` is this server and `aud` this client was checked both times.
      if (before && now && before.sub !== now.sub) {
        throw new OidcError('subject-changed');
      }
      return accept(answer);
    } catch (thrown) {
      const cause = told(thrown, 'invalid-token-response');
      // In the shape in which the manager reads `retryAt`; it takes `error: 'invalid_grant'` for the end (R35).
      const shape = { name: 'TokenError', code: 'refresh-failed' };
      throw Object.assign(new Error(cause.message, { cause }), cause, shape);
    }
  };

  const revoke: Revoke = async ({ tokens, signal, fetch }) => {
    const { refreshToken, accessToken } = ownMembers(tokens);
    const token = refreshToken ?? accessToken;
    const server = await discover(fetch, signal);
    if (!token || !server.revocation_endpoint) return;
    // The request survives the page.
    const init = sending(fetch, 1, signal, { keepalive: true });
    // What it answers is judged there: any 2xx is a success, for some servers have nothing to say (204).
    await guard('token-request-refused', () => oauth.revocationRequest(server, client, none, token, init));
  };

  const id = `${options.server?.issuer ?? options.issuer} ${options.clientId}`;
  return {
    ...{ id, urlOf, authorizationUrl, exchange, deviceCode, deviceGrant, accepted, revoke },
    refresh: Object.assign(refresh, { id }),
  };
}
