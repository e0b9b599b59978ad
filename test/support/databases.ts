/** A fake IndexedDB of the test's own, its connections, and all that lies in it. */
import { IDBFactory } from 'fake-indexeddb';
import { vi } from 'vitest';

/** What a request of IndexedDB comes to. */
export const answerOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export interface FakeDatabases {
  readonly factory: IDBFactory;
  /** All that were opened, in order. */
  readonly connections: IDBDatabase[];
}

/** From now on, and until the end of the test, `indexedDB` is empty and fake. */
export function stubIndexedDb(): FakeDatabases {
  const factory = new IDBFactory();
  const connections: IDBDatabase[] = [];
  const open = factory.open.bind(factory);
  factory.open = (name, version) => {
    const request = open(name, version);
    request.addEventListener('success', () => connections.push(request.result));
    return request;
  };
  vi.stubGlobal('indexedDB', factory);
  return { factory, connections };
}

/** Every value of every store of every database, with its key. */
export async function dump(factory: IDBFactory): Promise<[key: IDBValidKey, value: unknown][]> {
  const found: [IDBValidKey, unknown][] = [];
  for (const { name = '' } of await factory.databases()) {
    const database = await answerOf(factory.open(name));
    for (const storeName of database.objectStoreNames) {
      const store = database.transaction(storeName).objectStore(storeName);
      const [keys, values] = await Promise.all([
        answerOf(store.getAllKeys()),
        answerOf<unknown[]>(store.getAll()),
      ]);
      keys.forEach((key, index) => void found.push([key, values[index]]));
    }
    database.close();
  }
  return found;
}

/** Every value within `value`, itself first. */
export function within(value: unknown): unknown[] {
  if (Object(value) !== value || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return [value];
  return [value, ...Object.values(value as object).flatMap(within)];
}

/** All that can be read in `value`: texts, and bytes as if they were text. */
export function readable(value: unknown): string {
  return within(value)
    .map((part) => {
      if (!(part instanceof ArrayBuffer || ArrayBuffer.isView(part))) return String(part);
      return ['utf-8', 'utf-16le', 'latin1'].map((encoding) => new TextDecoder(encoding).decode(part)).join();
    })
    .join('\n');
}
