/** A lock of all threads over shared memory, as an app can hand one over: Node's own Web Locks overlap between threads. */
import type { Lock } from 'evertoken';

/** @param turn - One number of a `SharedArrayBuffer`: 1 while a thread has the lock. */
export const createThreadLock =
  (turn: Int32Array): Lock =>
  async (_name, task, { signal }) => {
    while (Atomics.compareExchange(turn, 0, 0, 1) !== 0) {
      await Atomics.waitAsync(turn, 0, 1, 1_000).value;
      signal.throwIfAborted();
    }
    try {
      return await task();
    } finally {
      Atomics.store(turn, 0, 0);
      Atomics.notify(turn, 0, 1);
    }
  };
