/** The ports of a page or worker, and all that the tests ask of them and do to the store. */
import { openWeb } from '../../../src/store/web-store.ts';
import type { StorePort } from '../../../src/types.ts';
import { breakDatabases } from '../../store/web-faults.ts';
import { createPortActs, type PortActs } from '../../support/worker-acts.ts';

const faults = breakDatabases(IDBDatabase.prototype);
const ports: PortActs[] = [];

type Act = (...args: unknown[]) => unknown;

/** Something else in the place of the entry. */
function damage(name: string, value: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('evertoken', 1);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction('entries', 'readwrite');
      transaction.objectStore('entries').put(value, name);
      transaction.oncomplete = () => {
        database.close();
        resolve();
      };
      transaction.onabort = () => reject(transaction.error);
    };
  });
}

export const acts = {
  /** Answers the number by which the port is asked. */
  open: (name: string, isTab: boolean) => ports.push(createPortActs(openWeb(name, isTab) as StorePort)) - 1,
  ask: (index: number, act: keyof PortActs, ...args: unknown[]) => {
    const own = ports[index] as PortActs;
    return (own[act] as Act)(...args);
  },
  damage,
  setItem: (name: string, item: string) => sessionStorage.setItem(name, item),
  fail: (mode: 'throw' | 'hang' | null) => faults.fail(mode ?? undefined),
  loseAnswer: () => faults.loseAnswer(),
};

export type Acts = typeof acts;

/** Does what is asked for by its name. */
export const play = (act: keyof Acts, ...args: unknown[]): unknown => (acts[act] as Act)(...args);
