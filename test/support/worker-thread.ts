/** A thread with a port of its own: a user's, over a database that another thread keeps. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { StorePort } from '../../src/types.ts';
import { createPortActs } from './worker-acts.ts';
import { createLine } from './worker-line.ts';

const listeners = new Set<() => void>();
let grants = 0;
const granted = new Map<number, () => void>();

const database = createLine(parentPort as MessagePort, {
  ...createPortActs({
    read: async () => (await database('select')) as Awaited<ReturnType<StorePort['read']>>,
    replace: async (version, next, quiet) => (await database('update', version, next, quiet)) as boolean,
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lock: (task, { signal }) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const id = ++grants;
        const stop = () => {
          granted.delete(id);
          database('unlock', id);
          reject(signal.reason);
        };
        signal.addEventListener('abort', stop);
        granted.set(id, () => {
          signal.removeEventListener('abort', stop);
          resolve(task().finally(() => database('unlock', id)));
        });
        return void database('lock', id);
      }),
  } satisfies StorePort),
  /** Somebody else has written. */
  written() {
    for (const listener of listeners) listener();
  },
  granted: (id: number) => granted.get(id)?.(),
});
