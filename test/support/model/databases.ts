/** IndexedDB for all contexts: one store, one transaction at a time, and none left half done by whoever vanishes. */
import type { Actor, Loop } from './loop.ts';

interface Transaction {
  readonly actor: Actor;
  readonly requests: (() => void)[];
  readonly changes: Map<string, unknown>;
  oncomplete?: () => void;
  onabort?: () => void;
}

export interface Databases {
  /** The `indexedDB` of one context. */
  of(actor: Actor): Pick<IDBFactory, 'open'>;
  /** Whether it is in the middle of a transaction: no browser freezes it there. */
  isBusy(actor: Actor): boolean;
  /** Looks again who may go on: somebody vanished, or was frozen or thawed. */
  update(): void;
}

export function createDatabases(loop: Loop): Databases {
  const values = new Map<string, unknown>();
  const queue: Transaction[] = [];
  let current: Transaction | undefined;

  const update = () => {
    if (current?.actor.isGone) current = undefined;
    if (current) return;
    // Whoever is frozen is passed over.
    const index = queue.findIndex(({ actor }) => !actor.isFrozen && !actor.isGone);
    [current] = index < 0 ? [] : queue.splice(index, 1);
    if (current) goOn(current);
  };

  /** One request after the other; when there are no more, the changes hold. */
  const goOn = (transaction: Transaction) => {
    const { actor, requests } = transaction;
    const request = requests.shift();
    if (request) {
      loop.after(loop.delay(), actor, 'database answers', () => {
        request();
        // The handler's promises may ask for more.
        loop.after(0, undefined, 'database', () => current === transaction && goOn(transaction));
      });
    } else {
      loop.after(loop.delay(), undefined, 'commit', () => {
        if (current !== transaction) return;
        for (const [key, value] of transaction.changes) values.set(key, value);
        current = undefined;
        loop.after(loop.delay(), actor, 'committed', () => transaction.oncomplete?.());
        update();
      });
    }
  };

  const storeOf = ({ requests, changes }: Transaction) => ({
    get(key: string) {
      const request: { onsuccess?: () => void; result?: unknown } = {};
      requests.push(() => {
        request.result = structuredClone(changes.has(key) ? changes.get(key) : values.get(key));
        request.onsuccess?.();
      });
      return request;
    },
    put(value: unknown, key: string) {
      const copy = structuredClone(value);
      requests.push(() => void changes.set(key, copy));
    },
  });

  const databaseOf = (actor: Actor) => ({
    createObjectStore() {},
    close() {},
    transaction() {
      const transaction: Transaction = { actor, requests: [], changes: new Map() };
      loop.after(0, undefined, 'transaction', () => {
        queue.push(transaction);
        update();
      });
      return Object.assign(transaction, { objectStore: () => storeOf(transaction) });
    },
  });

  return {
    of: (actor) => ({
      open() {
        const request: { onsuccess?: () => void; result?: unknown } = {};
        loop.after(loop.delay(), actor, 'database opens', () => {
          request.result = databaseOf(actor);
          request.onsuccess?.();
        });
        return request as unknown as IDBOpenDBRequest;
      },
    }),
    isBusy: (actor) => current?.actor === actor,
    update,
  };
}
