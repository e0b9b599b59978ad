/** Contexts that share a session over one cell, without a manager around them: what is told, what is presented. */
import { onTestFinished, vi } from 'vitest';
import type { RefreshCause } from '../../src/api.ts';
import type { LimitedSignal } from '../../src/platform/timers.ts';
import { begin, type Change, refresh as refreshed, signIn } from '../../src/session/changes.ts';
import type { Sharing } from '../../src/session/commit.ts';
import { Events } from '../../src/session/events.ts';
import type { Held } from '../../src/session/expiry.ts';
import type { End, Run, Session, Sessions } from '../../src/session/session.ts';
import { createSessions } from '../../src/session/session.ts';
import type { Manager } from '../../src/store/shared-session.ts';
import type { Joined } from '../../src/store/token-store.ts';
import { summaryOf } from '../../src/summary.ts';
import type { Refresh, TokenStore } from '../../src/types.ts';
import { createCell, type View } from '../support/ports.ts';
import { short, type Told } from '../support/recorder.ts';
import { accept, heldOf } from './parts.ts';

export const REFRESH_TIMEOUT = 15_000;

export interface Context {
  readonly sharing: Sharing;
  readonly sessions: Sessions;
  /** Everything since it was opened, or since it was cleared. */
  readonly told: Told[];
  /** The same in short. */
  readonly heard: string[];
  /** The refresh tokens that it has presented. */
  readonly presented: unknown[];
  readonly token: string | undefined;
  /** How often it wanted to ask the server of a cookie. */
  readonly found: number;
  signIn(name: string, id?: string): Promise<boolean>;
  signOut(more?: Partial<End>): Promise<unknown>;
  /** Presents the refresh token; the answer comes `ms` later, brings tokens of this name, or is an error. */
  refresh(answer: string | Error, how?: Asking): Promise<unknown>;
  change(change: Change): Promise<boolean>;
}

export interface Asking {
  ms?: number;
  cause?: RefreshCause;
  /** What happens between the lease and the request. */
  before?: () => unknown;
}

export interface Joining {
  id?: string | undefined;
  refreshTimeout?: number | undefined;
  isCookie?: boolean;
}

/** Makes a context part of the session that is kept in `store`. */
export function join(
  store: TokenStore,
  { id, refreshTimeout = REFRESH_TIMEOUT, isCookie }: Joining = {},
): Context {
  const events = new Events();
  const sessions = createSessions(events);
  const told: Told[] = [];
  let found = 0;
  events.on('*', (...args: never[]) => void told.push(args as unknown as Told));
  const refresh = Object.assign((async () => ({})) as Refresh, { id });
  const flush = () => events.flush();
  const manager: Manager = {
    ...{ sessions, flush, refresh, withoutRefreshToken: isCookie, refreshTimeout, accept },
    add: (...args) => events.add(...args),
    // As a manager does, which knows its tokens.
    summarize: (thrown: unknown) => summaryOf(thrown, ['access-s3cr3t', 'refresh-s3cr3t']),
    async find() {
      found++;
    },
  };
  const sharing = (store as Joined).join(manager) as Sharing | undefined;
  onTestFinished(() => {
    sharing?.close();
    sessions.close();
  });
  const presented: unknown[] = [];
  const after = <T>(call: Promise<T>) => call.finally(flush);
  let count = 0;

  const context: Context = {
    // There is none on a server.
    ...{ sharing: sharing as Sharing, sessions, told, presented },
    get heard() {
      return short(told);
    },
    get token() {
      return sessions.current.state.held?.tokens.accessToken;
    },
    get found() {
      return found;
    },
    signIn(name, begins = `session-${name}-${++count}`) {
      const next = { ...begin(heldOf(name), 'local'), id: begins };
      return after(context.sharing.commit(signIn(next), { begins }));
    },
    async signOut(more) {
      let newest: Held | undefined;
      const end = { ...({ reason: 'local', at: Date.now() } as const), ...more };
      const conclude = async (held: Held | undefined) => {
        newest = held;
      };
      await after(context.sharing.end(end, conclude));
      return newest;
    },
    change: (change) => after(context.sharing.commit(change)),
    refresh(answer, { ms = 0, cause = 'rejected', before } = {}) {
      const session: Session = sessions.current;
      const { id, rotation } = session.state;
      const done = Promise.resolve();
      const run: Run = { session, cause, id, rotation, isSent: false, at: 0, work: done, outcome: done };
      const turn = context.sharing.alone(run, async ({ commit, guard }) => {
        const was = session.state;
        const signal = Object.assign(new AbortController().signal, {
          deadline: Date.now() + 2 * refreshTimeout,
        }) as LimitedSignal;
        await before?.();
        const send = guard(
          (async () => {
            presented.push(was.held?.tokens.refreshToken);
            if (ms) await new Promise((resolve) => void setTimeout(resolve, ms));
          }) as unknown as typeof fetch,
          signal,
        );
        await send('https://as.example.com');
        if (answer instanceof Error) throw answer;
        await commit(refreshed(was, heldOf(answer), cause, ms));
      });
      return after(turn);
    },
  };
  return context;
}

/** Time passes, and whatever can happen in it does. */
export const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

/** Contexts over one cell, the first of which has signed in; nothing was told or called yet. */
export async function openContexts(
  count: number,
  { cell = createCell(), ...joining }: Joining & { cell?: ReturnType<typeof createCell> } = {},
) {
  const open = () => {
    const view: View = cell.open();
    // Its getters stay getters.
    return Object.assign(join(view.store, joining), { view });
  };
  const first = open();
  await during(first.signIn('a', 'session'), 4 * first.view.ms);
  const contexts = [first, ...Array.from({ length: count - 1 }, open)];
  await pass(4 * first.view.ms);
  for (const { told, view } of contexts) {
    told.length = 0;
    view.calls.length = 0;
  }
  type Opened = ReturnType<typeof open>;
  return { cell, open, contexts: contexts as [Opened, Opened, Opened, ...Opened[]] };
}

/** What a promise comes to while time passes: its value, or the error that it rejects with. */
export async function during<T>(call: Promise<T>, ms = 0): Promise<T | Error> {
  const outcome = call.catch((error: unknown) => error as Error);
  await pass(ms);
  return outcome;
}
