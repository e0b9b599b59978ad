/** The session that is current in this context: what it is, and what is told when it changes. */
import type { RefreshCause, TokenEvents } from '../api.ts';
import { TokenError } from '../errors.ts';
import { ownMembers } from '../own.ts';
import { Ending } from '../platform/timers.ts';
import type { Events } from './events.ts';
import type { Held } from './expiry.ts';

/** Why a session is over. */
export interface End {
  readonly reason: TokenEvents['signed-out']['reason'];
  /** When it ended, in ms since the epoch. */
  readonly at: number;
  /** Tokens that come after it are revoked, too. */
  readonly isRevoked?: boolean | undefined;
}

/** A session that is over. */
export interface PastEnd extends End {
  readonly id: string;
}

/** Everything between one sign-in and its sign-out, as plain data that is replaced as a whole. */
export interface SessionState {
  /** A refresh keeps it, a sign-in makes a new one; absent: there was none yet. */
  readonly id?: string | undefined;
  /** The session in whose place it goes on, which was taken for over. */
  readonly revives?: string | undefined;
  /** When it began, in ms since the epoch, and how. */
  readonly begunAt?: number | undefined;
  readonly begunBy?: TokenEvents['signed-in']['cause'] | undefined;
  /** Absent when it is over, or held by a cookie that has not been asked yet. */
  readonly held?: Held | undefined;
  /** How often its tokens were replaced; a captured access token alone does not count, because the refresh token stays. */
  readonly rotation: number;
  /** Why they were replaced last, and how long that took. */
  readonly cause?: RefreshCause | undefined;
  readonly durationMs?: number | undefined;
  /** How long the last refresh took (ms). */
  readonly refreshMs?: number | undefined;
  /** Whom its tokens spoke of, where an entry has none. */
  readonly subjects?: readonly unknown[] | undefined;
  /** When the request was sent whose captured answer was taken last; then of the last that brought a refresh token. */
  readonly capturedAt: number;
  readonly renewedAt: number;
  /** The rotation that the last refresh has made: what captures have brought since then stands in place of its tokens. */
  readonly refreshed?: number | undefined;
  /** The refreshes that failed since the last that worked; until `retryAt` nobody but `refresh()` tries again. */
  readonly failure?: { readonly count: number; readonly at: number; readonly retryAt: number } | undefined;
  readonly end?: End | undefined;
  /** The last four sessions that ended before this one, as far as others have to know of them. */
  readonly ends?: readonly PastEnd[] | undefined;
}

/** What this context knows of a session beside its state. */
export interface Session {
  readonly state: SessionState;
  /** Its reason is what the requests of the session reject with. */
  readonly over: Ending;
  /** Requests on the wire whose answers may bring tokens. */
  captures?: Set<Promise<unknown>> | undefined;
  /** Where those requests go that wait until they can leave. */
  waiting?: Set<string> | undefined;
  /** Whether a refresh with nothing in hand was refused. */
  isTried: boolean;
  /** The refresh under way. */
  run?: Run | undefined;
  /** The last failure. */
  error?: TokenError | undefined;
  /** The access token that a refresh of this very context brought last. */
  issued?: string | undefined;
  /** Whether tokens that come after its end are to be revoked. */
  isRevoked?: boolean | undefined;
}

/** One refresh. */
export interface Run {
  readonly session: Session;
  readonly cause: RefreshCause;
  /** Those of the state whose tokens it replaces; another context may sign in while this one asks for a session (R8). */
  id: SessionState['id'];
  rotation: number;
  /** Its request may be on the wire: what it brings may have been issued before now. */
  isSent: boolean;
  /** It took so long that another one has begun: it presents nothing any more, should its context have been frozen. */
  isGivenUp?: boolean;
  /** `refresh` is being called: what it does before it waits for anything. */
  isAsking?: boolean;
  /** The signal that it was given. */
  signal?: AbortSignal;
  /** The request itself. */
  work: Promise<unknown>;
  /** Ends with it, or by `release`: there are good tokens from elsewhere. */
  outcome: Promise<unknown>;
  release?: () => void;
  /** Of those who ask at this moment. */
  wait?: Promise<unknown> | undefined;
  /** When it began, or was sent, by the clock that only goes forward. */
  at: number;
  error?: TokenError;
}

