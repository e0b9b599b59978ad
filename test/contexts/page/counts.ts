/** Counts what a page does: storage reads, locks, database transactions, timers. */

const none = { reads: 0, locks: 0, transactions: 0, timers: 0 };
const counts = { ...none };

/** The delays of the timers that have neither run nor been cleared. */
const pendingTimers = new Map<unknown, unknown>();

/** What was done since the last call. */
export function takeCounts() {
  const taken = { ...counts, pendingTimers: [...pendingTimers.values()] };
  Object.assign(counts, none);
  return taken;
}

type Methods = Record<string, (...args: unknown[]) => unknown>;

function spy(owner: object | undefined, name: string, onCall: () => void): void {
  const methods = owner as Methods | undefined;
  const method = methods?.[name];
  if (!methods || !method) return;
  methods[name] = function (this: unknown, ...args) {
    onCall();
    return method.apply(this, args);
  };
}

const scope = globalThis as { Storage?: typeof Storage; LockManager?: typeof LockManager };
spy(scope.Storage?.prototype, 'getItem', () => counts.reads++);
spy(scope.LockManager?.prototype, 'request', () => counts.locks++);
spy(IDBDatabase.prototype, 'transaction', () => counts.transactions++);

const timers = globalThis as unknown as Methods;
for (const kind of ['Timeout', 'Interval']) {
  const set = timers[`set${kind}`]?.bind(globalThis);
  const clear = timers[`clear${kind}`]?.bind(globalThis);
  timers[`set${kind}`] = (task, ...rest) => {
    counts.timers++;
    const run = (...args: unknown[]) => {
      if (kind === 'Timeout') pendingTimers.delete(id);
      return (task as (...args: unknown[]) => unknown)(...args);
    };
    const id = set?.(run, ...rest);
    pendingTimers.set(id, rest[0]);
    return id;
  };
  timers[`clear${kind}`] = (id) => {
    pendingTimers.delete(id);
    return clear?.(id);
  };
}
