/** Refreshes without traffic where that is wished, and looks again when the page comes back. Timers are hints only. */
import { isVisible, listenToWake } from '../platform/page.ts';
import { after } from '../platform/timers.ts';
import { type BackOffParts, endBackOff } from './back-off.ts';
import type { Sharing } from './commit.ts';
import type { Events } from './events.ts';
import type { Refresher } from './refresher.ts';

export interface KeepFreshParts extends Pick<Refresher, 'obtain'>, Pick<Events, 'on'> {
  readonly keepFresh?: boolean | undefined;
  readonly sessions: BackOffParts['sessions'];
  readonly sharing: Pick<Sharing, 'wake'>;
}

/** Returns the function that ends it, where there is something to end. */
export function keepSessionFresh(parts: KeepFreshParts): (() => void) | undefined {
  const { keepFresh, sessions } = parts;
  let cancel = () => {};
  const look = () => {
    // A hidden page waits until it is visible again.
    if (!isVisible()) return;
    parts.obtain(sessions.current).catch(() => {});
    plan();
  };
  /** The next look, not before `retryAt`. */
  function plan(retryAt = 0): void {
    cancel();
    const due = Math.max(sessions.current.state.held?.aheadAt ?? 1 / 0, retryAt);
    if (due < 1 / 0) cancel = after(Math.max(due - Date.now(), 1_000), look);
  }
  const deafen = listenToWake((isOnline) => {
    if (isOnline) endBackOff(sessions);
    parts.sharing.wake();
    if (keepFresh) look();
  });
  if (!keepFresh) return deafen;
  // Whatever changes the tokens is told.
  parts.on('*', (_event: string, { retryAt }: { retryAt?: number }) => plan(retryAt));
  return () => {
    cancel();
    deafen?.();
  };
}