/** How a state came about, as far as the state does not say it. */
export interface How {
  /** Another context did it. */
  readonly elsewhere?: boolean;
  /** It was there before this context: nobody did anything. */
  readonly isRestored?: boolean;
  /** The id of the session that an explicit sign-in begins. */
  readonly begins?: string;
  /** Why the authorization server ended it. */
  readonly error?: TokenError;
  /** The user wants it: it also replaces what is not ours. */
  readonly isExplicit?: boolean;
}

export interface Sessions {
  readonly current: Session;
  /** Ended by `close()`. */
  readonly closed: Ending;
  /** Replaces the state; whoever may do that is in `commit`. */
  apply(next: SessionState, how?: How): void;
  /** Everybody who waits is told; a commit that is under way goes on. */
  close(): void;
}

/** Why a session is over that another one has followed. */
export const endOf = (id: string | undefined, { ends }: SessionState): PastEnd | undefined =>
  ends?.find((end) => end.id === id);

export const isSignedIn = ({ held, end }: SessionState): boolean => !!held && !end;

const create = (state: SessionState, isTried: boolean): Session & { state: SessionState } =>
  ownMembers({ state, isTried, over: new Ending() });

class OwnSessions implements Sessions {
  current = create(ownMembers({ rotation: -1, capturedAt: 0, renewedAt: 0 }), false);
  readonly closed = new Ending();
  readonly #events: Pick<Events, 'add' | 'follow'>;

  constructor(events: Pick<Events, 'add' | 'follow'>) {
    this.#events = events;
  }

  apply(next: SessionState, how?: How): void {
    const { closed } = this;
    const events = this.#events;
    let { current } = this;
    const { state: was, over } = current;
    const { elsewhere = false, isRestored, error } = ownMembers(how);
    // A store hands over what inherits nothing, and keeps it: one object in place of two. Nobody changes it.
    const own = 'toString' in next ? ownMembers(next) : next;
    const state = own.end ? ownMembers({ ...own, held: undefined }) : own;
    const isSame = state.id === was.id;
    const { held } = state;
    const end = isSame ? state.end : endOf(was.id, state);
    current.isRevoked ||= (end ?? state.end)?.isRevoked;
    // Who waits while nobody is signed in goes on with what is restored, and not with what a sign-in begins.
    if (was.held ? !isSame || !held : held && !elsewhere && !isRestored) {
      const { reason = 'replaced' } = end ?? {};
      const tell = over.end(
        error ?? new TokenError(reason === 'ended' ? 'session-ended' : 'session-changed'),
      );
      this.current = current = create(state, true);
      if (closed.aborted) current.over.end(closed.reason);
      if (was.held)
        events.add('signed-out', { sessionId: was.id as string, reason, elsewhere, ...(error && { error }) });
      // Listeners hear of it before those who wait.
      events.follow(tell);
    } else if (state.end) current.isTried ||= elsewhere;
    current.state = state;
    if (!held) return;
    const { accessToken, expiresAt } = held.tokens;
    const told = { sessionId: state.id as string, expiresAt, elsewhere };
    if (!isSame || !was.held) {
      current.isRevoked = false;
      events.add('signed-in', { ...told, cause: isRestored ? 'restored' : (state.begunBy ?? 'local') });
    } else if (accessToken !== was.held.tokens.accessToken || state.rotation !== was.rotation) {
      const { cause = 'manual', durationMs = 0 } = state;
      const { run } = current;
      // Who waits for a refresh has its tokens from elsewhere, or from a capture.
      const isOther = (elsewhere || cause === 'captured') && run?.rotation !== state.rotation;
      if (isOther && Date.now() < held.expiresAt) run?.release?.();
      events.add('token-refreshed', { ...told, cause, durationMs });
    }
  }

  close(): void {
    for (const ending of [this.closed, this.current.over]) ending.end(new TokenError('closed'))();
  }
}

export const createSessions = (events: Pick<Events, 'add' | 'follow'>): Sessions => new OwnSessions(events);
