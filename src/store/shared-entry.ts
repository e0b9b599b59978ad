/** The entry of a store, as one context reads and replaces it: every change is made in one step (R51). */
import { abortable, after, clock } from '../platform/timers.ts';
import type { Change } from '../session/changes.ts';
import { type How, isSignedIn } from '../session/session.ts';
import type { StoreEntry, StorePort } from '../types.ts';
import { type Found, type Lease, readEntry, writeEntry } from './entry.ts';
import { ask, inTurn, isDown, patiently, retry } from './line.ts';
import {
  adopt,
  entryOf,
  isBehind,
  isRead,
  isShared,
  keep,
  newest,
  type Replica,
  report,
  wrote,
} from './replica.ts';
import type { Conversion } from './terms.ts';

export interface Shared extends Replica {
  readonly port: StorePort;
  readonly conversion?: Conversion | undefined;
  readonly manager: Replica['manager'] & { flush(): void };
  /** The lease that was held last. */
  last?: HeldLease | undefined;
}

/** A lease that is held here, or was: for how long (ms), and when it was asked for, by both clocks. */
export interface HeldLease {
  readonly id: string;
  readonly ms: number;
  readonly date: number;
  readonly time: number;
}

/** By whichever clock ran more. */
export const ageOf = ({ date, time }: HeldLease): number => Math.max(Date.now() - date, clock() - time);

/** Whether the store still shows the lease of a turn that is over here, because it could not be written. */
export const isLeft = ({ last, known }: Shared): boolean =>
  !!last && known.lease?.id === last.id && ageOf(last) < last.ms;

const load = (shared: Shared) =>
  ask(shared, 'read', async () => {
    const entry = await shared.port.read();
    return shared.conversion ? shared.conversion.read(entry) : entry;
  });

/** Reads the entry, in a task that has its turn. */
export async function look(shared: Shared): Promise<void> {
  const entry = await load(shared);
  const { known } = shared;
  // Of one that is known already nothing is parsed: its tokens would be kept twice.
  const isKnown = isRead(shared) && entry?.version === known.version;
  adopt(shared, isKnown ? { ...known, age: entry?.age } : readEntry(entry, shared.manager));
}

/** Writes `next` over the known entry. `false`: there was another one, which has been taken over. */
async function replace(shared: Shared, next: Found, how: How, isQuiet: boolean): Promise<boolean> {
  const { known, port, stored, conversion } = shared;
  let lost: { error: unknown } | undefined;
  const send = () => {
    shared.stored = [next.state, ...stored].slice(0, 4);
    const entry = writeEntry(next, shared.manager);
    return port.replace(known.version, conversion ? conversion.write(entry) : entry, isQuiet);
  };
  const isDone = await ask(shared, 'write', send).catch((error) => {
    lost = { error };
  });
  // Perhaps it was made all the same, and its answer was lost.
  const found = isDone ? next : await load(shared);
  if (found?.version === next.version) {
    wrote(shared, next, how);
    return true;
  }
  shared.stored = stored;
  // Nobody else was first: it is the store that fails.
  if (lost && found?.version === known.version) {
    shared.operation = 'write';
    throw lost.error;
  }
  adopt(shared, readEntry(found as StoreEntry | undefined, shared.manager));
  return false;
}

/** Makes a change to the newest entry, in a task that has its turn. Answers whether it was made. */
async function update(shared: Shared, change: Change, how: How = {}, lease?: Lease | null): Promise<boolean> {
  if (!isRead(shared)) await look(shared);
  for (let tries = 0; ; tries++) {
    // Many at once, or one that never agrees.
    if (tries > 3)
      await abortable(new Promise<void>((resolve) => void after(tries * 5, resolve)), shared.turn);
    const now = newest(shared);
    // It was made, and another context has gone on with it.
    if (how.begins && now.id === how.begins) return true;
    const next = change(now);
    if (!next) return false;
    if (shared.known.kind === 'foreign' && !how.isExplicit && !how.begins) {
      if (!lease) keep(shared, next, how);
      return !lease;
    }
    if (await replace(shared, entryOf(shared, next, lease), how, !!lease)) return true;
  }
}

/** Runs `work` in its turn; where it fails, or the store is down, `otherwise`, before the next one has its turn. */
function attempt<T>(shared: Shared, work: () => Promise<T>, otherwise: (error: unknown) => T): Promise<T> {
  const task = async () => {
    let error: unknown = new Error('the store cannot be reached');
    try {
      if (!isDown(shared)) return await work();
    } catch (thrown) {
      error = report(shared, thrown);
    }
    return otherwise(error);
  };
  return isDown(shared) ? task() : patiently(shared, inTurn(shared, task));
}

/**
 * Reads the entry, in a task that has its turn. Tokens that the store lacks, because a write failed or it has lost one,
 * are written at once, unless somebody else's session has come in between: another context may be about to present the
 * spent ones.
 *
 * @param isAll - Ends, too.
 */
export async function catchUp(shared: Shared, isAll?: boolean): Promise<void> {
  await look(shared);
  const change: Change = (now) => (isBehind(shared) ? now : undefined);
  if (isBehind(shared) && (isAll || isSignedIn(shared.sessions.current.state)))
    await update(shared, change, {}, isLeft(shared) ? null : undefined);
}

/** Writes what could not be written. */
export function later(shared: Shared): void {
  const task = async () => {
    await catchUp(shared, true);
    shared.manager.flush();
  };
  retry(shared, task, shared.sessions.closed);
}

/**
 * Makes a change, here alone where the store cannot be reached. Answers whether it was made.
 *
 * @param lease - One that is taken with it, or `null`: it ends. Rejects where a lease cannot be taken.
 */
export function write(shared: Shared, change: Change, how?: How, lease?: Lease | null): Promise<boolean> {
  const makeHere = (error: unknown) => {
    // Nor is a session ended by what no replacement has confirmed (R51).
    if (lease || (how?.error && isShared(shared))) throw error;
    const next = change(newest(shared));
    if (next) keep(shared, next, how);
    later(shared);
    return !!next;
  };
  return attempt(shared, () => update(shared, change, how, lease), makeHere);
}

/** Reads the entry. Answers why the store could not be reached, if it could not. */
export async function read(shared: Shared): Promise<unknown> {
  const failure = await attempt<unknown>(
    shared,
    () => catchUp(shared),
    (error) => error,
  );
  // An end that could not be written, too.
  if (failure || isBehind(shared)) later(shared);
  return failure;
}
