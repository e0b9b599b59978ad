/** Entries in IndexedDB: all pages and workers of an origin see the same ones, and replace them one after the other. */

import { within } from '../platform/timers.ts';

/** What is kept of an entry, here or elsewhere. */
export interface Kept {
  readonly version: string;
  readonly value?: unknown;
}

export interface Database {
  /**
   * Finds an entry, and in the same transaction puts `next` in its place where it `fits`.
   *
   * @returns What was found, and whether `next` was put.
   */
  visit(
    key: string,
    next?: Kept,
    fits?: (found: Kept | undefined) => boolean,
  ): Promise<{ found: Kept | undefined; isPut: boolean }>;
}

const connect = () =>
  new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('evertoken', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('entries');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Connected at the first use, and again when the connection was closed behind its back. */
export function createDatabase(): Database {
  let connection: Promise<IDBDatabase> | undefined;

  const visit: Database['visit'] = async (key, next, fits) => {
    connection ??= connect();
    const database = await connection;
    // Whoever wants to delete it may.
    database.onversionchange = () => database.close();
    const transaction = database.transaction('entries', 'readwrite');
    const store = transaction.objectStore('entries');
    return new Promise((resolve, reject) => {
      const request: IDBRequest<Kept | undefined> = store.get(key);
      let isPut = false;
      request.onsuccess = () => {
        try {
          isPut = !!fits?.(request.result);
          if (isPut) store.put(next, key);
        } catch (error) {
          // What cannot be kept (a key, perhaps; sessionStorage is full) is no uncaught error of the page.
          reject(error);
          transaction.abort();
        }
      };
      transaction.oncomplete = () => resolve({ found: request.result, isPut });
      // A page that is left gives it up without a reason.
      transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB gave up'));
    });
  };

  /** What hangs is given up, so that the next call can try again. */
  const attempt: Database['visit'] = (...args) =>
    within('IndexedDB', 5_000, () => visit(...args), false).catch((error) => {
      connection = undefined;
      throw error;
    });

  return { visit: (...args) => attempt(...args).catch(() => attempt(...args)) };
}
