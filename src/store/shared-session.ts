/** The session of one manager, as its store shares it with others. */
import type { TokenEvents } from '../api.ts';
import { TokenError } from '../errors.ts';
import { listenToLeave } from '../platform/page.ts';
import { type Ending, within } from '../platform/timers.ts';
import { type Change, signOut } from '../session/changes.ts';
import type { Conclude, Sharing, Turn } from '../session/commit.ts';
import type { Accept, Held } from '../session/expiry.ts';
import { type End, type How, isSignedIn, type Run, type Sessions } from '../session/session.ts';
import type { Refresh, StorePort } from '../types.ts';
import { type Cookie, whileAlone } from './lease.ts';
import { glance, type Hearing, rouse } from './news.ts';
import { isRead, Replica, report } from './replica.ts';
import { read, write } from './shared-entry.ts';
import type { Conversion } from './terms.ts';
import { wantedBy } from './wanted.ts';

/** What a manager hands over to a store. */
export interface Manager {
  /** Checks tokens and works out their moments. */
  accept(...args: Parameters<Accept>): Held;
  readonly refresh: Refresh;
  /** Its mark. */
  readonly withoutRefreshToken: Refresh['withoutRefreshToken'];
  readonly refreshTimeout: number;
  readonly sessions: Sessions;
  summarize(thrown: unknown): Error;
  add(event: 'store-failed', payload: TokenEvents['store-failed']): void;
  flush(): void;
  /** Asks the server of a cookie who is signed in. */
  find(): Promise<void>;
}

/** Ends the session, here at once; `others` are sessions that are meant, too. */
async function endShared(
  shared: SharedSession,
  end: End,
  conclude: Conclude,
  others: readonly string[],
): Promise<void> {
  const was = shared.sessions.current.state;
  // Before the store was read nobody knows which session it is.
  const isKnown = isKnownIn(shared);
  let newest = was.held;
  const change = signOut((now) => {
    const isRevived = !!was.id && now.revives === was.id;
    const isMeant = !isKnown || now.id === was.id || isRevived || others.includes(`${now.id}`);
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
const isKnownIn = (shared: SharedSession) => isRead(shared) || isSignedIn(shared.sessions.current.state);

/** Methods of a class, because a server keeps one for each of ten thousand sessions. */
export class SharedSession extends Replica implements Hearing, Sharing {
  readonly port: StorePort;
  readonly manager: Manager;
  readonly sessions: Sessions;
  readonly conversion: Conversion | undefined;
  readonly cookie: Cookie | undefined;
  news: Ending | undefined;
  me: string | undefined;
  holding: string | undefined;
  last: Hearing['last'];
  isGlancing = false;
  /** Requests wait for it. */
  #opening: Promise<unknown> | undefined;
  /** Sessions that sign-ins under way will begin: a sign-out that follows means them, too. */
  #beginning: readonly string[] = [];
  #unwatch: (() => void) | undefined;

  constructor(port: StorePort, manager: Manager, conversion?: Conversion, cookie?: Cookie) {
    super();
    this.port = port;
    this.manager = manager;
    this.sessions = manager.sessions;
    this.conversion = conversion;
    this.cookie = cookie;
    glance(this, true);
    try {
      this.#unwatch = port.watch?.(() => glance(this));
    } catch (error) {
      report(this, error);
    }
  }

  commit(change: Change, how?: How): Promise<boolean> {
    const run = write(this, change, how);
    const { begins } = how ?? {};
    if (!begins) return run;
    this.#beginning = this.#beginning.concat(begins);
    const begun = run.finally(() => {
      this.#beginning = this.#beginning.filter((one) => one !== begins);
    });
    return this.#gate(begun);
  }

  end(end: End, conclude: Conclude): Promise<void> {
    return endShared(this, end, conclude, this.#beginning);
  }

  isRead(): boolean {
    return isRead(this);
  }

  isOpening(): boolean {
    return !!this.#opening || !isKnownIn(this);
  }

  async settle(): Promise<void> {
    // A sign-in whose request died would be waited for for ever.
    while (this.#opening)
      await within('the store', 15_000, () => this.#opening).catch(() => this.#gate(Promise.resolve()));
    // The first look may be under way.
    if (!isKnownIn(this)) await read(this);
    this.manager.flush();
    if (isKnownIn(this) || this.sessions.current.state.end) return;
    throw new TokenError('refresh-failed', {
      message: 'no new token: the store cannot be read, so it is not known who is signed in',
      retryAt: Date.now() + 1_000,
    });
  }

  wake(): void {
    this.#gate(read(this).then(() => this.manager.flush()));
  }

  alone(run: Run, task: (turn: Turn) => Promise<unknown>): Promise<unknown> {
    return whileAlone(this, wantedBy(run), task);
  }

  close(): void {
    this.cancel?.();
    rouse(this);
    try {
      this.#unwatch?.();
    } catch (error) {
      report(this, error);
    }
    this.#unwatch = undefined;
  }

  #gate<T>(run: Promise<T>): Promise<T> {
    this.#opening = run;
    return run.finally(() => {
      if (this.#opening === run) this.#opening = undefined;
    });
  }
}
