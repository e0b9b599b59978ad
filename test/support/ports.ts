/** A store that many contexts open, whose faults a test steers: one cell, and a view of it for each context. */
import { type Lock, type StoreEntry, type StorePort, type TokenStore, tokenStore } from 'evertoken';

export type Operation = 'read' | 'replace';

/**
 * - `throws`, `hangs`: the call does nothing.
 * - `lost`, `denied`: the replacement is made, and its answer is lost: the call throws, or answers `false`.
 */
export type Fault = 'throws' | 'hangs' | 'lost' | 'denied';

export interface CellOptions extends Pick<StorePort, 'contexts' | 'forgets' | 'whenDown'> {
  /** How long each call takes: half of it before it has its effect, half of it after (ms). */
  ms?: number;
  isWatched?: boolean;
  hasLock?: boolean;
  /** Whether a read tells the age of the entry. */
  hasClock?: boolean;
}

/** What one context sees of the cell. */
export interface View {
  readonly port: StorePort;
  readonly store: TokenStore;
  /** All calls so far. */
  readonly calls: Operation[];
  ms: number;
  /** What becomes of the news of other contexts. */
  news: 'well' | 'lost' | 'twice';
  /** Spoils the next calls, each of them if `times` is left out. */
  fail(operation: Operation, fault: Fault, times?: number): void;
  /** What is called from now on works again. What hangs, hangs. */
  heal(): void;
  /** No call is answered and no news heard until `thaw`; the lock is kept. */
  freeze(): void;
  thaw(): void;
  /** No call of it has any effect from now on; its lock is freed. */
  die(): void;
}

export const broken = new Error('the store is broken');

const wait = (ms: number) => (ms ? new Promise<void>((resolve) => void setTimeout(resolve, ms)) : undefined);

/** One holder at a time, in the order of asking. */
function createLocks() {
  const queue: { owner: object; grant?: () => void }[] = [];
  const next = () => queue[0]?.grant?.();
  const remove = (isMeant: (one: (typeof queue)[number]) => boolean) => {
    const first = queue[0];
    const left = queue.filter((one) => !isMeant(one));
    queue.splice(0, queue.length, ...left);
    if (left[0] !== first) next();
  };
  const lockOf =
    (owner: object): Lock =>
    (task, { signal }) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const request: (typeof queue)[number] = { owner };
        const stop = () => {
          remove((one) => one === request);
          reject(signal.reason);
        };
        request.grant = () => {
          delete request.grant;
          signal.removeEventListener('abort', stop);
          resolve(task().finally(() => remove((one) => one === request)));
        };
        signal.addEventListener('abort', stop);
        queue.push(request);
        if (queue.length === 1) next();
      });
  return { lockOf, free: (owner: object) => remove((one) => one.owner === owner) };
}

export type Cell = ReturnType<typeof createCell>;

export function createCell(options: CellOptions = {}) {
  const { ms = 0, isWatched = true, hasLock = true, hasClock = false, ...traits } = options;
  const locks = createLocks();
  const hearers = new Map<View, () => void>();
  /** By a clock of its own, which nobody sets. */
  let writtenAt = 0;

  const cell = {
    entry: undefined as StoreEntry | undefined,
    /** Every entry that was ever there. */
    history: [] as StoreEntry[],
    /** What stands in the entry. */
    get value(): Record<string, unknown> | undefined {
      return cell.entry && JSON.parse(cell.entry.value);
    },
    /** As nobody's replacement does: a failover, a hand, a user who clears everything. */
    put(entry: StoreEntry | undefined, isTold = false): void {
      cell.entry = entry;
      writtenAt = performance.now();
      if (isTold) for (const hear of hearers.values()) hear();
    },
    /** Puts other members into the entry's value, as another version of the package would. */
    edit(members: Record<string, unknown>): void {
      cell.put({ version: `edited ${Math.random()}`, value: JSON.stringify({ ...cell.value, ...members }) });
    },
    open: (): View => createView(),
  };

  function createView(): View {
    const faults = new Map<Operation, { fault: Fault; left: number }>();
    let isDead = false;
    let thawed: PromiseWithResolvers<void> | undefined;
    let hasMissed = false;
    const listeners = new Set<() => void>();

    /** The fault that this call meets. */
    function meet(operation: Operation): Fault | undefined {
      view.calls.push(operation);
      const found = faults.get(operation);
      if (!found?.left) return undefined;
      found.left--;
      return found.fault;
    }

    async function call<T>(operation: Operation, effect: () => T): Promise<T> {
      const fault = meet(operation);
      await thawed?.promise;
      await wait(view.ms / 2);
      if (fault === 'throws') throw broken;
      if (fault === 'hangs' || isDead) return new Promise(() => {});
      const result = effect();
      await wait(view.ms / 2);
      await thawed?.promise;
      if (isDead) return new Promise(() => {});
      if (fault === 'lost') throw broken;
      return fault === 'denied' ? (false as T) : result;
    }

    const hear = () => {
      if (isDead || view.news === 'lost') return;
      if (thawed) hasMissed = true;
      else
        for (const listener of view.news === 'twice' ? [...listeners, ...listeners] : listeners)
          queueMicrotask(listener);
    };

    const port: StorePort = {
      ...traits,
      read: () =>
        call(
          'read',
          () => cell.entry && { ...cell.entry, ...(hasClock && { age: performance.now() - writtenAt }) },
        ),
      replace: (version, next, isQuiet) =>
        call('replace', () => {
          if (cell.entry?.version !== version) return false;
          cell.put(next);
          cell.history.push(next);
          for (const [other, tell] of hearers) if (other !== view && !isQuiet) tell();
          return true;
        }),
    };
    if (hasLock) port.lock = (task, how) => locks.lockOf(view)(task, how);
    if (isWatched) {
      port.watch = (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      };
    }
    const view: View = {
      ...{ port, store: tokenStore(port), calls: [], ms, news: 'well' },
      fail: (operation, fault, times = 1 / 0) => void faults.set(operation, { fault, left: times }),
      heal: () => faults.clear(),
      freeze() {
        thawed ??= Promise.withResolvers();
      },
      thaw() {
        thawed?.resolve();
        thawed = undefined;
        if (hasMissed) hear();
        hasMissed = false;
      },
      die() {
        isDead = true;
        locks.free(view);
      },
    };
    if (isWatched) hearers.set(view, hear);
    return view;
  }

  return cell;
}
