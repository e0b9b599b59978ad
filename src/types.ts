/** The contracts of the public interface. */
import type { TokenError } from './errors.ts';

/** The tokens of a session. Frozen, and the same object until the next change. */
export interface TokenSet {
  readonly accessToken: string;
  /** As the authorization server wrote it; `"Bearer"` if it said nothing (RFC 6749 §7.1). */
  readonly tokenType: string;
  /** Milliseconds since the epoch on this device's clock; absent: unknown. */
  readonly expiresAt?: number | undefined;
  readonly refreshToken?: string | undefined;
  readonly idToken?: string | undefined;
  readonly scope?: string | undefined;
}

/** A {@link TokenSet} to be handed in. */
export interface TokenSetInput {
  accessToken: string;
  /** @default 'Bearer' */
  tokenType?: string | undefined;
  /** Milliseconds since the epoch on this device's clock. Wins over `expiresIn`. */
  expiresAt?: number | undefined;
  /** Seconds from now; a string of digits is fine. */
  expiresIn?: number | string | undefined;
  refreshToken?: string | undefined;
  idToken?: string | undefined;
  scope?: string | undefined;
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
  id_token?: string | undefined;
  scope?: string | undefined;
  accessToken?: string | undefined;
  tokenType?: string | undefined;
  expiresIn?: number | string | undefined;
  refreshToken?: string | undefined;
  idToken?: string | undefined;
  [member: string]: unknown;
}

/**
 * Which URLs may carry the token: an origin, an origin with a path prefix (whole segments),
 * `https://*.example.com` for exactly one label, or a predicate, which is asked for every request.
 * `http:` beyond loopback hosts needs a string (or `URL`) that spells it out.
 *
 * A path chooses, it does not isolate: a redirect within the origin keeps the header.
 */
export type AllowRule = string | URL | ((url: URL) => boolean);

