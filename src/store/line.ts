/** The calls of one store, one task after the other, and how long a caller waits for them (R53). */
import { abortable, after, clock, Ending, heed, within } from '../platform/timers.ts';

/** How long a caller waits for the store, however many calls that takes (ms). */
const PATIENCE = 5_000;

const SHORTEST_PAUSE = 500;

export class Line {
  /** What the store is asked for just now. */
  operation: 'read' | 'write' = 'read';
  /** The last task that waits. */
  tail: Promise<unknown> = Promise.resolve();
  /** Of the task that runs: over when nobody waits for it any more. */
  turn = new Ending();
  /** It hung, and until then nobody waits for it (by the clock that only goes forward). */
  downUntil = 0;
  /** How long it was left alone last (ms). */
  pause = SHORTEST_PAUSE;
  /** By then the next attempt is over, or its timer is dead. */
  triedUntil = 0;
  /** Ends the wait for it. */
  cancel: (() => void) | undefined;
}

/** Whether callers go on without it. Not for ever: on Cloudflare's workers the timer of the next attempt may be dead. */
export const isDown = ({ downUntil }: Line): boolean => clock() < downUntil;

/** Runs when the tasks before it are done. */
export function inTurn<T>(line: Line, task: () => Promise<T>): Promise<T> {
  const run = line.tail.then(() => {
    line.turn = new Ending();
    return task();
  });
  line.tail = run.catch(() => {});
  return run;
}

/** Asks the store, in a task that has its turn. What is answered after that is over reaches nobody. */
export async function ask<T>(
  line: Line,
  operation: Line['operation'],
  question: () => Promise<T>,
): Promise<T> {
  heed(line.turn);
  line.operation = operation;
  const answer = await abortable(question(), line.turn);
  line.downUntil = 0;
  line.pause = SHORTEST_PAUSE;
  return answer;
}

/** Waits for a task. When nobody would wait any longer the store counts as down, and the task goes on without it. */
export function patiently<T>(line: Line, task: Promise<T>, isAwaited?: boolean): Promise<T> {
  const wait = (signal: AbortSignal) => {
    signal.onabort = () => {
      line.downUntil = clock() + 60_000;
      line.turn.end(signal.reason)();
    };
    return task;
  };
  return within('the store', PATIENCE, wait, isAwaited).catch(() => task);
}

/** Runs a task behind the callers' backs, in a while, and again until it succeeds. */
export function retry(line: Line, task: () => Promise<unknown>, closed: Ending): void {
  if (clock() < line.triedUntil || closed.aborted) return;
  line.pause = Math.min(line.pause * 2, 30_000);
  line.triedUntil = clock() + line.pause + PATIENCE * 2;
  line.cancel = after(line.pause, async () => {
    const isDone = await patiently(line, inTurn(line, task), false).then(
      () => true,
      () => false,
    );
    line.triedUntil = 0;
    if (!isDone) retry(line, task, closed);
  });
}
