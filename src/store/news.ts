/** What a context does when the entry may have changed: it reads, and nobody waits (R52). */
import type { Leasing } from './lease.ts';
import { inTurn, isDown, patiently } from './line.ts';
import { isBehind, report } from './replica.ts';
import { catchUp, later } from './shared-entry.ts';

export interface Hearing extends Leasing {
  /** A read that was asked for is still to come. */
  isGlancing: boolean;
}

/** Whoever waits for the lease of another context looks at once. */
export function rouse(shared: Hearing): void {
  const { news } = shared;
  shared.news = undefined;
  news?.end(undefined)();
}

/**
 * A read that hangs is given up, or nothing would be heard any more. The first has no timer: some platforms allow none
 * outside a request.
 */
export async function glance(shared: Hearing, isFirst = false): Promise<void> {
  const { sessions } = shared;
  if (shared.isGlancing || sessions.closed.aborted) return;
  shared.isGlancing = true;
  const task = async () => {
    // What comes from now on is news again.
    shared.isGlancing = false;
    if (isDown(shared)) return;
    // Some platforms allow none at creation: then the first use reads again. Told before the next task has its turn.
    await catchUp(shared).catch((error) => (isFirst && !isDown(shared)) || report(shared, error));
  };
  const look = inTurn(shared, task);
  await (isFirst ? look : patiently(shared, look, false));
  if (isBehind(shared) || isDown(shared)) later(shared);
  // A refresh that has just committed still has its turn, and tells of its tokens after that (R55).
  const { run, state } = sessions.current;
  if (!run?.isSent || run.rotation === state.rotation) shared.manager.flush();
  rouse(shared);
}
