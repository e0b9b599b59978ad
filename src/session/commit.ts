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

/** One session of one context, or of many. */
export interface Sharing {
  commit(...args: Parameters<Commit>): Promise<boolean>;
  /** Ends the session, here at once. `conclude` is called once when that is stored, with its newest tokens. */
  end(end: End, conclude: Conclude): Promise<unknown>;
  /** Whether it is known who is signed in. */
  isRead(): boolean;
  /** Whether requests have to wait, for that or for a sign-in that is being stored. */
  isOpening(): boolean;
  /** Resolves when they may go on; rejects when nobody can tell who is signed in. */
  settle(): Promise<unknown>;
  /** This context may have missed something: requests wait until it is known. */
  wake(): void;
  /** Runs `task` while nobody else presents the refresh token; not at all, when that is not needed any more. */
  alone(run: Run, task: (turn: Turn) => Promise<unknown>): Promise<unknown>;
  close(): void;
}

/** Where nobody else is met. */
export class Unshared implements Sharing {
  readonly #sessions: Sessions;

  constructor(sessions: Sessions) {
    this.#sessions = sessions;
  }

  async commit(change: Change, how?: How): Promise<boolean> {
    const next = change(this.#sessions.current.state);
    if (next) this.#sessions.apply(next, how);
    return !!next;
  }

  end(end: End, conclude: Conclude): Promise<unknown> {
    const { state } = this.#sessions.current;
    this.#sessions.apply({ ...state, end });
    return conclude(state.held);
  }

  isRead(): boolean {
    return true;
  }

  isOpening(): boolean {
    return false;
  }

  async settle(): Promise<void> {}

  wake(): void {}

  alone(_run: Run, task: (turn: Turn) => Promise<unknown>): Promise<unknown> {
    return task({ commit: (...args) => this.commit(...args), guard: (underlying) => underlying });
  }

  close(): void {}
}
