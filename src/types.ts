/** Tokens, and the contracts of what a user hands over to deal with them. */

/**
 * The tokens of a session. Frozen, and the same object until the next change: compare it with `===`. It inherits nothing,
 * so that nothing on `Object.prototype` looks like a token.
 */
export interface TokenSet {
  readonly accessToken: string;
  /** As the authorization server wrote it; `"Bearer"` if it said nothing (RFC 6749 §7.1). */
  readonly tokenType: string;
  /** Milliseconds since the epoch on this device's clock; absent: unknown. */
  readonly expiresAt?: number | undefined;
  readonly refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  readonly scope?: string | undefined;
  /** When the refresh token expires, in milliseconds since the epoch, where the authorization server says it. */
  readonly refreshExpiresAt?: number | undefined;
}

/** What an ID token says of the user (OpenID Connect Core §5.1); other claims are there, too. */
export interface IdTokenClaims {
  sub?: string;
  name?: string;
  email?: string;
  picture?: string;
  preferred_username?: string;
  [claim: string]: unknown;
}

/** A {@link TokenSet} to be handed in. */
export interface TokenSetInput {
  accessToken: string;
  /** @default 'Bearer' */
  tokenType?: string | undefined;
  /** Milliseconds since the epoch on this device's clock, a `Date`, or ISO 8601. Wins over `expiresIn`. */
  expiresAt?: number | string | Date | undefined;
  /** Seconds from now; a string of digits is fine. */
  expiresIn?: number | string | undefined;
  refreshToken?: string | undefined;
  idToken?: string | undefined;
  scope?: string | undefined;
  /** Milliseconds since the epoch on this device's clock. */
  refreshExpiresAt?: number | undefined;
}

/**
 * A token response as it comes over the wire (RFC 6749 §5.1). Unknown members are ignored.
 * An answer with an ID token and no access token is one whose access token is that ID token.
 */
export interface TokenResponse {
  access_token?: string | undefined;
  token_type?: string | undefined;
  /** Lifetime in seconds; a string of digits is fine. */
  expires_in?: number | string | undefined;
  refresh_token?: string | undefined;
  /** The moment, for servers that say that: seconds, milliseconds, or ISO 8601. `expires_in` wins. */
  expires_at?: number | string | undefined;
  id_token?: string | undefined;
  scope?: string | undefined;
  accessToken?: string | undefined;
  tokenType?: string | undefined;
  expiresIn?: number | string | undefined;
  refreshToken?: string | undefined;
  idToken?: string | undefined;
  /** Lifetime of the refresh token in seconds, as Keycloak says it; then as others do. */
  refresh_expires_in?: number | string | undefined;
  refresh_token_expires_in?: number | string | undefined;
  /** Keycloak's, which mean nothing here. */
  'not-before-policy'?: unknown;
  session_state?: unknown;
}

/**
 * Names URLs: an origin, an origin with a path prefix (whole segments), `https://*.example.com` for exactly one label,
 * `'/'` or another path for the page's own origin (nothing where there is no page), or a predicate, which is asked for
 * every request. `http:` beyond loopback hosts needs a string (or `URL`) that spells it out.
 *
 * A path chooses, it does not isolate: a redirect within the origin keeps the header.
 */
export type UrlRule = string | URL | ((url: URL) => boolean);

/** URLs that may carry the token. Several are asked in order; the first that covers a URL decides. */
export type AllowRule = UrlRule | AllowedPlace;

/** URLs that may carry the token, and what happens where there is none. */
export interface AllowedPlace {
  url: UrlRule | UrlRule[];
  /** Paths that are taken out of it (whole segments), such as `'/public'`. @default none */
  except?: string | string[] | undefined;
  /**
   * - `required`: signed out, a request is not sent; it rejects with `signed-out`.
   * - `optional`: while no good token can be had, a request is sent without one.
   *
   * @default signed out, a request is sent without; while no good token can be had, it rejects with `refresh-failed`
   */
  token?: 'required' | 'optional' | undefined;
}

/** The platform's `fetch`, as far as this package calls it. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Brings new tokens (RFC 6749 §6): answers a token response, which is checked. Throw `new TokenError('session-ended')`
 * to say that the session is over, or an error that carries `error: 'invalid_grant'` where HTTP clients put it: on
 * itself, its `data`, `body` or `response.data`, or along `cause`. Whatever else is thrown means "not now".
 */
export interface Refresh {
  (context: {
    tokens: TokenSet | undefined;
    /** Aborted when the refresh has taken twice `refreshTimeout`. */
    signal: AbortSignal;
    /** The `fetch` underneath, which never attaches a token. */
    fetch: typeof fetch;
  }): Promise<unknown>;
  /** It works with nothing in hand, because an HttpOnly cookie or client credentials hold the session. */
  withoutRefreshToken?: boolean | undefined;
  /**
   * What it refreshes at, such as origin and client id. A stored session belongs to it: a manager whose own differs
   * leaves that session alone.
   */
  readonly id?: string | undefined;
}

