/** One session of many contexts: every change is compared with the newest entry and made in one step (R51). */
import type { TokenEvents } from '../api.ts';
import { TokenError } from '../errors.ts';
import { after } from '../platform/timers.ts';
import { type Change, createId, signOut } from '../session/changes.ts';
import type { Commit, Sharing } from '../session/commit.ts';
import type { Held } from '../session/expiry.ts';
import { type How, isSignedIn, type SessionState, type Sessions } from '../session/session.ts';
import { summaryOf } from '../summary.ts';
import type { Refresh, StorePort } from '../types.ts';
import { type Format, type Lease, readEntry, writeEntry } from './entry.ts';
import { type Alone, type Cookie, createLease } from './lease.ts';
import { abandoned, createTurns, type Heed } from './patience.ts';
import { createReplica } from './replica.ts';
import { wishOf } from './wish.ts';

/** What a manager hands over to a store. */
export interface Manager {
  /** Checks tokens and works out their moments. */
  readonly accept: Format['restore'];
  readonly refresh: Refresh;
  readonly refreshTimeout: number;
  readonly sessions: Sessions;
  add(event: 'store-failed', payload: TokenEvents['store-failed']): void;
  flush(): void;
  /** Asks the server of a cookie who is signed in. */
  find(): Promise<void>;
}

/** A session that a store shares. */
export interface SharedSession extends Sharing {
  readonly whileAlone: Alone;
}

/** How the managers of one store in this context are told that one of them has replaced the entry. */
export type Siblings = Set<() => void>;

