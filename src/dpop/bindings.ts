/** Which key the tokens of a session are bound to: in IndexedDB for all tabs, and in memory where there is none. */

/** A key pair, and the fingerprints of the tokens it came with; those of the newest refresh come last. */
interface Binding {
  readonly pair: CryptoKeyPair;
  readonly tokens: readonly string[];
}

export type Token = string | undefined;

/** The key for an exchange, and what it was looked up by. */
export interface Choice {
  readonly pair: CryptoKeyPair;
  readonly by: readonly Token[];
  /** The key was found, not made. */
  readonly isKnown: boolean;
}

export interface Bindings {
  /** The key of any of these tokens; without a token the one that was bound last. */
  find(tokens: readonly Token[]): Promise<CryptoKeyPair | undefined>;
  /** Notes that these tokens belong to the key, too; a known key that was forgotten meanwhile stays forgotten. */
  bind(choice: Choice, tokens: readonly Token[]): Promise<void>;
  /** Drops the key of any of these tokens, here and in all tabs; without a token only looks what others dropped. */
  forget(tokens: readonly Token[]): Promise<void>;
}

/** Sign-ins that were abandoned after their tokens had come are nobody's to forget. */
const MAX_BINDINGS = 50;

/** A tab may hold tokens that others have replaced a few times. */
const MAX_TOKENS = 12;

/** Milliseconds after which a database that does not answer is given up. */
const PATIENCE = 5_000;

async function fingerprints(tokens: readonly Token[]): Promise<string[]> {
  const digests = tokens
    .filter((token) => token !== undefined)
    .map((token) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)));
  return (await Promise.all(digests)).map((digest) => btoa(String.fromCharCode(...new Uint8Array(digest))));
}

const connect = () =>
  new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open('evertoken-dpop', 1);
    request.onupgradeneeded = () => request.result.createObjectStore('bindings');
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @param name - Of the record in the database. */
export function createBindings(name: string): Bindings {
  /** As they were last seen. */
  let bindings: readonly Binding[] = [];
  let connection: Promise<IDBDatabase> | undefined;
  /** A database that could never be opened is not asked again. */
  let isBlocked = globalThis.indexedDB ? undefined : true;

  type Change = (bindings: readonly Binding[]) => readonly Binding[];

  /** One transaction: all contexts' run one after the other. */
  async function transact(change: Change): Promise<readonly Binding[]> {
    connection ??= connect();
    const database = await connection.catch((error) => {
      isBlocked ??= true;
      throw error;
    });
    isBlocked = false;
    // Whoever wants to delete it may.
    database.onversionchange = () => database.close();
    return new Promise((resolve, reject) => {
      AbortSignal.timeout(PATIENCE).onabort = () => reject(new Error('the database does not answer'));
      const transaction = database.transaction('bindings', 'readwrite');
      const store = transaction.objectStore('bindings');
      const request: IDBRequest<readonly Binding[] | null | undefined> = store.get(name);
      let next: readonly Binding[] = [];
      request.onsuccess = () => {
        const { result: found = [] } = request;
        // Shared workers of WebKit see nothing of a record that holds a key; written, it would be lost.
        if (!found) return reject(new Error('this context cannot read keys; use a page or another worker'));
        next = change(found);
        if (next !== found) store.put(next, name);
      };
      transaction.oncomplete = () => resolve(next);
      transaction.onabort = () => reject(transaction.error);
    });
  }

  /** Answers what went wrong; then the change was made in memory alone. */
  async function visit(change: Change): Promise<unknown> {
    let failure: unknown;
    // A connection may have been closed behind our back.
    for (let tries = 2; tries && !isBlocked; tries--) {
      try {
        bindings = await transact(change);
        return undefined;
      } catch (error) {
        failure = error;
        connection = undefined;
      }
    }
    bindings = change(bindings);
    return isBlocked ? undefined : failure;
  }

  const has =
    (marks: readonly string[]) =>
    ({ tokens }: Binding) =>
      tokens.some((token) => marks.includes(token));

  return {
    async find(tokens) {
      const marks = await fingerprints(tokens);
      const failure = await visit((all) => all);
      const found = marks.length ? bindings.find(has(marks)) : bindings.at(-1);
      // With another key the server would take the session for stolen.
      if (!found && failure) throw failure;
      return found?.pair;
    },
    async bind({ pair, by, isKnown }, tokens) {
      const marks = await fingerprints([...by, ...tokens]);
      const isOurs = has(marks);
      await visit((all) => {
        const known = all.find(isOurs);
        if (isKnown && !known) return all;
        const older = known?.tokens.filter((token) => !marks.includes(token)) ?? [];
        const binding = { pair, tokens: [...older, ...marks].slice(-MAX_TOKENS) };
        return [...all.filter((one) => !isOurs(one)), binding].slice(-MAX_BINDINGS);
      });
    },
    async forget(tokens) {
      const isOurs = has(await fingerprints(tokens));
      await visit((all) => (all.some(isOurs) ? all.filter((one) => !isOurs(one)) : all));
    },
  };
}
