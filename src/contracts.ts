/** What the parts know of each other: shapes only, so that no part imports another of its own layer. */
import type { TokenError } from './errors.ts';
import type { RefreshCause, TokenEvents, TokenSet } from './types.ts';

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

/** Everything between one sign-in and its sign-out; without `id` nobody is signed in. */
export interface Session {
  readonly id?: string | undefined;
  readonly held?: Held | undefined;
  /** Number of the newest commit this context knows. */
  readonly n: number;
  /** Number of the request whose captured answer was committed last. */
  readonly captured: number;
  /** Whether it brought the tokens held now. */
  readonly isCaptured?: boolean;
  /** Whether a refresh with nothing in hand was refused; set by the refresher. */
  tried: boolean;
  /** Aborted when the session is over; the reason is what its requests reject with. */
  readonly over: AbortSignal;
}

/** Why and when the tokens of a session are replaced. */
export interface Replacement {
  readonly cause: RefreshCause;
  readonly startedAt: number;
  /** Number of the request whose captured answer brings them. */
  readonly captured?: number;
}

/** The session and its one commit point. */
export interface Sessions {
  readonly current: Session;
  /** While stored tokens are read or a sign-in is stored: requests wait for it. */
  readonly opening: Promise<unknown> | undefined;
  /** Makes requests wait. */
  gate(run: Promise<unknown>): void;
  /** Reads the stored session: newer tokens are adopted, older ones never. */
  sync(cause: 'restored' | 'other-context'): Promise<void>;
  /** Begins a session, if what the caller expected to find is there. */
  open(held: Held, cause: TokenEvents['signed-in']['cause'], fits: () => unknown): Promise<boolean>;
  /** Replaces the tokens of a session, if what the caller expected to find is there. */
  replace(session: Session, fits: () => unknown, next: () => Held, why: Replacement): Promise<boolean>;
  /** Ends a session: here at once, in the storage as soon as possible. */
  end(session: Session, reason: TokenEvents['signed-out']['reason'], error?: TokenError): Promise<void>;
  /** Everybody who waits is told; a commit that is under way goes on. */
  close(): void;
}

/** Brings good tokens. */
export interface Refresher {
  /** Refreshes, or joins the refresh under way. */
  run(session: Session, cause: RefreshCause): Promise<void>;
  /** Whether this session has tokens, or may have some that only a refresh can tell of. */
  canServe(session: Session): boolean;
  /** Good tokens of this session: those in hand, or new ones; `undefined`: signed out. */
  obtain(session: Session, minValidity?: number): Promise<Held | undefined>;
  endBackOff(): void;
}

/** Takes over tokens from ordinary responses. */
export interface Capture {
  /** Sends a request; its response is handed on after the tokens it brought were committed. */
  send(
    target: Target,
    method: string,
    carried: string | undefined,
    send: () => Promise<Response>,
  ): Promise<Response>;
  /** Settles when no answer that may bring tokens of this session is on its way. */
  settled(session: Session): Promise<unknown>;
}

/** A parsed request URL. */
export interface Target {
  /** Absolute, without fragment. */
  readonly href: string;
  readonly origin: string;
  readonly path: string;
  /** https, or http on a loopback host: a predicate is asked about no other. */
  readonly isSecure: boolean;
}
