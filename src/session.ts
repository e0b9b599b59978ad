/** Holds the session and its one commit point: everything that changes the tokens passes here, one at a time. */
import type { Held, Replacement, Session, Sessions } from './contracts.ts';
import { TokenError } from './errors.ts';
import type { Events } from './events.ts';
import type { RecordStore } from './storage.ts';
import type { TokenEvents } from './types.ts';

type State = { -readonly [K in keyof Session]: Session[K] } & { abort(reason: TokenError): void };

function createState(n: number, tried: boolean): State {
  const controller = new AbortController();
  return { n, tried, captured: 0, over: controller.signal, abort: (reason) => controller.abort(reason) };
}

/** `crypto.randomUUID` is missing on plain-http hosts; the id only has to be unique. */
const createId = (): string => globalThis.crypto?.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;

export function createSessions(store: RecordStore | undefined, { add }: Pick<Events, 'add'>): Sessions {
  let turn: Promise<unknown> = Promise.resolve();
  let opening: Promise<unknown> | undefined;
  let current = createState(0, false);

  /** One commit after the other. */
  const commit = <T>(task: () => Promise<T>): Promise<T> => {
    const run = turn.then(task);
    turn = run.catch(() => {});
    return run;
  };

  const gate = (run: Promise<unknown>) => {
    opening = run;
    const open = () => {
      if (opening === run) opening = undefined;
    };
    run.then(open, open);
  };

  const leave = ({ id }: Session, reason: TokenEvents['signed-out']['reason'], error?: TokenError) => {
    if (id) add('signed-out', error ? { sessionId: id, reason, error } : { sessionId: id, reason });
  };

  function begin(id: string, n: number, held: Held, cause: TokenEvents['signed-in']['cause']) {
    const was = current;
    // What restores a session takes the place of "nobody is signed in": those who wait for it go on.
    if (was.id || cause === 'local' || cause === 'captured') {
      current = createState(n, true);
      was.abort(new TokenError('session-changed'));
      leave(was, cause === 'other-context' ? cause : 'replaced');
    }
    Object.assign(current, { id, n, held });
    add('signed-in', { sessionId: id, expiresAt: held.tokens.expiresAt, cause });
  }

  function update(state: State, n: number, held: Held, { cause, startedAt, captured }: Replacement) {
    Object.assign(state, { n, held, isCaptured: !!captured, captured: captured ?? state.captured });
    const { expiresAt } = held.tokens;
    add('token-refreshed', {
      sessionId: `${state.id}`,
      expiresAt,
      cause,
      durationMs: Date.now() - startedAt,
    });
  }

  return {
    get current() {
      return current;
    },
    get opening() {
      return opening;
    },
    gate,
    sync: (cause) =>
      commit(async () => {
        const startedAt = Date.now();
        const stored = await store?.read();
        if (!stored || stored.n <= current.n) return;
        const { id, n, held } = stored;
        if (id === current.id) update(current, n, held, { cause: 'other-context', startedAt });
        else begin(id, n, held, cause);
      }),
    open(held, cause, fits) {
      const run = commit(async () => {
        const id = createId();
        const n = current.n + 1;
        if (!fits()) return false;
        await store?.write({ id, n, held });
        if (!fits()) return false;
        begin(id, n, held, cause);
        return true;
      });
      gate(run);
      return run;
    },
    replace: (session, fits, next, why) =>
      commit(async () => {
        if (session !== current || !fits()) return false;
        const held = next();
        const n = session.n + 1;
        await store?.write({ id: `${session.id}`, n, held });
        // A sign-out that came meanwhile removes the record in its own turn, which is next.
        if (session !== current) return false;
        update(current, n, held, why);
        return true;
      }),
    async end(session, reason, error) {
      if (session !== current) return;
      const was = current;
      current = createState(was.n + 1, true);
      was.abort(error ?? new TokenError('session-changed'));
      await commit(async () => {
        await store?.write(undefined);
        leave(was, reason, error);
      });
    },
    close: () => current.abort(new TokenError('closed')),
  };
}
