/** What the parts know of each other: shapes only, so that no part imports another of its own layer. */
import type { TokenError } from './errors.ts';
import type { RefreshCause, TokenEvents, TokenSet } from './types.ts';

/** A parsed request URL. */
export interface Target {
  /** Absolute, without fragment. */
  readonly href: string;
  /** What is sent: as the caller wrote it where that is absolute. */
  readonly input: string;
  readonly origin: string;
  /** Without query. */
  readonly place: string;
  /** The place with a slash behind it, as rules are compared; then with a star for the first label of its host. */
  readonly folder: string;
  readonly family: string;
  /** https, or http on a loopback host: a predicate is asked about no other. */
  readonly isSecure: boolean;
}

/** Tokens together with the moments that follow from their lifetime (milliseconds since the epoch). */
export interface Held {
  readonly tokens: TokenSet;
  readonly issuedAt: number;
  /** Infinity: unknown. */
  readonly expiresAt: number;
  /** From here on a refresh starts in the background. */
  readonly aheadAt: number;
  /** From here on a request waits for the refresh. */
  readonly waitAt: number;
}

/** Checks what should be tokens, and works out their moments; what is left out is kept from `previous`. */
export type Accept = (answer: unknown, issuedAt: number, previous?: TokenSet | undefined) => Held;

/**
 * Everything between one sign-in and its sign-out; without `id` nobody is signed in. Its signal is aborted when
 * it is over, and the reason is what its requests reject with.
 */
export interface Session extends AbortController {
  readonly id?: string | undefined;
  readonly held?: Held | undefined;
  /** Number of the newest commit this context knows. */
  n: number;
  /** Number of the newest commit that a refresh under way must not overwrite: of all but a captured access token alone. */
  readonly base: number;
  /** What could not be stored: this context goes on with it alone. */
  isLocal?: boolean;
  /** Number of the request whose captured answer was committed last. */
  readonly captured: number;
  /** Whether it brought the tokens held now. */
  readonly isCaptured?: boolean;
  /** Requests on the wire whose answers may bring tokens. */
  readonly captures: Set<Promise<unknown>>;
  /** Whether a refresh with nothing in hand was refused. */
  isTried: boolean;
  /** Whether tokens that come after its end are to be revoked. */
  isRevoked?: boolean | undefined;
  /** The refresh under way. */
  run?: Run | undefined;
  /** How many refreshes failed since the last that worked. */
  failures: number;
  /** The last failure; until its `retryAt` nobody but `refresh()` tries again. */
  error?: TokenError | undefined;
  /** When it was, in ms since the epoch. */
  failedAt?: number;
}

/** One refresh: `work` is the request itself, `wait` what callers wait for. */
export interface Run {
  /** The session's when it began. */
  readonly base: number;
  readonly work: Promise<unknown>;
  wait?: Promise<unknown> | undefined;
  /** Ends the wait: there are good tokens from elsewhere. */
  release?: (value?: unknown) => void;
  error?: TokenError;
}

/** Why and when the tokens of a session are replaced. */
export interface Replacement {
  readonly cause: RefreshCause;
  readonly startedAt: number;
  /** Number of the request whose captured answer brings them. */
  readonly captured?: number;
  /** An access token alone: the refresh token is still the one that a refresh under way has sent. */
  readonly isPartial?: boolean;
}

/** What is known when the stored session is read again. */
export interface Look {
  /** This context holds the lock. */
  readonly isLocked?: boolean;
  /** What is found is about to be spent: tokens that were replaced elsewhere, and cannot be read, are dropped. */
  readonly isSpending?: boolean;
  /** The number that another context told; below zero: whoever has that commit writes its record again. */
  readonly heard?: number;
}

/** The session and its one commit point. A commit is made only if its caller `fits`: finds what it expects. */
export interface Sessions {
  readonly current: Session;
  /** Aborted by `close()`. */
  readonly closed: AbortSignal;
  /** While stored tokens are read or a sign-in is stored: requests wait for it. */
  readonly opening: Promise<unknown> | undefined;
  /** The session that is there once nothing is opening. */
  settled(signal: AbortSignal | null | undefined): Promise<Session>;
  /** Reads the stored session: newer tokens are adopted, older ones never. Looks again while there are newer ones to come. */
  sync(cause: 'restored' | 'other-context', look?: Look): Promise<void>;
  /** Makes requests wait. */
  gate<T>(run: Promise<T>): Promise<T>;
  /** Begins a session. */
  open(fits: () => unknown, held: Held, cause: TokenEvents['signed-in']['cause']): Promise<unknown>;
  /** Replaces the tokens of the current session. */
  replace(fits: () => unknown, next: () => Held, why: Replacement): Promise<unknown>;
  /**
   * Whether this context may present the refresh token now: tells the others that it does. Absent where nobody
   * else could.
   *
   * @param isLocked - Whether this context holds the lock of all contexts.
   * @param mayTake - Whether a claim that another context made is void.
   */
  readonly claim:
    | ((
        fits: () => unknown,
        isLocked: boolean,
        mayTake: (claim: { at: number; isLocked: boolean }) => boolean,
      ) => Promise<boolean>)
    | undefined;
  /** Takes the claim back. */
  disclaim(session: Session): Promise<unknown>;
  /** Ends the current session: here at once, in the storage as soon as possible. */
  end(isRevoked?: boolean): Promise<void>;
  /** Ends it because the authorization server said so; those who wait are left to the caller. */
  expire(fits: () => unknown, error: TokenError): Promise<unknown>;
  /** Another context signed in or out, and only the authorization server knows as whom. */
  forget(): void;
  /** Everybody who waits is told; a commit that is under way goes on. */
  close(): void;
}

/** Brings good tokens. */
export interface Refresher {
  /** Refreshes, or joins the refresh under way. */
  run(session: Session, cause: RefreshCause): Promise<void>;
  /** Good tokens of this session: those in hand, or new ones; `undefined`: signed out. */
  obtain(session: Session, minValidity?: number): Promise<Held | undefined>;
}

/** Sends a request that carried this token; its response is handed on after the tokens it brought were committed. */
export type Capture = (
  call: {
    readonly target: Target;
    readonly method: string;
    readonly signal?: AbortSignal | null | undefined;
  },
  carried: string | undefined,
  send: () => Promise<Response>,
) => Promise<Response>;
