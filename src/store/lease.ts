/** Who presents the refresh token: one context at a time, also when one of them dies, hangs or is frozen (R54). */
import { asTokenError } from '../errors.ts';
import { abortable, clock, Ending, within } from '../platform/timers.ts';
import { type Change, createId, type restore } from '../session/changes.ts';
import type { Turn } from '../session/commit.ts';
import type { Found, Lease } from './entry.ts';
import { isShared } from './replica.ts';
import { ageOf, type HeldLease, isLeft, read, type Shared, write } from './shared-entry.ts';
import type { IsWanted } from './wanted.ts';

export interface Leasing extends Shared {
  readonly cookie: Cookie | undefined;
  readonly manager: Shared['manager'] & { readonly refreshTimeout: number };
  /** Over when there may be news; somebody waits for it. */
  news?: Ending | undefined;
  /** By whom leases are taken here, and the one that is held just now. */
  me?: string | undefined;
  holding?: string | undefined;
}

/** What is different where a cookie holds the session. */
export interface Cookie {
  /** So long the request of a page that was left may still be on the wire (ms). */
  graceOf(found: Found): number;
  /** Runs `task`, more than once perhaps, when nobody else asks for what the cookie holds, or in 5 s. */
  afterAll(shared: Leasing, task: () => Promise<void>): Promise<unknown>;
  /** What a refresh with nothing in hand has brought. */
  restore: typeof restore;
}

type Task = (turn: Turn) => Promise<unknown>;

const taken = () => new Error('another context is refreshing');

/** At most this long a lease lasts (ms); it can be taken again. */
const LONGEST = 300_000;

/** How long the others' lease lasts (ms). */
function left({ known, leaseSeenAt, cookie, me, holding }: Leasing, isLocked: boolean): number {
  const { lease, age } = known;
  // A lease of this context from before; but while it is at it, the next one waits, too.
  if (!lease || (lease.by === me && lease.id !== holding)) return 0;
  // Its holder is dead: it could not lose the lock alive.
  const isOrphan = isLocked && lease.isLocked;
  const ms = isOrphan ? (cookie?.graceOf(known) ?? 0) : Math.min(lease.ms, LONGEST);
  // A port of the user's own may work out no number.
  return Math.max(0, ms - Math.max(clock() - leaseSeenAt, Number(age) || 0));
}

/** Takes the lease. Its time runs from before it was asked for, by whichever clock runs more. */
async function take(shared: Leasing, isWanted: () => boolean, isLocked: boolean) {
  shared.me ??= createId();
  const ms = Math.min(shared.manager.refreshTimeout * 2 + 2_000, LONGEST);
  const lease: Lease = { id: createId(), by: shared.me, isLocked, ms };
  const mine: HeldLease = { id: lease.id, ms, date: Date.now(), time: clock() };
  const change: Change = (now) => (isWanted() ? now : undefined);
  const isTaken = await write(shared, change, undefined, lease);
  if (isTaken) shared.holding = lease.id;
  return isTaken ? mine : undefined;
}

/** Answers whether the task had its turn. */
async function hold(shared: Leasing, isWanted: IsWanted, task: Task, isLocked: boolean): Promise<boolean> {
  const isDue = () => {
    try {
      return !left(shared, isLocked) && isWanted();
    } catch {
      // Another context has begun a back-off: who competes is told, and it is no failure of the store.
      return false;
    }
  };
  let mine = await take(shared, isDue, isLocked);
  if (!mine) return false;
  const isMine = () => !!mine && shared.known.lease?.id === mine.id;
  const guard: Turn['guard'] = (underlying, signal) => async (input, init) => {
    // Who has lost it once presents nothing any more: the token was read before.
    if (mine && ageOf(mine) >= mine.ms / 2) mine = await take(shared, isMine, isLocked);
    // So late it would be aborted with an answer on the way.
    if (!mine || Date.now() > Number(signal.deadline) - shared.manager.refreshTimeout) throw taken();
    return underlying(input, init);
  };
  try {
    const commit: Turn['commit'] = (change, how) => write(shared, change, how, null);
    await task({ commit, guard, restore: shared.cookie?.restore });
  } finally {
    // Nothing was committed: the others need not wait, but until the back-off is over.
    const release: Change = (now) => {
      const { id, failure } = shared.sessions.current.state;
      return isMine() ? { ...now, ...(id === now.id && { failure }) } : undefined;
    };
    if (isMine()) await write(shared, release, undefined, null);
    shared.last = mine;
    shared.holding = undefined;
  }
  return true;
}

