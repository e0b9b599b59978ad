/** Holds the session and its one commit point: everything that changes the tokens passes here, one at a time. */
import type { Held, Replacement, Session, Sessions } from './contracts.ts';
import { TokenError } from './errors.ts';
import type { Events } from './events.ts';
import type { RecordStore, StoredSession } from './storage.ts';
import { abortable } from './timers.ts';
import type { TokenEvents } from './types.ts';

const createState = (n: number): Session =>
  Object.assign(new AbortController(), {
    n,
    isTried: n > 0,
    version: 0,
    failures: 0,
    captured: 0,
    captures: new Set<Promise<unknown>>(),
  });

/** `crypto.randomUUID` is missing on plain-http hosts; the id only has to be unique. */
const createId = (): string => globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

export function createSessions(store: RecordStore | undefined, { add }: Pick<Events, 'add'>): Sessions {
  let turn: Promise<unknown> = Promise.resolve();
  let opening: Promise<unknown> | undefined;
  let current = createState(0);
  const closing = new AbortController();
  const closed = closing.signal;

  /** One after the other. */
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const run = turn.then(task);
    turn = run.catch(() => {});
    return run;
  };

  const commit = (
    fits: () => unknown,
    next: () => Held,
    apply: (stored: StoredSession) => void,
    id?: string,
  ) =>
    inTurn(async () => {
      if (!fits()) return false;
      const stored = { id: id ?? `${current.id}`, n: current.n + 1, held: next() };
      await store?.write(stored);
      // A sign-out that came meanwhile removes the record in its own turn, which is next.
      if (!fits()) return false;
      apply(stored);
      return true;
    });

  const gate = <T>(run: Promise<T>) => {
    opening = run;
    const open = () => {
      if (opening === run) opening = undefined;
    };
    run.then(open, open);
    return run;
  };

  /** Another session takes the place of this one. With an error those who wait are left to its finder. */
  const leave = (reason: TokenEvents['signed-out']['reason'], error?: TokenError) => {
    const was = current;
    current = createState(was.n + 1);
    if (!error) was.abort(new TokenError('session-changed'));
    if (closed.aborted) current.abort(closed.reason);
    if (was.id) add('signed-out', { sessionId: was.id, reason, ...(error && { error }) });
  };

  const fill = (stored: StoredSession, captured?: number, isPartial?: boolean) =>
    Object.assign(current, stored, {
      version: current.version + (isPartial ? 0 : 1),
      captured: captured ?? current.captured,
      isCaptured: !!captured,
      failures: 0,
      error: undefined,
    });

  const begin = (stored: StoredSession, cause: TokenEvents['signed-in']['cause']) => {
    // What restores a session fills the place of "nobody is signed in": those who wait for it go on.
    if (current.id || cause === 'local' || cause === 'captured') {
      leave(cause === 'other-context' ? cause : 'replaced');
    }
    fill(stored);
    add('signed-in', { sessionId: stored.id, expiresAt: stored.held.tokens.expiresAt, cause });
  };

  const update = (stored: StoredSession, { cause, startedAt, captured, isPartial }: Replacement) => {
    fill(stored, captured, isPartial);
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
    gate,
    async settled(signal) {
      closed.throwIfAborted();
      while (opening) await abortable(opening, signal, closed);
      return current;
    },
    sync: (cause) =>
      inTurn(async () => {
        const startedAt = Date.now();
        const was = current;
        const stored = await store?.read();
        if (was !== current || !stored) return;
        if (stored === 'newer') {
          if (current.id) leave('other-context');
          return;
        }
        if (stored.n <= current.n) return;
        if (stored.id === current.id) update(stored, { cause: 'other-context', startedAt });
        else begin(stored, cause);
      }),
    open: (fits, held, cause) =>
      gate(
        commit(
          fits,
          () => held,
          (stored) => begin(stored, cause),
          createId(),
        ),
      ),
    replace: (fits, next, why) => commit(fits, next, (stored) => update(stored, why)),
    end(reason, error) {
      leave(reason, error);
      return inTurn(async () => {
        // Unless somebody has signed in meanwhile.
        if (!current.id) await store?.write(undefined);
      });
    },
    close() {
      closing.abort(new TokenError('closed'));
      current.abort(closed.reason);
    },
  };
}
