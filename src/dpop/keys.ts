/** The keys of the sessions, found by their tokens: in IndexedDB for all tabs, and in memory where there is none. */
import { ownMembers } from '../own.ts';

/** What holds tokens, in snake_case or camelCase. */
export interface Tokens {
  readonly accessToken?: string | undefined;
  readonly access_token?: string | undefined;
  readonly refreshToken?: string | undefined;
  readonly refresh_token?: string | undefined;
}

/** A key pair, and the marks of its tokens before and after the newest refresh; a new one has none. */
export interface Key {
  readonly pair: CryptoKeyPair;
  readonly marks: readonly string[];
}

export interface Keys {
  /** A key for a new session. */
  make(): Promise<Key>;
  /**
   * The key that these tokens are bound to; of no tokens the one that was bound last. A key that is not known is made:
   * what is bound to another one is refused by the server, and so a session without its key ends in order.
   *
   * @throws Error when the database cannot be read at the moment: the key may be there.
   */
  choose(tokens?: Tokens): Promise<Key>;
  /** Notes that these tokens are bound to the key, too; a key that was forgotten meanwhile stays forgotten. */
  bind(key: Key, tokens: Tokens): Promise<unknown>;
  /** Drops the key of these tokens, for all tabs, unless it is that of `next`, too. */
  forget(tokens: Tokens | undefined, next?: Tokens): Promise<unknown>;
}

/** Who closes a page without signing out leaves a key; the oldest go first. */
const MAX_KEYS = 50;

/** A fingerprint of the refresh token, or of the access token where there is no other. */
async function markOf(tokens?: Tokens): Promise<string> {
  const {
    accessToken,
    access_token = accessToken,
    refreshToken = access_token,
    refresh_token = refreshToken,
  } = ownMembers(tokens);
  return refresh_token
    ? `${new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(refresh_token)))}`
    : '';
}

/** Answers the next keys, or nothing to leave them. */
type Change = (keys: readonly Key[]) => readonly Key[] | undefined;

/**
 * @param name - Of the record in the database.
 * @param createPair - Makes a key pair.
 */
export function createKeys(name: string, createPair: () => CryptoKeyPair | Promise<CryptoKeyPair>): Keys {
  /** What this context has bound itself, for where it cannot be stored. */
  let memory: readonly Key[] = [];
  /** The database was opened in this context: it cannot be missing. */
  let isThere = false;

  /**
   * One transaction: all contexts' run one after the other. Its connection is its own, so nobody else closes it.
   * Answers whether it failed or took too long; where there is no database it did neither.
   */
  const visit = (change: Change): Promise<boolean> =>
    new Promise<Event>((resolve, reject) => {
      memory = change(memory) ?? memory;
      const opening = indexedDB.open('evertoken-dpop', 1);
      // A database that does not answer is given up.
      AbortSignal.timeout(5_000).onabort = opening.onerror = reject;
      opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
      opening.onsuccess = () => {
        isThere = true;
        const transaction = opening.result.transaction('keys', 'readwrite');
        const store = transaction.objectStore('keys');
        const reading: IDBRequest<readonly Key[] | undefined> = store.get(name);
        reading.onsuccess = () => {
          // Shared workers of WebKit read `null` where there is a key, which must not be overwritten: any change throws.
          const { result = [] } = reading;
          const next = change(result);
          if (next) store.put(next, name);
        };
        transaction.oncomplete = resolve;
        transaction.onabort = reject;
        opening.result.close();
      };
    }).then(
      () => false,
      ({ type }) => isThere || type === 'abort',
    );

  const make = async () => ({ pair: await createPair(), marks: [] });

  return {
    make,
    async choose(tokens) {
      const mark = await markOf(tokens);
      let found: Key | undefined;
      const hasFailed = await visit((all) => {
        found = (mark ? all.find(({ marks }) => marks.includes(mark)) : all.at(-1)) ?? found;
        return undefined;
      });
      // With another key the server would take the session for stolen.
      if (hasFailed && !found) throw new Error('evertoken: IndexedDB fails');
      return found ?? make();
    },
    async bind(key, tokens) {
      const mark = await markOf(tokens);
      const marks = [...key.marks, mark];
      const next = { ...key, marks: marks.slice(-2) };
      const put: Change = (all) => {
        const others = all.filter((one) => !one.marks.some((mark) => marks.includes(mark)));
        return !key.marks[0] || all[others.length] ? [...others, next].slice(-MAX_KEYS) : undefined;
      };
      // The next refresh stores it, too.
      if (mark && (await visit(put))) memory = [...memory, next];
    },
    async forget(tokens, next) {
      const mark = await markOf(tokens);
      const kept = await markOf(next);
      return visit((all) => all.filter(({ marks }) => marks.includes(kept) || !marks.includes(mark)));
    },
  };
}
