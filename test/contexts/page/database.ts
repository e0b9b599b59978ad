/** A storage that pages and all kinds of workers have: one object store in IndexedDB. */
import type { TokenStorage } from 'evertoken';

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export function databaseStorage(): TokenStorage {
  const opening = indexedDB.open('storage-of-the-test', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore('items');
  const opened = settled(opening);

  async function within<T>(
    mode: IDBTransactionMode,
    work: (items: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    const transaction = (await opened).transaction('items', mode);
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const value = await settled(work(transaction.objectStore('items')));
    await done;
    return value;
  }

  return {
    getItem: (key) => within<string | undefined>('readonly', (items) => items.get(key)),
    setItem: (key, value) => within('readwrite', (items) => items.put(value, key)),
    removeItem: (key) => within('readwrite', (items) => items.delete(key)),
  };
}
