/** The one commit point (R30): whoever changes the session does it here. A store makes it that of all contexts. */
import type { LimitedSignal } from '../platform/timers.ts';
import type { Change, restore } from './changes.ts';
import type { Held } from './expiry.ts';
import type { End, How, Run, Sessions } from './session.ts';

/** Makes a change to the newest state. Answers whether it was made. */
export type Commit = (change: Change, how?: How) => Promise<boolean>;

/** A turn to present the refresh token; it ends with its commit. */
export interface Turn {
  readonly commit: Commit;
  /** A fetch that sends only while nobody else may present the token: a context that was frozen may have lost it. */
  guard(underlying: typeof fetch, signal: LimitedSignal): typeof fetch;
  /** What a refresh with nothing in hand has brought, where others may know of its session. */
  readonly restore?: typeof restore | undefined;
}

/** What follows an end: it is told, and its tokens are revoked. */
export type Conclude = (held: Held | undefined) => Promise<unknown>;

/** One session of one context, or of many; what is optional joins contexts. */
export interface Sharing {
  readonly commit: Commit;
  /** Ends the session, here at once. `conclude` is called once when that is stored, with its newest tokens. */
  end(end: End, conclude: Conclude): Promise<unknown>;
  /** Whether it is known who is signed in. */
  isRead(): boolean;
  /** Whether requests have to wait, for that or for a sign-in that is being stored. */
  isOpening?(): boolean;
  /** Resolves when they may go on; rejects when nobody can tell who is signed in. */
  settle?(): Promise<unknown>;
  /** This context may have missed something: requests wait until it is known. */
  wake?(): void;
  /** Runs `task` while nobody else presents the refresh token; not at all, when that is not needed any more. */
  alone(run: Run, task: (turn: Turn) => Promise<unknown>): Promise<unknown>;
  close?(): void;
}

/** Where nobody else is met. */
export function createUnshared(sessions: Sessions): Sharing {
  const commit: Commit = async (change, how) => {
    const next = change(sessions.current.state);
    if (next) sessions.apply(next, how);
    return !!next;
  };
  return {
    commit,
    end(end, conclude) {
      const { state } = sessions.current;
      sessions.apply({ ...state, end });
      return conclude(state.held);
    },
    isRead: () => true,
    alone: (_run, task) => task({ commit, guard: (underlying) => underlying }),
  };
}