/** Revokes tokens after a sign-out (RFC 7009): those in hand, then any that a request on the wire brings late. */
export type Revoke = (context: {
  tokens: TokenSet | undefined;
  /** Aborted after `refreshTimeout`. */
  signal: AbortSignal;
  /** The `fetch` underneath, with `keepalive: true` unless `init` says otherwise: it survives the page. */
  fetch: typeof fetch;
}) => Promise<unknown>;

/** How the token is put on a request. */
export interface Attach {
  /** The `token_type` values it can serve, in lower case. */
  readonly tokenTypes: readonly string[];
  /** The headers to add; a request that has one of them already, or `Authorization`, is left alone. */
  headers(request: AttachRequest): Record<string, string> | Promise<Record<string, string>>;
  /** The token takes the place of such a header: SDKs that insist on a key always write one. @default false */
  readonly replace?: boolean | undefined;
  /** Sees every answer; `'retry'` sends the request once more with fresh headers (a DPoP nonce). */
  onResponse?: ((response: Response, request: AttachRequest) => 'retry' | undefined | void) | undefined;
}

/** What {@link Attach} is told about a request: one object for `headers` and `onResponse`, also after `'retry'`. */
export interface AttachRequest {
  method: string;
  /** Absolute, without fragment. */
  url: string;
  tokens: TokenSet;
}

/** Responses that carry new tokens, such as the answer to a change of password. */
export interface CaptureRule {
  /** Which URLs; may lie outside `allow`, then only the answer is read. */
  url: UrlRule | UrlRule[];
  /** @default any method */
  method?: string | string[] | undefined;
  /**
   * The URL is a sign-in endpoint: its tokens always begin a new session. Its requests are sent at once and without our
   * token, also under `allow`, and their 401 is a wrong password.
   *
   * @default false
   */
  startsSession?: boolean | undefined;
  /**
   * Reads the tokens from a copy of the response, 1 MB of it at most; `undefined`: none. An event stream is not read.
   *
   * @default a JSON body with the usual names
   */
  read?: ((response: Response) => unknown) | undefined;
}

/** A store that joins managers to one session: made by `webStore('shop')` and its like, or by `tokenStore(port)`. */
export interface TokenStore {
  /** For the manager alone: makes it a part of the session that is kept here. */
  readonly join: (manager: never) => unknown;
}

/**
 * Runs `task` while no other context runs one. It cannot be lost while its holder lives, and is freed when that dies.
 * Rejects with the signal's reason if it was not granted in time; ignores the signal once granted.
 */
export type Lock = <T>(task: () => Promise<T>, options: { signal: AbortSignal }) => Promise<T>;

/** The one thing that a store keeps: an opaque value, and the version by which it is compared. */
export interface StoreEntry {
  /** Made anew for every value, never twice; a store compares it and does nothing else with it. */
  readonly version: string;
  readonly value: string;
  /** Milliseconds after which a store may drop the entry. @default it is kept */
  readonly keepFor?: number | undefined;
  /** On `read`: milliseconds since it was written, by the store's own clock, where it has one. */
  readonly age?: number | undefined;
}

/**
 * A key that a store encrypts its entry with (AES-GCM): 32 bytes, or a `CryptoKey` that may encrypt and decrypt. Where
 * several are given the first one writes and all read, so that keys can be changed.
 */
export type EncryptionKey =
  | Uint8Array
  | {
      readonly algorithm: { readonly name: string };
      readonly usages: readonly string[];
      readonly type: string;
      readonly extractable: boolean;
    };

/**
 * What a store has to be able to do: keep one entry, and replace it in one step. A SQL row will do, a DynamoDB item, a
 * Durable Object. Everything that joins contexts is written once, above this.
 */
export interface StorePort {
  /** The newest entry of all contexts, never one older than a `replace` that was confirmed; rejects where it cannot be reached. */
  read(): Promise<StoreEntry | undefined>;
  /**
   * Writes `next` only if the newest entry still has `version` (`undefined`: there is none), in one step before all
   * contexts. Answers whether it did.
   *
   * @param quiet - The others need no news of it.
   */
  replace(version: string | undefined, next: StoreEntry, quiet?: boolean): Promise<boolean>;
  /**
   * Calls `listener` when another context may have replaced the entry, and when that cannot be told (a reconnect).
   * Keeps no process alive. Returns its own undo. Without it the entry is read before each refresh and on waking.
   */
  watch?: ((listener: () => void) => () => void) | undefined;
  /** Tells that a context which was about to refresh is dead; without it the others wait until its time is over. */
  lock?: Lock | undefined;
  /** Who may share it. @default 'many' */
  contexts?: 'one' | 'many' | undefined;
  /**
   * Whether a context that cannot reach the store may refresh all the same: `alone` is for a single process.
   *
   * @default 'wait'
   */
  whenDown?: 'wait' | 'alone' | undefined;
  /** An entry may vanish without anybody's wish (a cache); then whoever used it lately writes it back. @default false */
  forgets?: boolean | undefined;
}
