/** Keeps tokens fresh without traffic, and looks again when the page comes back. Timers are hints only. */
import type { Refresher, Sessions } from './contracts.ts';
import { after } from './timers.ts';
import { isVisible, listenToWake } from './wake.ts';

export interface SchedulerParts {
  readonly keepFresh?: boolean | undefined;
  readonly sessions: Pick<Sessions, 'current'>;
  readonly refresher: Pick<Refresher, 'obtain'>;
  /** Reads the stored record again; requests wait for it. */
  reread(): void;
}

export interface Scheduler {
  /** Plans the next look, not before `retryAt`; to be called after whatever changes the tokens. */
  plan(retryAt?: number): void;
  close(): void;
}

export function createScheduler({ keepFresh, sessions, refresher, reread }: SchedulerParts): Scheduler {
  let cancel = () => {};
  const look = () => {
    // A hidden page waits until it is visible again.
    if (!isVisible()) return;
    refresher.obtain(sessions.current).catch(() => {});
    plan();
  };
  function plan(retryAt = 0): void {
    cancel();
    const due = Math.max(sessions.current.held?.aheadAt ?? 1 / 0, retryAt);
    if (keepFresh && due < 1 / 0) cancel = after(Math.max(due - Date.now(), 1_000), look);
  }
  const deafen = listenToWake((isOnline) => {
    if (isOnline) sessions.current.error = undefined;
    reread();
    if (keepFresh) look();
  });
  return {
    plan,
    close() {
      cancel();
      deafen();
    },
  };
}