export function shareSession(
  port: StorePort,
  manager: Manager,
  siblings: Siblings,
  cookie?: Cookie,
): SharedSession {
  const keepsTokens = !cookie;
  const { sessions, add, flush, refresh, refreshTimeout } = manager;
  const format: Format = { restore: manager.accept, clientId: refresh.id, keepsTokens };
  const turns = createTurns();
  const replica = createReplica(
    { sessions, keepsTokens, forgets: port.forgets, onBad },
    readEntry(undefined, format),
  );
  /** What the store is asked for just now. */
  let operation: 'read' | 'write' = 'read';
  let writing: Held | undefined;
  let isGlancing = false;
  /** A refresh has committed, and still has its turn: its events wait until that is over (R55). */
  let isClosing = false;
  /** Requests wait for it. */
  let opening: Promise<unknown> | undefined;
  /** Sessions that sign-ins under way will begin: a sign-out that follows means them, too. */
  const beginning = new Set<string>();
  const hearers = new Set<() => void>();

  const state = () => sessions.current.state;

  function onBad(kind: string): void {
    const what =
      kind === 'damaged' ? 'is damaged, and is replaced' : 'is not of this client, and is left alone';
    add('store-failed', { operation: 'read', error: new Error(`the stored session ${what}`) });
  }

  function report(error: unknown): void {
    const tokens = [replica.newest().held, writing].flatMap((held) => {
      const { accessToken, refreshToken, idToken } = { ...held?.tokens };
      return [accessToken, refreshToken, idToken];
    });
    if (error !== abandoned) add('store-failed', { operation, error: summaryOf(error, tokens) });
  }

  const get = async (heed: Heed) => {
    operation = 'read';
    const found = await port.read();
    heed();
    turns.up();
    return found;
  };

  async function look(heed: Heed): Promise<void> {
    const found = await get(heed);
    const { known, isRead } = replica;
    const { current } = sessions;
    const { id } = current.state;
    if (!isRead || !found || found.version !== known.version) replica.adopt(readEntry(found, format));
    else replica.known = { ...known, age: found.age };
    // Another context has signed in or out; only the server knows what a cookie holds now.
    const isOther = current !== sessions.current || id !== state().id;
    if (!keepsTokens && isRead && isOther && !state().held) manager.find().catch(() => {});
  }

  /** Writes a state over the known entry. `false`: there was another one, which has been taken over. */
  async function put(heed: Heed, next: SessionState, how?: How, lease?: Lease | 'none'): Promise<boolean> {
    const entry = replica.entryOf(next, lease);
    writing = entry.state.held;
    const version = createId();
    let isDone = false;
    const isQuiet = !!lease && lease !== 'none';
    const { known } = replica;
    let lost: [unknown] | undefined;
    operation = 'write';
    replica.sending(entry);
    try {
      isDone = await port.replace(known.version, writeEntry(entry, version, format), isQuiet);
    } catch (error) {
      lost = [error];
    }
    heed();
    if (!isDone) {
      // Perhaps it was made all the same, and its answer was lost.
      const found = await get(heed);
      isDone = found?.version === version;
      if (!isDone) replica.adopt(readEntry(found, format));
      // Nobody else was first: it is the store that fails.
      if (!isDone && lost && found?.version === known.version) {
        operation = 'write';
        throw lost[0];
      }
    }
    turns.up();
    if (isDone) replica.wrote(entry, version, how);
    for (const sibling of siblings) if (isDone && !isQuiet && sibling !== glance) queueMicrotask(sibling);
    return isDone;
  }

  async function attempt(
    heed: Heed,
    change: Change,
    how: How = {},
    lease?: Lease | 'none',
  ): Promise<boolean> {
    if (!replica.isRead || replica.isUnwritten) await look(heed);
    for (let tries = 0; ; tries++) {
      // Many at once, or one that never agrees.
      if (tries > 3) await new Promise<void>((resolve) => void after(tries * 5, resolve));
      heed();
      const next = change(replica.newest());
      if (!next) return false;
      if (replica.known.kind === 'foreign' && !how.isExplicit && !how.begins) {
        if (lease) throw new Error("the store holds another client's session");
        replica.keep(next, how);
        return true;
      }
      if (await put(heed, next, how, lease)) return true;
    }
  }

  /** Writes what could not be written, unless somebody else's session has come in between. */
  const catchUp = async (heed: Heed): Promise<void> => {
    if (!replica.isUnwritten) await look(heed);
    else await attempt(heed, (now) => (isBehind() ? now : undefined));
    flush();
  };
  const isBehind = () => replica.isUnwritten && replica.known.kind !== 'foreign';
  const later = () => turns.retry(catchUp, () => turns.isDown || isBehind());

  /** Makes a change here alone, to be written later. */
  function makeHere(change: Change, how?: How): boolean {
    // No session is ended by what no replacement has confirmed (R51).
    if (how?.error && replica.isStored() && port.whenDown !== 'alone')
      throw new Error('the store cannot be reached');
    const next = change(replica.newest());
    if (next) replica.keep(next, how);
    later();
    return !!next;
  }

  async function write(change: Change, how?: How, lease?: Lease | 'none'): Promise<boolean> {
    let isMade: boolean | undefined;
    if (!turns.isDown) {
      const work = turns.inTurn(async (heed) => {
        try {
          isMade = await attempt(heed, change, how, lease);
        } catch (error) {
          heed();
          report(error);
          // Before the next task, which goes on from there.
          isMade = makeHere(change, how);
        }
      });
      await turns.patiently(work).catch((error) => {
        // Nobody waits any more, and what was begun changes nothing.
        if (error !== abandoned && (error as Error).name !== 'TimeoutError') throw error;
        report(error);
      });
    }
    return isMade ?? makeHere(change, how);
  }

  /** Requests wait for it. */
  function gate<T>(run: Promise<T>): Promise<T> {
    opening = run;
    return run.finally(() => {
      if (opening === run) opening = undefined;
    });
  }

  const commit: Commit = (change, how) => {
    const { begins } = how ?? {};
    if (!begins) return write(change, how);
    beginning.add(begins);
    return gate(write(change, how).finally(() => beginning.delete(begins)));
  };

  /** Answers whether the store could be reached. */
  async function read(): Promise<boolean> {
    let isReached = false;
    if (!turns.isDown) {
      const work = turns.inTurn(async (heed) => {
        await look(heed);
        isReached = true;
      });
      await turns.patiently(work).catch(report);
    }
    // A failed write, or a store that came back with an older entry.
    if (!isReached || isBehind()) later();
    return isReached;
  }

  /** Reads, and nobody waits. No timer: some platforms allow none outside a request. */
  async function glance(): Promise<void> {
    if (isGlancing || sessions.closed.aborted) return;
    isGlancing = true;
    await turns
      .inTurn((heed) => {
        // What comes from now on is news again.
        isGlancing = false;
        return look(heed);
      })
      .catch(report);
    isGlancing = false;
    if (isBehind()) later();
    if (!isClosing) flush();
    for (const hearer of hearers) hearer();
  }

  const whileAlone = createLease({
    ...{ port, cookie, refreshTimeout, read },
    closed: sessions.closed,
    known: () => replica.known,
    seenAt: () => replica.seenAt,
    isStored: replica.isStored,
    async put(next, change) {
      if (turns.isDown) throw new Error('the store is down');
      return turns.patiently(turns.inTurn((heed) => attempt(heed, change, {}, next)));
    },
    commit(change, how) {
      isClosing = true;
      return write(change, how, 'none');
    },
    onNews(hearer) {
      hearers.add(hearer);
      return () => hearers.delete(hearer);
    },
  });

  siblings.add(glance);
  /** The first look; given up when it hangs. */
  let first: Promise<void> | undefined = glance();
  let unwatch: (() => void) | undefined;
  try {
    unwatch = port.watch?.(glance);
  } catch (error) {
    report(error);
  }

  return {
    commit,
    async end(end) {
      const was = state();
      const following = new Set(beginning);
      // Before the store was read nobody knows which session it is.
      const isKnown = replica.isRead || isSignedIn(was);
      let newest = was.held;
      const change = signOut((now) => {
        const isMeant = !isKnown || now.id === was.id || following.has(`${now.id}`);
        if (isMeant) newest = now.held ?? newest;
        return isMeant;
      }, end);
      if (isSignedIn(was)) sessions.apply({ ...was, end });
      await write(change, { isExplicit: true });
      return newest;
    },
    get isRead() {
      return replica.isRead;
    },
    get isOpening() {
      return !!opening || (!replica.isRead && !isSignedIn(state()));
    },
    async settle() {
      while (opening) await opening;
      if (first) await turns.patiently(first).catch(report);
      first = undefined;
      if (!replica.isRead && !isSignedIn(state())) await read();
      flush();
      if (replica.isRead || isSignedIn(state()) || state().end) return;
      throw new TokenError('refresh-failed', {
        message: 'no new token: the store cannot be read, so it is not known who is signed in',
        retryAt: Date.now() + 1_000,
      });
    },
    wake: () => void gate(read().then(flush)),
    whileAlone,
    alone: (asked, task) =>
      whileAlone(wishOf(asked), task).finally(() => {
        isClosing = false;
      }),
    afterAll: (task) => task(),
    close() {
      siblings.delete(glance);
      unwatch?.();
      unwatch = undefined;
      turns.close();
      for (const hearer of hearers) hearer();
    },
  };
}
