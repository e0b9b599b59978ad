/** The session of one manager, as its store shares it with others. */
import type { TokenEvents } from '../api.ts';
import { TokenError } from '../errors.ts';
import { listenToLeave } from '../platform/page.ts';
import { Ending, within } from '../platform/timers.ts';
import { signOut } from '../session/changes.ts';
import type { Conclude, Sharing } from '../session/commit.ts';
import type { Accept } from '../session/expiry.ts';
import { type End, isSignedIn, type Sessions } from '../session/session.ts';
import type { Refresh, StorePort } from '../types.ts';
import { type Cookie, whileAlone } from './lease.ts';
import { createLine } from './line.ts';
import { glance, type Hearing, wake } from './news.ts';
import { createReplica, isRead, report } from './replica.ts';
import { read, write } from './shared-entry.ts';
import { wantedBy } from './wanted.ts';

/** What a manager hands over to a store. */
export interface Manager {
  /** Checks tokens and works out their moments. */
  readonly accept: Accept;
  readonly refresh: Refresh;
  readonly refreshTimeout: number;
  readonly sessions: Sessions;
  summarize(thrown: unknown): Error;
  add(event: 'store-failed', payload: TokenEvents['store-failed']): void;
  flush(): void;
  /** Asks the server of a cookie who is signed in. */
  find(): Promise<void>;
}

/** Copied once, where it is made: V8 keeps what grows by many members as a hash table. */
export const createShared = (port: StorePort, manager: Manager, cookie?: Cookie): Hearing =>
  Object.assign(
    {
      accept: manager.accept,
      refresh: manager.refresh,
      refreshTimeout: manager.refreshTimeout,
      sessions: manager.sessions,
      summarize: manager.summarize,
      add: manager.add,
      flush: manager.flush,
      port,
      cookie,
      news: new Ending(),
      isGlancing: false,
      isLeft: () => false,
    },
    createLine(),
    createReplica(),
  );

/** Ends the session, here at once; `others` are sessions that are meant, too. */
async function endShared(shared: Hearing, end: End, conclude: Conclude, others: Set<string>): Promise<void> {
  const was = shared.sessions.current.state;
  // Before the store was read nobody knows which session it is.
  const isKnown = isKnownIn(shared);
  let newest = was.held;
  const change = signOut((now) => {
    const isRevived = !!was.id && now.revives === was.id;
    const isMeant = !isKnown || now.id === was.id || isRevived || others.has(`${now.id}`);
    if (isMeant) newest = now.held ?? newest;
    return isMeant;
  }, end);
  if (isSignedIn(was)) shared.sessions.apply({ ...was, end });
  let done: Promise<unknown> | undefined;
  const once = async () => {
    done ??= conclude(newest);
    await done;
  };
  // A page that is left at once waits neither for the store nor for other contexts.
  const stay = listenToLeave(() => void once());
  try {
    await write(shared, change, { isExplicit: true });
    if (end.isRevoked) await shared.cookie?.afterAll(shared, once);
    await once();
  } finally {
    stay();
  }
}

/** Whether it is known who is signed in. */
const isKnownIn = (shared: Hearing) => isRead(shared) || isSignedIn(shared.sessions.current.state);

export function shareSession(shared: Hearing): Required<Sharing> {
  const { port, sessions, flush } = shared;
  /** Requests wait for it. */
  let opening: Promise<unknown> | undefined;
  /** Sessions that sign-ins under way will begin: a sign-out that follows means them, too. */
  const beginning = new Set<string>();

  function gate<T>(run: Promise<T>): Promise<T> {
    opening = run;
    return run.finally(() => {
      if (opening === run) opening = undefined;
    });
  }

  glance(shared, true);
  let unwatch: (() => void) | undefined;
  try {
    unwatch = port.watch?.(() => glance(shared));
  } catch (error) {
    report(shared, error);
  }

  return {
    commit(change, how) {
      const run = write(shared, change, how);
      const { begins } = how ?? {};
      if (!begins) return run;
      beginning.add(begins);
      return gate(run.finally(() => beginning.delete(begins)));
    },
    end: (end, conclude) => endShared(shared, end, conclude, new Set(beginning)),
    isRead: () => isRead(shared),
    isOpening: () => !!opening || !isKnownIn(shared),
    async settle() {
      // A sign-in whose request died would be waited for for ever.
      while (opening) await within('the store', 15_000, () => opening).catch(() => gate(Promise.resolve()));
      // The first look may be under way.
      if (!isKnownIn(shared)) await read(shared);
      flush();
      if (isKnownIn(shared) || sessions.current.state.end) return;
      throw new TokenError('refresh-failed', {
        message: 'no new token: the store cannot be read, so it is not known who is signed in',
        retryAt: Date.now() + 1_000,
      });
    },
    wake: () => void gate(read(shared).then(flush)),
    alone: (run, task) => whileAlone(shared, wantedBy(run), task),
    close() {
      shared.cancel();
      wake(shared);
      try {
        unwatch?.();
      } catch (error) {
        report(shared, error);
      }
      unwatch = undefined;
    },
  };
}
