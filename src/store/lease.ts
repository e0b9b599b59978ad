/** Who presents the refresh token: one context at a time, also when one of them dies, hangs or is frozen (R54). */
import { asTokenError } from '../errors.ts';
import { after, clock, type Ending } from '../platform/timers.ts';
import { type Change, createId } from '../session/changes.ts';
import type { Commit, Turn } from '../session/commit.ts';
import type { StorePort } from '../types.ts';
import type { Found, Lease } from './entry.ts';
import type { IsWanted } from './wish.ts';

export interface LeaseParts {
  readonly port: StorePort;
  readonly cookie: Cookie | undefined;
  readonly refreshTimeout: number;
  readonly closed: Ending;
  /** Reads the entry; answers whether it could be reached. */
  read(): Promise<boolean>;
  known(): Found;
  /** When its lease was first seen, by `clock`. */
  seenAt(): number;
  /** Whether another context may know the refresh token. */
  isStored(): boolean;
  /** Makes a change that takes or ends a lease; rejects where the store fails. */
  put(lease: Lease | 'none', change: Change): Promise<boolean>;
  /** Makes a change that ends the lease. */
  readonly commit: Commit;
  /** Calls `hearer` when there may be news. Returns its own undo. */
  onNews(hearer: () => void): () => void;
}

/** What is different where a cookie holds the session. */
export interface Cookie {
  /** So long the request of a page that was left may still be on the wire (ms). */
  graceOf(found: Found): number;
}

type Task = (turn: Turn) => Promise<unknown>;

/**
 * Runs `task` while nobody else presents the refresh token.
 *
 * @param patience - Milliseconds that the other contexts are waited for; by default longer than they may take.
 */
export type Alone = (isWanted: IsWanted, task: Task, patience?: number) => Promise<unknown>;

const taken = () => new Error('another context is refreshing');

/** At most this long a lease lasts (ms); it can be taken again. */
const LONGEST = 300_000;

export function createLease(parts: LeaseParts): Alone {
  const { port, cookie, refreshTimeout, closed, known, put, commit } = parts;
  let me: string | undefined;
  /** Whether the store still shows the lease of a turn that is over here, because it could not be written. */
  let isLeft = () => false;

  /** How long the others' lease lasts (ms). */
  function left(isLocked: boolean): number {
    const { lease, age = 0 } = known();
    if (!lease || lease.by === me) return 0;
    // Its holder is dead: it could not lose the lock alive.
    const isOrphan = isLocked && lease.isLocked;
    const ms = isOrphan ? (cookie?.graceOf(known()) ?? 0) : lease.ms;
    return Math.max(0, ms - Math.max(clock() - parts.seenAt(), age));
  }

  /** Takes the lease. Its time runs from before it was asked for, by whichever clock runs more. */
  async function take(isLocked: boolean, isWanted: () => boolean) {
    me ??= createId();
    const ms = Math.min(refreshTimeout * 2 + 2_000, LONGEST);
    const lease: Lease = { id: createId(), by: me, isLocked, ms };
    const [date, time] = [Date.now(), clock()];
    const isTaken = await put(lease, (now) => (!left(isLocked) && isWanted() ? now : undefined));
    const age = () => Math.max(Date.now() - date, clock() - time);
    return isTaken ? { id: lease.id, isFresh: () => age() < ms / 2, isOver: () => age() >= ms } : undefined;
  }

  /** Answers whether the task had its turn. */
  async function hold(isLocked: boolean, task: Task, isWanted: IsWanted): Promise<boolean> {
    let mine = await take(isLocked, isWanted);
    if (!mine) return false;
    const isMine = () => !!mine && known().lease?.id === mine.id;
    const guard: Turn['guard'] = (underlying, signal) => async (input, init) => {
      // Who has lost it once presents nothing any more: the token was read before.
      if (mine && !mine.isFresh()) mine = await take(isLocked, isMine);
      // So late it would be aborted with an answer on the way.
      if (!mine || Date.now() > Number(signal.deadline) - refreshTimeout) throw taken();
      return underlying(input, init);
    };
    try {
      await task({ commit, guard });
    } finally {
      // Nothing was committed: the others need not wait.
      if (isMine()) await put('none', (now) => (isMine() ? now : undefined)).catch(() => {});
      isLeft = () => isMine() && !mine?.isOver();
    }
    return true;
  }

  /** Waits for news, which may be lost. */
  const news = (ms: number) =>
    new Promise<void>((resolve) => {
      const done = () => {
        undo();
        cancel();
        resolve();
      };
      const undo = parts.onNews(done);
      const cancel = after(Math.min(ms, port.watch ? 1_000 : 200), done);
    });

  async function attempt(isWanted: IsWanted, task: Task, isLocked: boolean, until: number): Promise<unknown> {
    for (;;) {
      const ms = left(isLocked);
      if (!isWanted(ms ? known().lease?.id : undefined)) return undefined;
      if (!ms) {
        if (await hold(isLocked, task, isWanted)) return undefined;
      } else {
        const patience = until - clock();
        if (patience <= 0) throw taken();
        await news(Math.min(ms, patience));
        if (closed.aborted) return undefined;
        if (!(await parts.read())) throw new Error('the store cannot be reached');
      }
    }
  }

  /** With the lock of all contexts, where there is one; who does not get it in time goes on without. */
  async function queue(isWanted: IsWanted, task: Task, until: number): Promise<unknown> {
    const { lock } = port;
    if (!lock) return attempt(isWanted, task, false, until);
    const controller = new AbortController();
    const stop = () => controller.abort(closed.reason ?? taken());
    closed.addEventListener('abort', stop);
    const cancel = after(until - clock(), stop);
    let isGranted = false;
    try {
      return await new Promise((resolve, reject) => {
        const granted = async () => {
          isGranted = true;
          cancel();
          const work = attempt(isWanted, task, true, until);
          await work.catch(() => {});
          // To whoever gets the lock the holder of a lease is dead: it is kept as long as that is shown.
          if (isLeft()) work.then(resolve, reject);
          while (isLeft() && !closed.aborted) await news(500);
          return work;
        };
        Promise.resolve(lock(granted, { signal: controller.signal })).then(resolve, reject);
      });
    } catch (error) {
      // One that refuses counts as missing.
      if (isGranted || closed.aborted) throw error;
      return attempt(isWanted, task, false, until);
    } finally {
      cancel();
      closed.removeEventListener('abort', stop);
    }
  }

  return async (isWanted, task, patience = refreshTimeout * 2 + 5_000) => {
    try {
      if (await parts.read()) return await queue(isWanted, task, clock() + patience);
      throw new Error('the store cannot be reached, and another context may have refreshed');
    } catch (error) {
      // What a task rejects with is a TokenError.
      if (asTokenError(error) || (parts.isStored() && port.whenDown !== 'alone')) throw error;
      return isWanted() && task({ commit, guard: (underlying) => underlying });
    }
  };
}
