/** The manager, as its users see it: options, methods, events. */
import type { TokenError } from './errors.ts';
import type {
  AllowRule,
  Attach,
  CaptureRule,
  Fetch,
  Refresh,
  Revoke,
  TokenResponse,
  TokenSet,
  TokenSetInput,
  TokenStore,
} from './types.ts';

/** A challenge of `WWW-Authenticate` (RFC 9110 §11.6.1). */
export interface Challenge {
  /** As the server wrote it; compare without regard to case. */
  readonly scheme: string;
  /** Names in lower case. One whose value quotes a token is left out. */
  readonly parameters: Record<string, string>;
}

/** One event per fact; no payload holds a token. */
export interface TokenEvents {
  /** A session begins. */
  'signed-in': {
    readonly sessionId: string;
    readonly expiresAt: number | undefined;
    readonly cause: 'local' | 'captured' | 'restored';
    /** Another context did it. */
    readonly elsewhere: boolean;
  };
  /** The tokens of a session were replaced. */
  'token-refreshed': {
    readonly sessionId: string;
    readonly expiresAt: number | undefined;
    readonly cause: 'ahead' | 'expired' | 'rejected' | 'manual' | 'captured';
    /** Another context did it. */
    readonly elsewhere: boolean;
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
    readonly reason: 'local' | 'ended' | 'replaced';
    /** Another context did it; the reason is its own. */
    readonly elsewhere: boolean;
    readonly error?: TokenError;
  };
  /** The resource server wants a stronger login (RFC 9470) or more scope (RFC 6750 §3.1). */
  'step-up-required': {
    readonly challenge: Challenge;
    /** Without query and fragment. */
    readonly url: string;
  };
  /** A request went out without our token; told once per origin and reason. {@link explain} says more. */
  'not-attached': {
    /** Without query and fragment. */
    readonly url: string;
    /**
     * - `not-allowed`: no rule covers the URL.
     * - `excepted`: a rule does, and its `except` takes the path out.
     * - `insecure`: plain http, about which a predicate is not asked.
     * - `no-page`: a relative URL, and there is no page.
     * - `own-header`: the caller has set the header; see `bearer({ replace: true })`.
     * - `sign-in`: a sign-in endpoint, by a capture rule with `startsSession`.
     * - `signed-out`: nobody is signed in.
     * - `no-token`: the token is optional there, and no good one could be had.
     */
    readonly reason:
      | 'not-allowed'
      | 'excepted'
      | 'insecure'
      | 'no-page'
      | 'own-header'
      | 'sign-in'
      | 'signed-out'
      | 'no-token';
  };
  /** The store could not be read or written; the session goes on in memory. */
  'store-failed': {
    readonly operation: 'read' | 'write';
    readonly error: Error;
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
  /** Which URLs may carry the token; `'/'` for the page's own origin. All others are passed through untouched. */
  allow: AllowRule | AllowRule[];
  /**
   * Where the session is kept, and who shares it: `webStore('shop')`, `cookieStore('shop')`, ... Whatever runs in the
   * page can use what lies there.
   *
   * @default none: the tokens live in this manager alone, and go with the page
   */
  store?: TokenStore | undefined;
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
   * What counts as a refused token. Gets a copy, of whose body it may read 1 MB, and what it would be by default. It is
   * not asked about a successful event stream. One that throws, or takes longer than 5 s, was not asked.
   *
   * @default status 401, unless its challenge asks for a stronger login or more scope
   * @example isRejected: ({ status }, { byDefault }) => byDefault || status === 419
   */
  isRejected?:
    | ((
        response: Response,
        about: { byDefault: boolean; method: string; url: string },
      ) => boolean | Promise<boolean>)
    | undefined;
  /** Responses that carry new tokens. @default none */
  capture?: CaptureRule[] | undefined;
  /** Called by `signOut()`, unless `{ revoke: false }`. @default none */
  revoke?: Revoke | undefined;
  /** The fetch underneath. @default the global one, looked up at each use */
  fetch?: Fetch | undefined;
}

type PlatformFetch = typeof globalThis.fetch;

/** The platform's `fetch`, in words of our own: an editor shows those of the signature that fits a call. */
interface AuthFetch extends PlatformFetch {
  /**
   * Like the platform's `fetch`; requests to allowed URLs carry a good token. Can be passed around on its own.
   *
   * @throws {@link TokenError} when no good token could be had; else what the platform's `fetch` throws.
   */
  (input: string | URL | Request, init?: RequestInit): Promise<Response>;
}

/** Owns the tokens of one session at a time, and the `fetch` that carries them. */
export interface TokenManager {
  /** Like the platform's `fetch`; requests to allowed URLs carry a good token. Can be passed around on its own. */
  readonly fetch: AuthFetch;
  /** What is held now; the same object until the next change. */
  readonly tokens: TokenSet | undefined;
  /** Kept by a refresh, new with each sign-in. */
  readonly sessionId: string | undefined;
  /**
   * `unknown` until the store, or the server of a cookie, has answered: show neither the app nor the login page.
   */
  readonly status: 'unknown' | 'signed-in' | 'signed-out';
  /**
   * Resolves when `status` is known, or cannot be known now; never rejects. Requests wait for it by themselves.
   * Where a cookie holds the session, reading this property is the first use, and asks the server.
   */
  readonly ready: Promise<void>;
  /**
   * The access token that a request would carry now, for WebSockets and other clients; `undefined`: nobody is signed
   * in, also when this very call has found that out.
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
   * Brings tokens that are issued after this call: joins a refresh that has not been sent yet, and waits for one that
   * has before it sends another. Ends a back-off.
   *
   * @param options.signal - Ends this call's wait, never the shared refresh.
   * @param options.rejected - An access token that was refused elsewhere (XMLHttpRequest, WebSocket, gRPC). However
   *   many say so, it is replaced once; where it has been replaced already, the current tokens are the answer.
   * @throws {@link TokenError} `session-ended`, `refresh-failed`, `session-changed` or `closed`.
   */
  refresh(options?: { signal?: AbortSignal | undefined; rejected?: string | undefined }): Promise<TokenSet>;
  /**
   * Starts a new session with the tokens of a login; resolves when they are stored.
   *
   * @param tokens - The authorization server's answer as it is, or tokens in camelCase. What is `unknown` to the types,
   * as `response.json()` may be, is checked when it comes.
   * @throws {@link TokenError} `invalid-token-response`: no access token, or a `token_type` that `attach` cannot serve.
   */
  signIn<T>(tokens: unknown extends T ? T : TokenResponse | TokenSetInput): Promise<void>;
  /** Ends the session here at once, and at the authorization server if the option `revoke` was given. */
  signOut(options?: { revoke?: boolean | undefined }): Promise<void>;
  /**
   * Calls `listener` for each `event`. Returns the function that ends it. A listener that fails harms nobody.
   *
   * @throws TypeError for a listener that is no function.
   */
  on<E extends keyof TokenEvents>(event: E, listener: (payload: TokenEvents[E]) => unknown): () => void;
  on(event: '*', listener: AnyListener): () => void;
  on(event: '*', listener: (event: keyof TokenEvents) => unknown): () => void;
  /**
   * Calls `listener` after any change of `tokens` or `status`; with one of them it fits `useSyncExternalStore`.
   *
   * @throws TypeError for a listener that is no function.
   */
  subscribe(listener: () => void): () => void;
  /** Ends timers, listeners and waits (they reject with `closed`). Twice is fine. */
  close(): void;
  [Symbol.dispose](): void;
}
