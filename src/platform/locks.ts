/** Web Locks: held by one context at a time, and freed when it dies. */
import type { Lock } from '../types.ts';

/** `undefined` where there are none. One that is there and refuses (a sandboxed frame) rejects at once. */
export function webLock(name: string): Lock | undefined {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  return locks && ((task, options) => locks.request(name, options, task));
}
