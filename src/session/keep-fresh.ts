/** Refreshes without traffic where that is wished, and looks again when the page comes back. Timers are hints only. */
import { isVisible, listenToWake } from '../platform/page.ts';
import { after } from '../platform/timers.ts';
import type { BackOff } from './back-off.ts';
import type { Sharing } from './commit.ts';
import type { Refresher } from './refresher.ts';
import type { Sessions } from './session.ts';

export interface KeepFreshParts {
  readonly keepFresh?: boolean | undefined;
  readonly sessions: Pick<Sessions, 'current'>;
  readonly backOff: Pick<BackOff, 'end'>;
  readonly refresher: Pick<Refresher, 'obtain'>;
  readonly sharing: Pick<Sharing, 'wake'>;
}

export interface KeepFresh {
  /** Plans the next look, not before `retryAt`; to be called after whatever changes the tokens. */
  plan(retryAt?: number): void;
  close(): void;
}

export function createKeepFresh({
  keepFresh,
  sessions,
  backOff,
  refresher,
  sharing,
}: KeepFreshParts): KeepFresh {
  let cancel = () => {};
  const look = () => {
    // A hidden page waits until it is visible again.
    if (!isVisible()) return;
    refresher.obtain(sessions.current).catch(() => {});
    plan();
  };
  function plan(retryAt = 0): void {
    cancel();
    const due = Math.max(sessions.current.state.held?.aheadAt ?? 1 / 0, retryAt);
    if (keepFresh && due < 1 / 0) cancel = after(Math.max(due - Date.now(), 1_000), look);
  }
  const deafen = listenToWake((isOnline) => {
    if (isOnline) backOff.end();
    sharing.wake();
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
