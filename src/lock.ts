/** One holder at a time under a name: Web Locks where they exist, else a queue in this context. */
import { abortable } from './timers.ts';
import type { Lock } from './types.ts';

const tails = /* @__PURE__ */ new Map<unknown, Promise<unknown>>();

/**
 * First come, first served. Whoever gives up early passes the turn on.
 *
 * @param key - A name, or an object that nobody else can see.
 */
export const queueLock = <T>(
  key: unknown,
  task: () => Promise<T>,
  { signal }: { signal: AbortSignal },
): Promise<T> => {
  const turn = tails.get(key) ?? Promise.resolve();
  const run = abortable(turn, signal).then(task);
  const tail = Promise.allSettled([turn, run]).then(() => {
    if (tails.get(key) === tail) tails.delete(key);
  });
  tails.set(key, tail);
  return run;
};

/** Looked up at each use, because a page may lose or gain them in tests. */
const webLocks = () => globalThis.navigator?.locks as LockManager | undefined;

/** Whether the default lock holds for all contexts, and not for this one alone. */
export const isLockShared = (): boolean => webLocks() !== undefined;

/** Never stolen. */
export const defaultLock: Lock = (name, task, options) =>
  webLocks()?.request(name, options, task) ?? queueLock(name, task, options);
