/** Makes IndexedDB fail as browsers do, in a page or over a fake one: all transactions, or the answer of the next. */

export interface WebFaults {
  fail(mode: 'throw' | 'hang' | undefined): void;
  /** The next transaction that writes is made, and says that it was not. */
  loseAnswer(): void;
}

type Database = Pick<IDBDatabase, 'transaction'>;

/** Where something was put, tells who asked that what was committed was aborted. */
function lose(transaction: IDBTransaction, lost: () => void): IDBTransaction {
  let hasWritten = false;
  const store = transaction.objectStore.bind(transaction);
  transaction.objectStore = (name) => {
    const found = store(name);
    const put = found.put.bind(found);
    found.put = (...args) => {
      hasWritten = true;
      return put(...args);
    };
    return found;
  };
  let done: ((event: Event) => void) | null = null;
  Object.defineProperty(transaction, 'oncomplete', {
    set(listener) {
      done = listener;
    },
  });
  transaction.addEventListener('complete', (event) => {
    if (!hasWritten) return done?.call(transaction, event);
    lost();
    return transaction.onabort?.(event);
  });
  return transaction;
}

/** Never answers: nobody gets to hear of what was asked for. */
const silent = { objectStore: () => ({ get: () => ({}), put: () => ({}), transaction: {} }) };

/** @param prototype - That of the platform's databases. Call what it returns to make all well again. */
export function breakDatabases(prototype: Database): WebFaults & { mend(): void } {
  const { transaction } = prototype;
  let mode: 'throw' | 'hang' | undefined;
  let isLosing = false;
  prototype.transaction = function (this: IDBDatabase, ...args: Parameters<IDBDatabase['transaction']>) {
    if (mode === 'throw') throw new DOMException('The disk is broken', 'UnknownError');
    if (mode === 'hang') return silent as unknown as IDBTransaction;
    const real = transaction.apply(this, args);
    const lost = () => {
      isLosing = false;
    };
    return isLosing ? lose(real, lost) : real;
  } as Database['transaction'];
  return {
    fail(next) {
      mode = next;
    },
    loseAnswer() {
      isLosing = true;
    },
    mend() {
      prototype.transaction = transaction;
    },
  };
}