/** Web Storage's three methods; each may answer a promise. */
export interface TokenStorage {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** The platform's `fetch`, as far as this package calls it. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Brings new tokens (RFC 6749 §6). Throw `new TokenError('session-ended')`, or any error that carries
 * `error: 'invalid_grant'` on itself or on its `data`, to say that the session is over;
 * whatever else is thrown means "not now".
 */
export interface Refresh {
  (context: {
    tokens: TokenSet | undefined;
    /** Aborted when the refresh has taken twice `refreshTimeout`. */
    signal: AbortSignal;
    /** The `fetch` underneath, which never attaches a token. */
    fetch: typeof fetch;
  }): Promise<TokenResponse | TokenSetInput>;
  /** It works with nothing in hand, because an HttpOnly cookie or client credentials hold the session. */
  withoutRefreshToken?: boolean | undefined;
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
  /** The headers to add; a request that has one of them already is left alone. */
  headers(request: AttachRequest): Record<string, string> | Promise<Record<string, string>>;
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
  url: AllowRule | AllowRule[];
  /** @default any method */
  method?: string | string[] | undefined;
  /** The URL is a sign-in endpoint: its tokens always begin a new session. @default false */
  startsSession?: boolean | undefined;
  /** Reads the tokens from a copy of the response; `undefined`: none. @default a JSON body with the usual names */
  read?:
    | ((
        response: Response,
      ) => TokenResponse | TokenSetInput | undefined | Promise<TokenResponse | TokenSetInput | undefined>)
    | undefined;
}

/**
 * Runs `task` while no other context runs one under the same `name`. Rejects with the signal's reason
 * if it was not granted in time; ignores the signal once granted.
 */
export type Lock = <T>(name: string, task: () => Promise<T>, options: { signal: AbortSignal }) => Promise<T>;

/** A challenge of `WWW-Authenticate` (RFC 9110 §11.6.1). */
export interface Challenge {
  /** As the server wrote it; compare without regard to case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Record<string, string>;
}

/** One event per fact; no payload holds a token. */
export interface TokenEvents {
  /** A session begins. */
  'signed-in': {
    readonly sessionId: string;
    readonly expiresAt: number | undefined;
    readonly cause: 'local' | 'captured' | 'other-context' | 'restored';
  };
  /** The tokens of a session were replaced. */
  'token-refreshed': {
    readonly sessionId: string;
    readonly expiresAt: number | undefined;
    readonly cause: 'ahead' | 'expired' | 'rejected' | 'manual' | 'captured' | 'other-context';
    /** Milliseconds from the start of the refresh to its commit. */
    readonly durationMs: number;
  };
  /** A refresh did not work and the session goes on. */
  'refresh-failed': {
    /** `undefined` when there was no session yet to refresh (a cookie that could not be tried). */
    readonly sessionId: string | undefined;
    readonly error: TokenError;
    /** Milliseconds since the epoch before which no request tries again. */
    readonly retryAt: number;
  };
  /** A session is over. */
  'signed-out': {
    readonly sessionId: string;
    readonly reason: 'local' | 'ended' | 'replaced' | 'other-context';
    readonly error?: TokenError;
  };
  /** The resource server wants a stronger login (RFC 9470) or more scope (RFC 6750 §3.1). */
  'step-up-required': {
    readonly challenge: Challenge;
    /** Without query and fragment. */
    readonly url: string;
  };
  /** Tokens could not be read, written or removed; the session goes on in memory. */
  'storage-failed': {
    readonly operation: 'read' | 'write' | 'remove';
    readonly error: unknown;
  };
}

/** Why the tokens of a session were replaced. */
export type RefreshCause = TokenEvents['token-refreshed']['cause'];

/** A listener for every event: `(event, payload)`. */
export type AnyListener = (
  ...args: { [E in keyof TokenEvents]: [event: E, payload: TokenEvents[E]] }[keyof TokenEvents]
) => unknown;

/** The options of `createTokenManager`. Only `refresh` and `allow` are required. */
export interface TokenManagerOptions {
  /** How new tokens are had: `refreshEndpoint({...})`, an OIDC client's `refresh`, or your own function. */
  refresh: Refresh;
  /** Which URLs may carry the token; `location.origin` for the page's own. All others are passed through untouched. */
  allow: AllowRule | AllowRule[];
  /**
   * Where the tokens are kept. `localStorage`, `sessionStorage` and any object with `getItem`, `setItem`,
   * `removeItem` fit as they are. Whatever runs in the page can read Web Storage.
   *
   * @default memoryStorage(), which forgets with the page
   */
  storage?: TokenStorage | undefined;
  /**
   * Names the stored record, the lock and the channel. Managers of one name share a session if a `storage` was given
   * (outside a page only if `name` was, too), or if an HttpOnly cookie holds it (in a page).
   *
   * @default 'evertoken'
   */
  name?: string | undefined;
  /**
   * Milliseconds before expiry at which a refresh starts in the background while requests go on; at most a
   * quarter of the token's lifetime. `false` leaves expiry to the server.
   *
   * @default 60_000
   */
  refreshAhead?: number | false | undefined;
  /**
   * Milliseconds before expiry at which a request waits for the refresh; at most a tenth of the token's lifetime.
   *
   * @default 10_000
   */
  leeway?: number | undefined;
  /** Refresh without traffic too, while the page is visible. Not together with `refreshAhead: false`. @default false */
  keepFresh?: boolean | undefined;
  /**
   * Milliseconds that anybody waits for one refresh. The request itself runs on for as long again, and a late
   * answer is taken, because it may hold the only living refresh token.
   *
   * @default 15_000
   */
  refreshTimeout?: number | undefined;
  /** How the token is put on a request. @default bearer() */
  attach?: Attach | undefined;
  /**
   * What counts as a refused token. Gets a copy, whose body it may read.
   *
   * @default status 401, unless its challenge asks for a stronger login or more scope
   */
  isRejected?: ((response: Response) => boolean | Promise<boolean>) | undefined;
  /** Responses that carry new tokens. @default none */
  capture?: CaptureRule[] | undefined;
  /** Called by `signOut()`, unless `{ revoke: false }`. @default none */
  revoke?: Revoke | undefined;
  /** @default Web Locks (which overlap between Node's threads), else a queue in this context; none if nothing is shared */
  lock?: Lock | undefined;
  /** The fetch underneath. @default the global one, looked up at each use */
  fetch?: Fetch | undefined;
}

/** Owns the tokens of one session at a time, and the `fetch` that carries them. */
export interface TokenManager {
  /** Like the platform's `fetch`; requests to allowed URLs carry a good token. Can be passed around on its own. */
  readonly fetch: typeof globalThis.fetch;
  /** What is held now; the same object until the next change. */
  readonly tokens: TokenSet | undefined;
  /** Kept by a refresh, new with each sign-in. */
  readonly sessionId: string | undefined;
  /** Resolves when stored tokens have been read; never rejects. Requests wait for it by themselves. */
  readonly ready: Promise<void>;
  /**
   * The access token that a request would carry now, for WebSockets and other clients; `undefined`: signed out.
   *
   * @param options.minValidity - Milliseconds it should still be good for; a token just issued is taken as it is.
   * @param options.signal - Ends this call's wait, never the shared refresh.
   * @throws {@link TokenError} when no good token could be had.
   */
  getAccessToken(options?: {
    minValidity?: number | undefined;
    signal?: AbortSignal | undefined;
  }): Promise<string | undefined>;
  /**
   * Refreshes now, or joins the refresh under way; ends a back-off.
   *
   * @throws {@link TokenError} `session-ended`, `refresh-failed`, `session-changed` or `closed`.
   */
  refresh(options?: { signal?: AbortSignal | undefined }): Promise<TokenSet>;
  /**
   * Starts a new session with the tokens of a login; resolves when they are stored.
   *
   * @param tokens - The authorization server's answer as it is, or tokens in camelCase.
   * @throws {@link TokenError} `invalid-token-response`: no access token, or a `token_type` that `attach` cannot serve.
   */
  signIn(tokens: TokenResponse | TokenSetInput): Promise<void>;
  /** Ends the session here at once, and at the authorization server if the option `revoke` was given. */
  signOut(options?: { revoke?: boolean | undefined }): Promise<void>;
  /** Calls `listener` for each `event`. Returns the function that ends it. A listener that fails harms nobody. */
  on<E extends keyof TokenEvents>(event: E, listener: (payload: TokenEvents[E]) => unknown): () => void;
  on(event: '*', listener: AnyListener): () => void;
  on(event: '*', listener: (event: keyof TokenEvents) => unknown): () => void;
  /** Calls `listener` after any change of `tokens`; with `tokens` it fits `useSyncExternalStore`. */
  subscribe(listener: () => void): () => void;
  /** Ends timers, listeners and waits (they reject with `closed`). Twice is fine. */
  close(): void;
  [Symbol.dispose](): void;
}
