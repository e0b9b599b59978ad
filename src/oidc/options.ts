/** The options of the OpenID Connect client, and their check. */
import type { Challenge } from '../api.ts';
import { misspelt } from '../nearest.ts';
import { ownMembers } from '../own.ts';
import type { Fetch, TokenResponse } from '../types.ts';
import { attempt } from './attempt.ts';
import { currentUrl } from './page.ts';
import type { TransactionStorage } from './transactions.ts';

type Json = string | number | boolean | null | Json[] | { [member: string]: Json | undefined };

/** The server's metadata, in the names of the wire (RFC 8414 §2, OpenID Connect Discovery 1.0 §3). */
export interface ServerMetadata {
  readonly issuer: string;
  readonly authorization_endpoint?: string;
  readonly token_endpoint?: string;
  readonly jwks_uri?: string;
  readonly revocation_endpoint?: string;
  readonly device_authorization_endpoint?: string;
  readonly end_session_endpoint?: string;
  readonly [name: string]: Json | undefined;
}

/** The options of `createOidcClient`. Required are `clientId`, one of `issuer` and `server`, and in a page `redirectUri`. */
export interface OidcClientOptions {
  /** The issuer's URL; its metadata are fetched at the first use, once, and again after a failure. */
  issuer?: string | undefined;
  /** The metadata, instead of a discovery. */
  server?: ServerMetadata | undefined;
  /** A public client: there is no secret in a page. */
  clientId: string;
  /**
   * Absolute; registered at the server. Only URLs with this origin and path count as callbacks.
   *
   * @default outside a page `http://127.0.0.1/callback`, the usual one of programs (RFC 8252 §7.3); in a page required
   */
  redirectUri?: string | undefined;
  /**
   * With `openid` the server is asked for an ID token, which is then required and checked; without it the server may
   * know nothing of OpenID Connect. Most servers want `offline_access` for a refresh token.
   *
   * @default 'openid'
   */
  scope?: string | undefined;
  /** The APIs the tokens are for (RFC 8707); sent with each request for tokens. */
  resource?: string | string[] | undefined;
  /** More parameters of the authorization request (`audience`, `ui_locales`, `response_mode: 'fragment'`). */
  parameters?: Record<string, string> | undefined;
  /** Where the server sends the user after a sign-out; registered there. */
  postLogoutRedirectUri?: string | undefined;
  /**
   * Where sign-ins under way are kept (verifier, nonce, `returnTo`), one entry each, for at most an hour.
   * `localStorage` lets a sign-in end in another tab than the one it began in (links in e-mails), and shows what it
   * keeps to every tab. An own storage is not swept of sign-ins that never ended.
   *
   * @default sessionStorage; outside a page give one: any object with the three methods
   */
  storage?: TransactionStorage | undefined;
  /** How the page is left. @default `location.assign(url)` */
  navigate?: ((url: string) => unknown) | undefined;
  /** The fetch of all requests but those of `refresh` and `revoke`, which are given one. @default the global one, looked up at each use */
  fetch?: Fetch | undefined;
  /**
   * Sender-constrained tokens: what `dpop()` of `evertoken/dpop` makes. Its `wrap` adds a proof to requests to the token
   * endpoint (RFC 9449 §5); its `thumbprint` is sent as `dpop_jkt`, which binds the code to the key (§10).
   *
   * @default none, and a `DPoP` token is refused
   */
  dpop?: { wrap(fetch: Fetch, thumbprint?: string): Fetch; thumbprint?(): Promise<string> } | undefined;
  /** Milliseconds by which this device's clock may be wrong when an ID token is checked at sign-in. @default 30_000 */
  clockTolerance?: number | undefined;
  /** Allow `http:` beyond loopback hosts. @default false */
  allowInsecureRequests?: boolean | undefined;
}

/**
 * How the user is to be asked (OpenID Connect Core 1.0 §3.1.2.1). The payload of `step-up-required` fits as it is.
 *
 * @example
 * auth.on('step-up-required', (event) => client.signInRedirect({ ...event, returnTo: location.href }));
 */
export interface SignInOptions {
  /** Where to go afterwards: a URL of the app's own origin, relative or absolute. Comes back with the tokens. */
  returnTo?: string | undefined;
  /** The payload of `step-up-required`: its `acr_values`, `max_age` and `scope` are asked for (RFC 9470 §4). */
  challenge?: Challenge | undefined;
  /**
   * Separated by spaces, in order of preference. With `openid` the ID token has to name one of them as its `acr`
   * (RFC 9470 §4), else the sign-in fails with `invalid-id-token`. @default the challenge's
   */
  acrValues?: string | undefined;
  /**
   * Whole seconds since the user last gave credentials, as on the wire; 0 asks for a new login. With `openid` the
   * `auth_time` of the ID token is held against it, give or take `clockTolerance`. @default the challenge's
   */
  maxAge?: number | string | undefined;
  /** Who is expected to sign in. */
  loginHint?: string | undefined;
  /** `login`, `consent`, `select_account`, `none`; some servers want `consent` for `offline_access`. */
  prompt?: string | undefined;
  /**
   * More parameters of this request, in the names of the wire, also for the options above: those win. `max_age` is
   * checked as `maxAge` is; `acr_values` are a wish (OpenID Connect Core 1.0 §5.5.1.1), so that an ID token that names
   * no `acr` is accepted, and one that names another is not. `scope` replaces the client's.
   */
  parameters?: Record<string, string> | undefined;
}

