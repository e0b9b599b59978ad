/** The one error class of `evertoken/oidc`, and how other errors become it. */

import { ownMembers } from '../own.ts';
import { attempt } from './attempt.ts';

/** An error of oauth4webapi, as far as it is told; of the token endpoint's, PAR's or the authorization response. */
interface ResponseBodyError {
  readonly code: string;
  readonly error?: string;
  readonly error_description?: string;
  readonly status?: number;
}

/**
 * What an {@link OidcError} means, and what to do:
 * - `server-metadata`: there are no metadata at `issuer`, they are of another issuer, or lack an endpoint
 *   that is safe (https, or http where the issuer is a loopback host); check `issuer`.
 * - `unreachable`: a request got no answer (network, CORS, timeout), or one that says "not now" (`status` 5xx, 408, 425 or
 *   429, perhaps `retryAt`); try again.
 * - `unknown-state`: no sign-in that began here within the last hour has this `state`: forged, too old, or begun in
 *   another tab or browser; sign in again.
 * - `callback-used`: this callback was taken before (back button, reload); the user may well be signed in.
 * - `invalid-callback`: the parameters of the callback contradict each other or the server (`iss`, RFC 9207).
 * - `storage-failed`: the option `storage` or `dpop` threw; without the first, `sessionStorage` is blocked, full, or there is none.
 * - `navigation-failed`: the option `navigate` threw, or there is no page to leave.
 * - `authorization-refused`: the server or the user said no; `error` says why (`access_denied`, `login_required`).
 * - `token-request-refused`: the token endpoint said no, or "not now"; `error` and `status` say why.
 * - `invalid-token-response`: the token endpoint's answer is none, or its `token_type` is not the one asked for.
 * - `invalid-id-token`: signature, `iss`, `aud`, `azp`, `exp`, `nonce`, `auth_time` or `acr` of the ID token is wrong.
 * - `subject-changed`: a refresh brought the ID token of another user or issuer.
 * - `no-refresh-token`: there is none to refresh with (`offline_access`); the session ends where the first refresh would begin.
 * - `popup-blocked`, `popup-closed`: the browser did not open the window, or there is no page; the user closed it.
 * - `unsafe-return-to`: `returnTo` leaves the app's origin.
 * - `prompt-failed`: the option `onPrompt` or `open` threw.
 * - `device-code-expired`: the user did not sign in on another device in time; begin again.
 * - `loopback-failed`: no port of this machine to come back to; the message names the system's error.
 * - `callback-timeout`: nobody came back within `timeout`; begin again.
 */
export type OidcErrorCode =
  | 'server-metadata'
  | 'unreachable'
  | 'unknown-state'
  | 'callback-used'
  | 'invalid-callback'
  | 'storage-failed'
  | 'navigation-failed'
  | 'authorization-refused'
  | 'token-request-refused'
  | 'invalid-token-response'
  | 'invalid-id-token'
  | 'subject-changed'
  | 'no-refresh-token'
  | 'popup-blocked'
  | 'popup-closed'
  | 'unsafe-return-to'
  | 'prompt-failed'
  | 'device-code-expired'
  | 'loopback-failed'
  | 'callback-timeout';

/**
 * An error of the OpenID Connect client. Compare `code`, not the message, which says the code in words and what is
 * known besides. It has no `cause`, and holds no token, code, verifier or claim.
 *
 * @example
 * import { OidcError } from 'evertoken/oidc';
 *
 * try {
 *   await client.handleRedirect();
 * } catch (error) {
 *   if (error instanceof OidcError && error.code === 'unknown-state') await client.signInRedirect();
 * }
 */
export class OidcError extends Error {
  readonly code: OidcErrorCode;
  /** The server's own `error` (RFC 6749 §4.1.2.1, §5.2). */
  declare readonly error?: string | undefined;
  /** The HTTP status of the answer. */
  declare readonly status?: number | undefined;
  /** Milliseconds since the epoch before which the server does not want to be asked again (`Retry-After`). */
  declare readonly retryAt?: number | undefined;

  constructor(code: OidcErrorCode, said = '', details?: Pick<OidcError, 'error' | 'status' | 'retryAt'>) {
    super(`${code.replace(/-/g, ' ')}${said && `: ${said}`}`);
    this.code = code;
    Object.assign(this, details);
  }

  // On the prototype, so that no instance carries it as a field of its own.
  override get name(): string {
    return 'OidcError';
  }
}

/** `TypeError`, `TimeoutError`, `QuotaExceededError`: of what the app's own functions throw no more may be told (R70). */
export const nameOf = (thrown: unknown): string =>
  attempt(() => /^\w+$/.exec((thrown as Error).name ?? '')?.[0]) ?? 'Error';

/**
 * What may be told of something that was thrown (R70): of oauth4webapi its own words, for what hangs on its errors are
 * tokens, codes and claims; of the app's storage, `navigate` and the like a name, for they may quote what they got.
 */
export function told(thrown: unknown, step: OidcErrorCode): OidcError {
  if (thrown instanceof OidcError) return thrown;
  const { code, error, error_description: more = '', status } = ownMembers(thrown as ResponseBodyError);
  if (!/^OAUTH/.test(code)) return new OidcError(step, nameOf(thrown));
  const { message } = thrown as Error;
  // A server may quote the `id_token_hint` that it got.
  const hide = (text: string) => text.replace(/eyJ[\w.-]+/g, '(a token)');
  if (error)
    return new OidcError('authorization-refused', hide(`${error} ${more}`), { error: hide(error), status });
  const isIdToken = /JW[TSE] |ID Token|End-User/.test(message);
  const known = isIdToken ? 'invalid-id-token' : /HTTPS|metadata/.test(message) && 'server-metadata';
  return new OidcError(known || step, message);
}

/** Does something that may fail in that way. */
export async function guard<T>(step: OidcErrorCode, task: () => T | Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (thrown) {
    throw told(thrown, step);
  }
}
