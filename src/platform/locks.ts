/** Web Locks: held by one context at a time, and freed when it dies. */
import type { Lock } from '../types.ts';

/** The one of the name that is due; `undefined` where there are none. One that refuses (a sandboxed frame) rejects at once. */
export function webLock(nameOf: () => string): Lock | undefined {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  return locks && ((task, options) => locks.request(nameOf(), options, task));
}