/** What the user of a device flow has to be shown (RFC 8628 §3.3). */
export interface DevicePrompt {
  /** To be entered there, or compared; case does not matter. */
  readonly userCode: string;
  /** Where: short, to be typed on another device. */
  readonly verificationUri: string;
  /** The same with the code in it, for a QR code or a link; show the code all the same (RFC 8628 §3.3.1). */
  readonly verificationUriComplete?: string | undefined;
  /** Milliseconds since the epoch, on this device's clock. */
  readonly expiresAt: number;
}

/** As for the other sign-ins, but for `returnTo`: there is no page to return to. */
export interface SignInDeviceOptions extends Omit<SignInOptions, 'returnTo'> {
  /** Shows the user where to go. It is not waited for; what it throws ends the sign-in. */
  onPrompt: (prompt: DevicePrompt) => unknown;
  /** Ends the sign-in at once, with its reason. */
  signal?: AbortSignal | undefined;
}

/** As for the other sign-ins, but for `returnTo`: there is no page to return to. */
export interface SignInLoopbackOptions extends Omit<SignInOptions, 'returnTo'> {
  /** Opens the login page in the user's browser, or prints its URL. It is not waited for; what it throws ends the sign-in. */
  open: (url: string) => unknown;
  /** Ends the sign-in at once, with its reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds until the user has to be back. @default 300_000 */
  timeout?: number | undefined;
}

/** What a sign-in brings. */
export interface SignInResult {
  /** For `auth.signIn(tokens)`, as it is. */
  readonly tokens: TokenResponse;
  /** Path, query and fragment, without the origin. */
  readonly returnTo: string | undefined;
  /** Of the ID token, checked; without `openid`: none. */
  readonly claims: { readonly [claim: string]: unknown } | undefined;
}

/** @see https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout */
export interface SignOutOptions {
  /** The last ID token: `auth.tokens?.idToken`, read before `auth.signOut()`. Without it servers ask the user. */
  idTokenHint?: string | undefined;
  /** @default the client's */
  postLogoutRedirectUri?: string | undefined;
  /** Comes back with the user. */
  state?: string | undefined;
}

export function refuse(name: string, given: unknown, expected: string): never {
  const shown = /^(?:number|bigint)$/.test(typeof given)
    ? `${given}`
    : (attempt(() => JSON.stringify(given)) ?? typeof given);
  throw new TypeError(`evertoken: ${name} is ${shown}; expected ${expected}`);
}

export function checkFunction(name: string, given: unknown): void {
  if (typeof given !== 'function') refuse(name, given, 'a function');
}

export function checkSignal(given: AbortSignal | undefined): void {
  if (given && typeof given.aborted !== 'boolean') refuse('signal', given, 'an AbortSignal');
}

/** What each option may be, but for those that are looked at more closely; a record, so that the compiler misses none. */
const kinds: Record<keyof OidcClientOptions, string> = {
  issuer: '',
  server: 'object',
  clientId: '',
  redirectUri: '',
  scope: 'string',
  resource: 'string or array',
  parameters: 'object',
  postLogoutRedirectUri: 'string',
  storage: 'object with getItem, setItem, removeItem',
  navigate: 'function',
  fetch: 'function',
  dpop: 'object with wrap',
  clockTolerance: 'number from 0 on',
  allowInsecureRequests: 'boolean',
};

/** Whether it is of one of these kinds, and has the methods that are named behind `with`. */
function fits(given: unknown, kind: string): boolean {
  const [, type = '', methods] = /^(.*?)(?: with (.*))?$/.exec(kind) ?? [];
  const is = given === null ? 'null' : Array.isArray(given) ? 'array' : typeof given;
  const has = (name: string) => typeof (given as Record<string, unknown>)[name] === 'function';
  return methods
    ? Object(given) === given && methods.split(', ').every(has)
    : type.split(' ').includes(is) && (is !== 'number' || (given as number) >= 0);
}

function checkKinds(options: OidcClientOptions): void {
  const known = Object.keys(kinds);
  const name = Object.keys(options).find((one) => !known.includes(one));
  if (name !== undefined) {
    const advice = (__DEVELOPMENT__ && misspelt({ [name]: 0 }, known)?.advice) || `known are ${known}`;
    throw new TypeError(`evertoken: there is no option ${name} of createOidcClient; ${advice}`);
  }
  for (const [name, kind] of Object.entries(kinds)) {
    const given = options[name as keyof OidcClientOptions];
    if (kind && given !== undefined && !fits(given, kind)) refuse(name, given, kind);
  }
  for (const [index, one] of [options.resource ?? []].flat().entries())
    if (typeof one !== 'string') refuse(`resource[${index}]`, one, 'string');
}

/**
 * The options with the redirect URI that counts.
 *
 * @throws TypeError that names the option, what was given, and what is expected.
 */
export function checkOptions(options: OidcClientOptions): OidcClientOptions & { redirectUri: string } {
  checkKinds(options);
  const { issuer, server, clientId } = options;
  const { redirectUri = currentUrl() ? undefined : 'http://127.0.0.1/callback' } = options;
  // `URL.canParse` is younger than many browsers.
  const url = (name: string, given: unknown) =>
    attempt(() => new URL(`${given}`)) ?? refuse(name, given, 'an absolute URL');
  if (!clientId || typeof clientId !== 'string')
    refuse('clientId', clientId, 'the id registered at the server');
  url('redirectUri', redirectUri);
  if (server) url('server.issuer', server.issuer);
  else url('issuer', issuer);
  return ownMembers({ ...options, redirectUri: `${redirectUri}` });
}
