/** IndexedDB for all contexts: one store, one transaction at a time, and none left half done by whoever vanishes. */
import type { Faults } from './faults.ts';
import type { Actor, Loop } from './loop.ts';

interface Transaction {
  readonly actor: Actor;
  readonly isDoomed: boolean;
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

export interface DatabaseParts {
  readonly loop: Loop;
  readonly faults: Faults;
  onWrite(text: string, author: Actor): void;
}

export function createDatabases({ loop, faults, onWrite }: DatabaseParts): Databases {
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

  const end = (transaction: Transaction) => {
    if (current !== transaction) return false;
    current = undefined;
    update();
    return true;
  };

  const commit = (transaction: Transaction) => {
    const { actor, changes } = transaction;
    if (current !== transaction) return;
    for (const [key, value] of changes) {
      values.set(key, value);
      onWrite(`${(value as { value?: unknown }).value}`, actor);
    }
    loop.after(loop.delay(), actor, 'committed', () => transaction.oncomplete?.());
    end(transaction);
  };

  /** One request after the other; when there are no more, the changes hold. */
  const goOn = (transaction: Transaction) => {
    const { actor, requests, isDoomed } = transaction;
    const request = requests.shift();
    if (request) {
      loop.after(loop.delay(), actor, 'database answers', () => {
        request();
        // The handler's promises may ask for more.
        loop.after(0, undefined, 'database', () => current === transaction && goOn(transaction));
      });
    } else if (isDoomed) {
      loop.after(loop.delay(), actor, 'aborted', () => transaction.onabort?.());
      end(transaction);
    } else {
      loop.after(loop.delay(), undefined, 'commit', () => commit(transaction));
    }
  };

  const storeOf = (transaction: Transaction, { requests, changes } = transaction) => ({
    transaction,
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
      // It is made as a whole or not at all, so that there are two ways to fail.
      const { fault } = faults.next(actor);
      const isDoomed = fault === 'throws' || fault === 'lost' || fault === 'late';
      const transaction: Transaction = { actor, isDoomed, requests: [], changes: new Map() };
      if (!fault || isDoomed) {
        loop.after(0, undefined, 'transaction', () => {
          queue.push(transaction);
          update();
        });
      }
      return Object.assign(transaction, { objectStore: () => storeOf(transaction), error: null });
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
