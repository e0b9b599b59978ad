/** Which session is current, and what is told when that changes. */
import type { Replacement, Session } from './contracts.ts';
import { TokenError } from './errors.ts';
import type { Events } from './events.ts';
import type { StoredSession } from './storage.ts';
import { abort, abortable, heed } from './timers.ts';
import type { TokenEvents } from './types.ts';

type SignedIn = TokenEvents['signed-in'];

export interface SessionState {
  readonly current: Session;
  /** Aborted by `close()`. */
  readonly closed: AbortSignal;
  readonly opening: Promise<unknown> | undefined;
  settled(signal: AbortSignal | null | undefined): Promise<Session>;
  gate<T>(run: Promise<T>): Promise<T>;
  /** Nobody is signed in any more. With an error those who wait are left to its finder. */
  leave(reason: TokenEvents['signed-out']['reason'], error?: TokenError): void;
  begin(stored: StoredSession, cause: SignedIn['cause'], isLocal?: boolean): void;
  /** Replaces the tokens of the current session. */
  update(stored: StoredSession, why: Replacement, isLocal?: boolean): void;
  /** Everybody who waits is told. */
  close(): void;
}

const createState = (n: number): Session =>
  Object.assign(new AbortController(), {
    n,
    isTried: false,
    base: n,
    failures: 0,
    captured: 0,
    captures: new Set<Promise<unknown>>(),
  });

/** `crypto.randomUUID` is missing on plain-http hosts; the id only has to be unique. */
export const createId = (): string => globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

export function createSessionState(add: Events['add']): SessionState {
  let current = createState(0);
  let opening: Promise<unknown> | undefined;
  const closing = new AbortController();
  const closed = closing.signal;

  /** Another session takes the place of this one. With an error those who wait are left to its finder. */
  const leave = (reason: TokenEvents['signed-out']['reason'], error?: TokenError) => {
    const was = current;
    // What the other context began is still to come, and a cookie may hold it.
    const isElsewhere = reason === 'other-context';
    current = Object.assign(createState(was.n), { isTried: !isElsewhere });
    if (!error) abort(was, new TokenError('session-changed'));
    if (closed.aborted) abort(current, closed.reason);
    if (was.id) add('signed-out', { sessionId: was.id, reason, ...(error && { error }) });
  };

  const fill = (stored: StoredSession, captured?: number, isLocal = false) => {
    Object.assign(current, stored, {
      captured: captured ?? current.captured,
      isCaptured: !!captured,
      isLocal,
      failures: 0,
      error: undefined,
    });
  };

  const begin = (stored: StoredSession, cause: TokenEvents['signed-in']['cause'], isLocal?: boolean) => {
    // What restores a session fills the place of "nobody is signed in": those who wait for it go on.
    if (current.id || cause === 'local' || cause === 'captured') {
      leave(cause === 'other-context' ? cause : 'replaced');
    }
    fill(stored, undefined, isLocal);
    add('signed-in', { sessionId: stored.id, expiresAt: stored.held.tokens.expiresAt, cause });
  };

  const update = (stored: StoredSession, { cause, startedAt, captured }: Replacement, isLocal?: boolean) => {
    fill(stored, captured, isLocal);
    const { run } = current;
    // Who waits for a refresh has its tokens from elsewhere.
    if ((captured || cause === 'other-context') && run?.base !== stored.base) run?.release?.();
    const { expiresAt } = stored.held.tokens;
    add('token-refreshed', { sessionId: stored.id, expiresAt, cause, durationMs: Date.now() - startedAt });
  };

  return {
    get current() {
      return current;
    },
    get opening() {
      return opening;
    },
    closed,
    async settled(signal) {
      heed(closed);
      heed(signal);
      while (opening) await abortable(opening, signal, closed);
      return current;
    },
    gate(run) {
      opening = run;
      const open = () => {
        if (opening === run) opening = undefined;
      };
      run.then(open, open);
      return run;
    },
    leave,
    begin,
    update,
    close() {
      abort(closing, new TokenError('closed'));
      abort(current, closed.reason);
    },
  };
}
