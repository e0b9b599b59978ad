/** The calls of one store, one task after the other, and how long a caller waits for them (R53). */
import { after, within } from '../platform/timers.ts';

/** To be called after each wait; throws when nobody waits for the task any more, and it must change nothing. */
export type Heed = () => void;

/** How long a caller waits for the store, however many calls that takes (ms). */
const PATIENCE = 5_000;

/** What a task that was given up rejects with. */
export const abandoned = new Error('abandoned');

export interface Turns {
  /** It hung, and nobody waits for it until it answers. */
  readonly isDown: boolean;
  /** Runs when the tasks before it are done. */
  inTurn<T>(work: (heed: Heed) => Promise<T>): Promise<T>;
  /** Waits for a task, at most as long as anybody waits; then the store counts as down, and what hangs is given up. */
  patiently<T>(work: Promise<T>, isAwaited?: boolean): Promise<T>;
  /** It has answered. */
  up(): void;
  /** Runs `work` behind the callers' backs, in a while and, as long as `isNeeded`, again until it succeeds. */
  retry(work: (heed: Heed) => Promise<unknown>, isNeeded: () => boolean): void;
  close(): void;
}

export function createTurns(): Turns {
  let isDown = false;
  let tail: Promise<unknown> = Promise.resolve();
  /** Of those who are given up together. */
  let generation = {};
  let cancel: (() => void) | undefined;
  let delay = 500;
  let isClosed = false;

  const turns: Turns = {
    get isDown() {
      return isDown;
    },
    inTurn(work) {
      const own = generation;
      const heed = () => {
        if (own !== generation) throw abandoned;
      };
      const run = tail.then(() => work(heed));
      tail = run.catch(() => {});
      return run;
    },
    patiently: (work, isAwaited) =>
      within('the store', PATIENCE, () => work, isAwaited).catch((error) => {
        if ((error as Error | undefined)?.name === 'TimeoutError') {
          isDown = true;
          generation = {};
          tail = Promise.resolve();
        }
        throw error;
      }),
    up() {
      isDown = false;
      delay = 500;
    },
    retry(work, isNeeded) {
      if (cancel || isClosed) return;
      delay = Math.min(delay * 2, 30_000);
      cancel = after(delay, () => {
        const again = () => {
          cancel = undefined;
          if (isNeeded()) turns.retry(work, isNeeded);
        };
        turns.patiently(turns.inTurn(work), false).then(again, again);
      });
    },
    close() {
      isClosed = true;
      cancel?.();
    },
  };
  return turns;
}