async function reach(shared: Leasing): Promise<void> {
  const failure = await read(shared);
  if (failure) throw failure;
}

/** Waits for news, which may be lost. */
function listen(shared: Leasing, ms: number): Promise<unknown> {
  shared.news ??= new Ending();
  const { news } = shared;
  const wait = (signal: AbortSignal) => abortable(new Promise(() => {}), signal, news);
  return within('the wait', Math.min(ms, 200), wait, false).catch(() => {});
}

async function compete(
  shared: Leasing,
  isWanted: IsWanted,
  task: Task,
  isLocked: boolean,
  until: number,
): Promise<unknown> {
  for (;;) {
    if (shared.known.kind === 'foreign') throw new Error("the store holds another client's session");
    const ms = left(shared, isLocked);
    if (!isWanted(ms ? shared.known.lease?.id : undefined)) return undefined;
    if (!ms) {
      if (await hold(shared, isWanted, task, isLocked)) return undefined;
    } else {
      const patience = until - clock();
      if (patience <= 0) throw taken();
      await listen(shared, Math.min(ms, patience));
      if (shared.sessions.closed.aborted) return undefined;
      await reach(shared);
    }
  }
}

/** With the lock of all contexts, where there is one; who does not get it in time goes on without. */
function queue(shared: Leasing, isWanted: IsWanted, task: Task, until: number): Promise<unknown> {
  const { port, sessions } = shared;
  const { closed } = sessions;
  const controller = new AbortController();
  let work: Promise<unknown> | undefined;
  const begin = (isLocked: boolean) => {
    work ??= compete(shared, isWanted, task, isLocked, until);
    return work;
  };
  return new Promise((resolve) => {
    const done = () => resolve(begin(false));
    const begun = new Promise<unknown>((go) => {
      const granted = async () => {
        if (work) return;
        go(undefined);
        await begin(true).catch(() => {});
        // To whoever gets the lock the holder of a lease is dead: it is kept as long as that is shown.
        if (isLeft(shared)) done();
        while (isLeft(shared) && !closed.aborted) await listen(shared, 500);
      };
      const lock = async () => port.lock?.(granted, { signal: controller.signal });
      // One that refuses counts as missing.
      lock().then(go, go).then(done);
    });
    // Whose callers have given up keeps no process alive.
    within('the lock', until - clock(), () => abortable(begun, closed), false).catch(() => {
      // Once granted it is ignored; a lock that does not heed it is not waited for.
      controller.abort(taken());
      done();
    });
  });
}

/**
 * Runs `task` while nobody else presents the refresh token.
 *
 * @param patience - Milliseconds that the other contexts are waited for; by default longer than they may take.
 */
export async function whileAlone(
  shared: Leasing,
  isWanted: IsWanted,
  task: Task,
  patience = shared.manager.refreshTimeout * 2 + 5_000,
): Promise<unknown> {
  try {
    await reach(shared);
    return await queue(shared, isWanted, task, clock() + patience);
  } catch (error) {
    // What a task rejects with is a TokenError.
    if (asTokenError(error) || isShared(shared)) throw error;
    const commit: Turn['commit'] = (change, how) => write(shared, change, how);
    return isWanted() && task({ commit, guard: (underlying) => underlying, restore: shared.cookie?.restore });
  }
}
