/** Keeps encrypted records in IndexedDB, over connections that browsers close as they like. */
import { createStore, del, get, set, type UseStore } from 'idb-keyval';
import type { TokenStorage } from '../types.ts';
import { seal, unseal } from './seal.ts';

/** No record is this text, so the reader removes it; an error would leave it there for the next start. */
const DAMAGED = 'a record that cannot be decrypted';

/** @throws Error that says what is missing here and what to do. */
function checkPlatform(): void {
  const lacks = (what: string, advice: string) =>
    new Error(`evertoken: indexedDbStorage() finds no ${what} here, so it keeps nothing: ${advice}`);
  if (!globalThis.indexedDB) throw lacks('IndexedDB', 'use another storage outside pages and workers');
  if (!globalThis.crypto?.subtle) {
    throw lacks('crypto.subtle', 'serve the page over https or from localhost, or use another storage');
  }
}

/** A store that is connected at its first use, and once more when the connection was closed under it. */
function createReconnectingStore(): UseStore {
  let connection: UseStore | undefined;
  const attempt: UseStore = async (mode, task) => {
    connection ??= createStore('evertoken-storage', 'records');
    try {
      return await connection(mode, (store) => {
        const { db } = store.transaction;
        // Whoever deletes the database would otherwise wait until this page is gone.
        db.onversionchange = () => db.close();
        return task(store);
      });
    } catch (error) {
      connection = undefined;
      throw error;
    }
  };
  return (mode, task) => attempt(mode, task).catch(() => attempt(mode, task));
}

/**
 * A storage in IndexedDB (database `evertoken-storage`) for pages and workers; install `idb-keyval` with it.
 * Several managers may share it: the option `name` of each names its record.
 *
 * Each record is encrypted (AES-GCM, 256 bits) with a key that no script can export. The key is new with every write
 * and part of the stored value, so that two tabs never meet with different keys, and a removal leaves none behind.
 *
 * It protects from tokens being read in a dump of the storage, and from a search through files of the profile. It does
 * not protect from a script injected into the page, which can call this storage as the app does, nor from whoever takes
 * the whole profile to a browser, which then has the key (draft-ietf-oauth-browser-based-apps §8).
 *
 * Every operation rejects where IndexedDB or `crypto.subtle` is missing (plain http, Node) or blocked. Nothing is ever
 * stored in plain: the manager says `storage-failed` and goes on in memory.
 *
 * @example
 * import { createTokenManager, refreshEndpoint } from 'evertoken';
 * import { indexedDbStorage } from 'evertoken/indexeddb';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' }),
 *   allow: 'https://api.example.com',
 *   storage: indexedDbStorage(),
 * });
 */
export function indexedDbStorage(): TokenStorage {
  const store = createReconnectingStore();
  let turn: Promise<unknown> = Promise.resolve();
  /** In the order of the calls: encrypting takes a while, and a removal must not overtake a write. */
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const run = turn.then(checkPlatform).then(task);
    turn = run.catch(() => {});
    return run;
  };
  return {
    getItem: (key) =>
      inTurn(async () => {
        const value = await get<unknown>(key, store);
        // Shared workers of WebKit see nothing of a record that holds a key; other contexts do.
        if (value === null)
          throw new Error('this context cannot read encrypted records; use a page or another worker');
        return value === undefined ? undefined : ((await unseal(key, value)) ?? DAMAGED);
      }),
    setItem: (key, value) => inTurn(async () => set(key, await seal(key, value), store)),
    removeItem: (key) => inTurn(() => del(key, store)),
  };
}
