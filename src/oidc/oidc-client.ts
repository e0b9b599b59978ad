/** Signs users in and out at an OpenID Connect or OAuth 2.1 server. */
import { ownMembers } from '../own.ts';
import type { Refresh, Revoke } from '../types.ts';
import { readCallback } from './callback.ts';
import { createNative, type NativeSignIns } from './native.ts';
import { guard, OidcError, type OidcErrorCode } from './oidc-error.ts';
import {
  checkOptions,
  type OidcClientOptions,
  type SignInOptions,
  type SignInResult,
  type SignOutOptions,
} from './options.ts';
import { currentUrl, leaveFor, replaceUrl } from './page.ts';
import { createPlan } from './plan.ts';
import { handOver, openPopup, POPUP, parametersFrom } from './popup.ts';
import { createProtocol, random } from './protocol.ts';
import { isForeign, save, stamp, take } from './transactions.ts';
import { inTurn } from './turn.ts';

export interface OidcClient extends NativeSignIns {
  /**
   * Sends the user to the login page: authorization code with PKCE (RFC 7636, S256), `state`, and `nonce` with
   * `openid`; by a pushed request where the server wants that (RFC 9126). Resolves when the page is being left.
   *
   * @throws OidcError `server-metadata`, `unreachable`, `unsafe-return-to`, `storage-failed`, `navigation-failed`, and
   * `authorization-refused` of a pushed request; TypeError for a `maxAge` or `acrValues` that is none.
   *
   * @example
   * auth.on('step-up-required', (event) => client.signInRedirect({ ...event, returnTo: location.href }));
   */
  signInRedirect(options?: SignInOptions): Promise<void>;
  /**
   * The same in a window of its own, which has no `opener`; to be called in a click, before anything is awaited. The
   * page at `redirectUri` calls `handleRedirect()`, which notices the popup.
   *
   * @throws OidcError as `signInRedirect` and `handleRedirect`, and `popup-blocked`, `popup-closed`.
   */
  signInPopup(options?: SignInOptions): Promise<SignInResult>;
  /**
   * Takes the user back: to be called at every start. Checks `state`, `iss` (RFC 9207), nonce and the ID token,
   * exchanges the code, and takes the parameters out of the address bar at once. The callback of another client, at
   * another server perhaps, is left alone (RFC 9700 §4.4).
   *
   * A second call while the first one is under way gets the same promise (React's StrictMode calls effects twice); in
   * another tab it is refused with `callback-used`. In a popup it hands the callback to the page that opened it and
   * closes the window; it settles only where that is not possible, with `unknown-state`.
   *
   * @param url - The callback. @default the page's URL
   * @returns The tokens and `returnTo`, or `undefined` when the URL is no callback of this client.
   * @throws OidcError also for a bookmarked or cancelled callback: to be caught, at the top level too.
   */
  handleRedirect(url?: string | URL): Promise<SignInResult | undefined>;
  /** For `createTokenManager` (RFC 6749 §6, RFC 8707). A new ID token has to be the same user's. */
  readonly refresh: Refresh;
  /** For `createTokenManager` (RFC 7009). Does nothing at a server without a revocation endpoint. */
  readonly revoke: Revoke;
  /**
   * Ends the user's session at the server too (OpenID Connect RP-Initiated Logout 1.0).
   *
   * @throws OidcError `server-metadata` if the server has no such endpoint, `unreachable`.
   */
  signOutRedirect(options?: SignOutOptions): Promise<void>;
}

/**
 * A client of an OpenID Connect or OAuth 2.1 server, for apps without a secret; install `oauth4webapi` with it.
 *
 * @throws TypeError that names the option, the kind of its value and what is allowed.
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 * import { createOidcClient } from 'evertoken/oidc';
 *
 * const client = createOidcClient({
 *   issuer: 'https://as.example.com',
 *   clientId: 'spa',
 *   redirectUri: `${location.origin}/callback`,
 *   scope: 'openid offline_access',
 * });
 * const auth = createTokenManager({
 *   refresh: client.refresh,
 *   revoke: client.revoke,
 *   allow: 'https://api.example.com',
 * });
 *
 * try {
 *   const result = await client.handleRedirect();
 *   if (result) await auth.signIn(result.tokens);
 *   if (!auth.tokens) await client.signInRedirect({ returnTo: location.href });
 * } catch (error) {
 *   // Cancelled at the server, a bookmarked callback, no network: show a sign-in button.
 * }
 */
export function createOidcClient(given: OidcClientOptions): OidcClient {
  const options = checkOptions(ownMembers(given));
  const { clientId, redirectUri, navigate = leaveFor } = options;
  const protocol = createProtocol(options);
  const { id, urlOf, exchange, refresh, revoke } = protocol;
  const { plan, prepare } = createPlan(options, protocol.authorizationUrl);
  const storage = () => options.storage ?? sessionStorage;
  let running: Promise<SignInResult> | undefined;

  async function begin(given: SignInOptions, state: string): Promise<string> {
    const [url, transaction] = await prepare(given, state, redirectUri);
    await save(storage, state, id, transaction);
    return url;
  }

  const finish = async (parameters: URLSearchParams, state: string): Promise<SignInResult> =>
    exchange(parameters, state, await take(storage, state, id), redirectUri);

  const refuse = (code: OidcErrorCode) => async (): Promise<never> => {
    throw new OidcError(code);
  };

  const leave = (url: string): Promise<unknown> => guard('navigation-failed', () => navigate(url));

  return {
    refresh,
    revoke,
    ...createNative({ ...protocol, redirectUri, plan, prepare }),

    async signInRedirect(asked) {
      await leave(await begin(ownMembers(asked), stamp(random(), id)));
    },

    async signInPopup(asked) {
      const popup = openPopup();
      const state = stamp(random(), id) + POPUP;
      const signIn = async () => {
        popup.location.href = await begin(ownMembers(asked), state);
        return finish(await parametersFrom(popup, state), state);
      };
      try {
        return await inTurn(state, signIn, signIn);
      } finally {
        popup.close();
      }
    },

    async handleRedirect(url) {
      const here = currentUrl();
      const href = `${url ?? here ?? redirectUri}`;
      if (here && running) return running;
      const callback = readCallback(href, redirectUri);
      if (!callback || isForeign(callback.state, id)) return undefined;
      const { parameters, state, cleaned } = callback;
      // Before anything else runs: whoever looks at the address bar sees the code, and a reload would bring it again.
      if (href === here) replaceUrl(cleaned);
      const toPage = () => handOver(parameters, state);
      const work = state.endsWith(POPUP)
        ? // A page is busy with it for as long as it waits; a state that nobody waits for may be an attacker's.
          inTurn<SignInResult>(state, refuse('unknown-state'), toPage, toPage)
        : inTurn(state, () => finish(parameters, state), refuse('callback-used'));
      running = work.finally(() => {
        running = undefined;
      });
      return running;
    },

    async signOutRedirect(asked) {
      const { idTokenHint, postLogoutRedirectUri, state } = ownMembers(asked);
      const url = await urlOf('end_session_endpoint', {
        id_token_hint: idTokenHint,
        client_id: clientId,
        post_logout_redirect_uri: postLogoutRedirectUri ?? options.postLogoutRedirectUri,
        state,
      });
      await leave(url);
    },
  };
}
