/** Number of the newest commit, and who spends its refresh token: seen at once, where `localStorage` takes its time. */
import { within } from './timers.ts';
import type { TokenStorage } from './types.ts';

export interface Claim {
  readonly by: string;
  readonly at: number;
  /** Whoever has the lock now knows that the claimant is gone. */
  readonly isLocked: boolean;
}

export interface Entry {
  /** Number of the newest commit. */
  readonly n: number;
  readonly id: string | undefined;
  /** Number of the newest commit that was more than a captured access token. */
  readonly base: number;
  /** When it was made, in ms since the epoch. */
  readonly at: number;
  /** The session is over; its late tokens may have to be revoked. */
  readonly isOver?: boolean | undefined;
  readonly isRevoked?: boolean | undefined;
  /** Who presents the refresh token, and since when. */
  readonly claim?: Claim | undefined;
}

/** Answers the next entry, or nothing to leave it; called once, and nothing comes between. */
export type Change = (entry: Entry | undefined) => Entry | undefined;

export interface Ledger {
  /** All contexts see one ledger; else only this one does, or (`undefined`) there is none. */
  readonly isShared: boolean | undefined;
  /** Each session has an entry of its own, because its storage is not the other contexts'. */
  readonly isPerSession?: boolean;
  /** The entry as it was found. */
  visit(id: string | undefined, change?: Change): Promise<Entry | undefined>;
}

/** Grows in every context, and with the clock where a context knows of no commit before its own. */
export const nextNumber = (entry: Entry | undefined, own: Pick<Entry, 'n'>): number =>
  Math.max((entry?.n ?? 0) + 1, own.n + 1, Date.now());

/** The entry with a claim of `own`; nothing where it is that of a newer commit, or claimed by another. */
export function claimed(
  entry: Entry | undefined,
  { id, n, base }: Pick<Entry, 'n' | 'base'> & { id?: string | undefined },
  own: Pick<Claim, 'by' | 'isLocked'>,
  mayTake: (claim: Claim) => boolean,
): Entry | undefined {
  const now = Date.now();
  // An older one says nothing.
  const known = entry && entry.n >= n ? entry : undefined;
  if (known) {
    // Who is signed out may ask for what a cookie holds.
    const isOther = known.n > n || (known.isOver ? id : known.id !== id);
    if (isOther || (known.claim && known.claim.by !== own.by && !mayTake(known.claim))) return undefined;
  }
  return { ...(known ?? { id, n, base, at: now }), claim: { ...own, at: now } };
}

/** For managers that share nothing. */
export const noLedger: Ledger = {
  isShared: undefined,
  visit: async (_id, change) => void change?.(undefined),
};

/** Where there is no IndexedDB: for the managers of this context that share a storage object. */
const local = /* @__PURE__ */ new WeakMap<TokenStorage, Map<string, Entry>>();

const connect = () =>
  new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('evertoken-ledger', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('entries');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * @param isPerSession - Whether the storage is this tab's alone (`sessionStorage`).
 * @param isMemory - Whether no other context can see the storage.
 */
export function createLedger(
  name: string,
  storage: TokenStorage,
  isPerSession: boolean,
  isMemory = false,
): Ledger {
  const entries = local.get(storage) ?? new Map<string, Entry>();
  local.set(storage, entries);
  let isShared = !isMemory && 'indexedDB' in globalThis;
  let connection: Promise<IDBDatabase> | undefined;

  /** One transaction: all contexts' run one after the other. */
  async function transact(key: string, change: Change | undefined): Promise<Entry | undefined> {
    connection ??= connect();
    const database = await connection;
    // Whoever wants to delete it may.
    database.onversionchange = () => database.close();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction('entries', change ? 'readwrite' : 'readonly');
      const store = transaction.objectStore('entries');
      const request: IDBRequest<Entry | undefined> = store.get(key);
      request.onsuccess = () => {
        try {
          const next = change?.(request.result);
          if (next) store.put(next, key);
        } catch (error) {
          reject(error);
        }
      };
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  return {
    get isShared() {
      return isShared;
    },
    isPerSession,
    async visit(id, change) {
      const key = isPerSession ? `${name} ${id}` : name;
      let isDone = false;
      const once: Change = (entry) => {
        if (isDone) return undefined;
        isDone = true;
        return change?.(entry);
      };
      for (let tries = 0; isShared && !isDone; tries++) {
        try {
          return await within('the ledger', tries ? 1_000 : 5_000, () => transact(key, change && once));
        } catch {
          // A connection may have been closed behind our back, or this context frozen; what fails twice is blocked.
          connection = undefined;
          isShared = !tries;
        }
      }
      const entry = entries.get(key);
      const next = once(entry);
      if (next) entries.set(key, next);
      return entry;
    },
  };
}
