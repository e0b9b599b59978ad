/** Keeps one versioned record in a storage that may throw, hang or hold what somebody else wrote. */
import type { Accept, Held } from './contracts.ts';
import { pause, within } from './timers.ts';
import type { TokenEvents, TokenStorage } from './types.ts';

/** What is stored of a session. */
export interface StoredSession {
  readonly id: string;
  /** Number of the commit: a lower one is older. */
  readonly n: number;
  /** Number of the newest commit that was more than a captured access token. */
  readonly base: number;
  readonly held: Held;
}

export type Found = StoredSession | 'newer' | 'none' | 'damaged';

/** Never rejects: what fails is reported, and the session goes on in memory. */
export interface RecordStore {
  /** Whether it takes time, so that two contexts' writes may overtake each other, and a read may find half of one. */
  readonly isAsync: boolean;
  /**
   * `newer`: a record that a newer version of this package has written, which is left alone. `none`: no record.
   * `damaged`: perhaps half written; whoever holds the lock removes it. `undefined`: it could not be read.
   */
  read(isLocked?: boolean): Promise<Found | undefined>;
  /** Writes, or removes when there is nothing to store; begins at once. Answers whether it worked. */
  write(session: StoredSession | undefined): Promise<boolean>;
}

const memories = /* @__PURE__ */ new WeakSet<TokenStorage>();

/** Whether no other manager can see into it. */
export const isMemory = (storage: TokenStorage): boolean => memories.has(storage);

/** Whether it belongs to one tab; a duplicate of the tab has a copy. */
export function isSessionStorage(storage: TokenStorage): boolean {
  try {
    return storage === globalThis.sessionStorage;
  } catch {
    return false;
  }
}

/**
 * A storage that forgets with the page (the default).
 *
 * @example
 * import { createTokenManager, memoryStorage, refreshEndpoint } from 'evertoken';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' }),
 *   allow: 'https://api.example.com',
 *   storage: memoryStorage(),
 * });
 */
export function memoryStorage(): TokenStorage {
  const items = new Map<string, string>();
  const storage: TokenStorage = {
    getItem: (key) => items.get(key),
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
  };
  memories.add(storage);
  return storage;
}

/** Whether what a storage threw quotes one of these texts: clients of remote storages keep the command. */
function shows(thrown: unknown, texts: string[]): boolean {
  // Grows while it is walked.
  const seen = new Set([thrown]);
  for (const value of seen) {
    if (typeof value === 'string' && texts.some((text) => value.includes(text))) return true;
    if (Object(value) !== value || ArrayBuffer.isView(value)) continue;
    for (const name of Object.getOwnPropertyNames(value)) seen.add((value as Record<string, unknown>)[name]);
    // Nobody looks through that much; better to keep it back.
    if (seen.size > 9_999) return true;
  }
  return false;
}

/**
 * @param restore - Checks stored tokens and works out their moments.
 * @param onFailure - Told what could not be read, written or removed.
 */
export function createRecordStore(
  storage: TokenStorage,
  key: string,
  restore: Accept,
  onFailure: (failure: TokenEvents['storage-failed']) => void,
): RecordStore {
  let isAsync = false;
  const noted = <T>(result: T): T => {
    isAsync ||= typeof (result as PromiseLike<unknown> | undefined)?.then === 'function';
    return result;
  };
  const attempt = <T>(
    operation: TokenEvents['storage-failed']['operation'],
    task: () => T | Promise<T>,
    held?: Held,
  ) =>
    within(`storage ${operation}`, 5_000, task).catch((thrown): undefined => {
      let error = thrown;
      try {
        const { accessToken, refreshToken, idToken } = held?.tokens ?? {};
        const tokens = [accessToken, refreshToken, idToken].flatMap((token) => token ?? []);
        // As they are, and as they stand in JSON.
        const texts = [...tokens, ...tokens.map((token) => JSON.stringify(token).slice(1, -1))];
        if (shows(thrown, texts)) throw error;
      } catch {
        error = new Error('the storage failed, with an error that may show a token');
      }
      onFailure({ operation, error });
    });

  async function take(): Promise<Found> {
    const text: unknown = await noted(storage.getItem(key));
    if (text == null) return 'none';
    let record: Partial<StoredSession & { v: unknown; issuedAt: number; tokens: unknown }> | undefined;
    try {
      // Some storages parse by themselves.
      record = typeof text === 'string' ? JSON.parse(text) : text;
      const { v, id, n, base = n, issuedAt = Number.NaN, tokens } = record ?? {};
      if (v === 1 && typeof id === 'string' && Number.isFinite(n) && Number.isFinite(issuedAt)) {
        return { id, n: n as number, base: base as number, held: restore(tokens, issuedAt) };
      }
    } catch {} // what JSON.parse throws quotes the record
    if (!(Number(record?.v) > 1)) return 'damaged';
    onFailure({ operation: 'read', error: new Error('the stored session is of a newer version') });
    return 'newer';
  }

  const write = async (session?: StoredSession) => {
    const operation = session ? 'write' : 'remove';
    const done = await attempt(
      operation,
      async () => {
        const { id, n, base, held } = session ?? {};
        const record = { v: 1, id, n, base, issuedAt: held?.issuedAt, tokens: held?.tokens };
        await noted(session ? storage.setItem(key, JSON.stringify(record)) : storage.removeItem(key));
        return true;
      },
      session?.held,
    );
    return !!done;
  };

  return {
    get isAsync() {
      return isAsync;
    },
    read: (isLocked) =>
      attempt('read', async () => {
        let found = await take();
        if (found !== 'damaged' || !isLocked) return found;
        // Perhaps half written, as a sign-in does without the lock.
        if (isAsync) {
          await pause(250);
          found = await take();
          if (found !== 'damaged') return found;
        }
        await write();
        const error = new Error('the stored session was damaged or not ours, and is removed');
        onFailure({ operation: 'read', error });
        return found;
      }),
    write,
  };
}
