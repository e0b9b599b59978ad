/** The keys of the sessions, found by their tokens: in IndexedDB for all tabs, and in memory where there is none. */

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
  choose(tokens: Tokens): Promise<Key>;
  /** Notes that these tokens are bound to the key, too; a key that was forgotten meanwhile stays forgotten. */
  bind(key: Key, tokens: Tokens): Promise<unknown>;
  /** Drops the key of these tokens, for all tabs. */
  forget(tokens: Tokens): Promise<unknown>;
}

/** Who closes a page without signing out leaves a key; the oldest go first. */
const MAX_KEYS = 50;

/** Milliseconds after which a database that does not answer is given up. */
const PATIENCE = 5_000;

/** A fingerprint of the refresh token, or of the access token where there is no other. */
const markOf = async ({
  accessToken,
  access_token = accessToken,
  refreshToken = access_token,
  refresh_token = refreshToken,
}: Tokens): Promise<string> =>
  refresh_token
    ? `${new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(refresh_token)))}`
    : '';

/** Answers the next keys, or nothing to leave them. */
type Change = (keys: readonly Key[]) => readonly Key[] | undefined;

/**
 * @param name - Of the record in the database.
 * @param createPair - Makes a key pair.
 */
export function createKeys(name: string, createPair: () => Promise<CryptoKeyPair>): Keys {
  /** What this context has bound itself, for where it cannot be stored. */
  let memory: readonly Key[] = [];

  /**
   * One transaction: all contexts' run one after the other. Its connection is its own, so nobody else closes it.
   * Answers what it ended with: `complete`; `abort` where it failed or took too long; anything else says there is no database.
   */
  const visit = (change: Change): Promise<{ type?: string }> =>
    new Promise<Event>((resolve, reject) => {
      memory = change(memory) ?? memory;
      const opening = indexedDB.open('evertoken-dpop', 1);
      AbortSignal.timeout(PATIENCE).onabort = opening.onerror = reject;
      opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
      opening.onsuccess = () => {
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
    }).catch((end) => end);

  /** Puts `next` in the place of the key with one of these marks, if there is one or `isNew`. */
  const replace = (old: readonly string[], next: readonly Key[], isNew?: boolean) =>
    visit((all) => {
      const others = all.filter(({ marks }) => !marks.some((mark) => old.includes(mark)));
      return isNew || all[others.length] ? [...others, ...next].slice(-MAX_KEYS) : undefined;
    });

  const make = async () => ({ pair: await createPair(), marks: [] });

  return {
    make,
    async choose(tokens) {
      const mark = await markOf(tokens);
      const all: Key[] = [];
      const { type } = await visit((some) => void all.push(...some));
      const found = mark ? all.find(({ marks }) => marks.includes(mark)) : all.at(-1);
      // With another key the server would take the session for stolen.
      if (!found && type === 'abort') throw new Error('evertoken: IndexedDB cannot be read');
      return found ?? make();
    },
    async bind(key, tokens) {
      const mark = await markOf(tokens);
      const marks = [...key.marks, mark];
      if (mark) await replace(marks, [{ pair: key.pair, marks: marks.slice(-2) }], !key.marks[0]);
    },
    forget: async (tokens) => replace([await markOf(tokens)], []),
  };
}
