/** Keeps one versioned record in a storage that may throw, hang or hold what somebody else wrote. */
import type { Accept, Held } from './contracts.ts';
import { within } from './timers.ts';
import type { TokenEvents, TokenStorage } from './types.ts';

/** What is stored of a session. */
export interface StoredSession {
  readonly id: string;
  /** Number of the commit: a lower one is older. */
  readonly n: number;
  readonly held: Held;
}

/** Never rejects: what fails is reported, and the session goes on in memory. */
export interface RecordStore {
  /** `newer`: there is one that a newer version of this package has written, which is left alone. */
  read(): Promise<StoredSession | 'newer' | undefined>;
  /** Writes, or removes when there is nothing to store. */
  write(session: StoredSession | undefined): Promise<unknown>;
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
  return {
    getItem: (key) => items.get(key),
    setItem: (key, value) => items.set(key, value),
    removeItem: (key) => items.delete(key),
  };
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
  const remove = () => attempt('remove', () => storage.removeItem(key));
  return {
    read: () =>
      attempt<StoredSession | 'newer' | undefined>('read', async () => {
        // Whatever is damaged is read twice: it may have been seen half written.
        for (let reads = 0; ; reads++) {
          const text = await storage.getItem(key);
          if (text == null) return undefined;
          let record: Partial<StoredSession & { v: unknown; issuedAt: number; tokens: unknown }> | undefined;
          try {
            record = JSON.parse(text);
            const { v, id, n, issuedAt = Number.NaN, tokens } = record ?? {};
            if (v === 1 && typeof id === 'string' && Number.isFinite(n) && Number.isFinite(issuedAt)) {
              return { id, n: n as number, held: restore(tokens, issuedAt) };
            }
          } catch {} // what JSON.parse throws quotes the record
          if (Number(record?.v) > 1) {
            onFailure({ operation: 'read', error: new Error('the stored session is of a newer version') });
            return 'newer';
          }
          if (reads) break;
        }
        await remove();
        throw new Error('the stored session was damaged or not ours, and is removed');
      }),
    write: async (session) => {
      if (!session) return remove();
      const { id, n, held } = session;
      const record = { v: 1, id, n, issuedAt: held.issuedAt, tokens: held.tokens };
      return attempt('write', () => storage.setItem(key, JSON.stringify(record)), held);
    },
  };
}
