/** Sessions without a manager: one context alone, or several that share a stored record and a ledger. */
import { vi } from 'vitest';
import { type CommitParts, createSessions } from '../../src/commit.ts';
import type { Held, Look, Sessions } from '../../src/contracts.ts';
import type { Events } from '../../src/events.ts';
import { type Entry, type Ledger, noLedger } from '../../src/ledger.ts';
import { createSessionState } from '../../src/session.ts';
import type { RecordStore, StoredSession } from '../../src/storage.ts';
import type { Told } from './recorder.ts';
import { deferred } from './world.ts';

export const always = () => true;

/** Tokens that never expire. */
export const held = (accessToken: string): Held => ({
  tokens: { accessToken, tokenType: 'Bearer' },
  ...{ issuedAt: 0, expiresAt: 1 / 0, aheadAt: 1 / 0, waitAt: 1 / 0 },
});

/** What one context sees of a disk. */
export interface View extends RecordStore {
  /** What it reads. */
  now: StoredSession | undefined;
  /** What its writes and reads come to; those of a slow one wait in `pending`. */
  mood: 'well' | 'slow' | 'full' | 'blocked' | 'newer' | 'damaged';
  readonly pending: (() => void)[];
  readonly reads: number;
}

/** A storage that several contexts open: what one writes, the others read `lag` ms later. */
export function createDisk({ lag = 0, isAsync = false }: { lag?: number; isAsync?: boolean } = {}) {
  const views: View[] = [];
  let writes = 0;
  /** The newest write that each view has seen: what comes late never hides it. */
  const seen = new Map<View, number>();
  const arrive = (next: StoredSession | undefined, from: View) => {
    const write = ++writes;
    for (const view of views) {
      const show = () => {
        if (write < Number(seen.get(view))) return;
        seen.set(view, write);
        view.now = next;
      };
      if (view === from || !lag) show();
      else if (lag < 1 / 0) setTimeout(show, lag);
    }
  };
  return {
    open(now: StoredSession | undefined = views[0]?.now): View {
      let reads = 0;
      const view: View = {
        isAsync,
        now,
        mood: 'well',
        pending: [],
        get reads() {
          return reads;
        },
        async read(isLocked) {
          reads++;
          if (view.mood === 'blocked') return undefined;
          if (view.mood === 'newer') return 'newer';
          if (view.mood !== 'damaged') return view.now ?? 'none';
          if (!isLocked) return 'damaged';
          await view.write(undefined);
          return undefined;
        },
        async write(next) {
          if (view.mood === 'full' || view.mood === 'blocked') return false;
          if (view.mood === 'slow') {
            const { promise, resolve } = deferred();
            view.pending.push(resolve);
            await promise;
          }
          if (view.mood === 'damaged') view.mood = 'well';
          arrive(next, view);
          return true;
        },
      };
      views.push(view);
      return view;
    },
  };
}

/** A ledger that every context sees at once. */
export function createSharedLedger(isPerSession = false) {
  const entries = new Map<string | undefined, Entry>();
  const ledger: Ledger = {
    isShared: true,
    isPerSession,
    async visit(id, change) {
      const key = isPerSession ? id : 'all';
      await Promise.resolve();
      const entry = entries.get(key);
      const next = change?.(entry);
      if (next) entries.set(key, next);
      return entry;
    },
  };
  return { ...ledger, entries };
}

export interface Context {
  readonly sessions: Sessions;
  readonly told: Told[];
  /** The numbers that it told the others. */
  readonly posted: number[];
  token(): string | undefined;
  signIn(token: string): Promise<unknown>;
  /** A refresh is sent now; what comes back brings the token. */
  sendRefresh(): (token: string) => Promise<unknown>;
  refresh(token: string): Promise<unknown>;
  /** Captured tokens; `isPartial`: an access token alone. */
  capture(token: string, isPartial?: boolean): Promise<unknown>;
  /** Reads again: by itself, as told by another context, or because it is about to spend what it has. */
  look(options?: Look): Promise<void>;
  hear(teller: Context): Promise<void>;
  spend(): Promise<void>;
  /** Asks for the claim as one that waited long enough, or as one that did not. */
  claim(mayTake?: boolean): Promise<boolean> | undefined;
}

export interface ContextParts {
  store?: RecordStore;
  ledger?: Ledger;
  add?: Events['add'];
  behindLock?: CommitParts['behindLock'];
  post?: CommitParts['post'];
}

export function createContext({
  store,
  ledger = noLedger,
  add,
  behindLock = (task) => task(),
  post,
}: ContextParts = {}): Context {
  const told: Told[] = [];
  const posted: number[] = [];
  let captures = 0;
  const state = createSessionState(add ?? ((...entry) => told.push(entry)));
  const tell = (n: number) => {
    posted.push(n);
    post?.(n);
  };
  const sessions = createSessions({ state, store, ledger, behindLock, post: tell });
  const look = (options?: Look) => sessions.sync('other-context', options);
  const sendRefresh = () => {
    const { current } = sessions;
    const { base } = current;
    const fits = () => sessions.current === current && current.base === base;
    return (token: string) => sessions.replace(fits, () => held(token), { cause: 'manual', startedAt: 0 });
  };
  return {
    ...{ sessions, told, posted, look, sendRefresh },
    token: () => sessions.current.held?.tokens.accessToken,
    signIn: (token) => sessions.open(always, held(token), 'local'),
    refresh: (token) => sendRefresh()(token),
    capture(token, isPartial = false) {
      const { current } = sessions;
      const carried = current.held;
      const why = { cause: 'captured', startedAt: 0, captured: ++captures, isPartial } as const;
      return sessions.replace(
        () => sessions.current === current && (!isPartial || current.held === carried),
        () => held(token),
        why,
      );
    },
    hear: (teller) => look({ heard: teller.posted.at(-1) ?? 0 }),
    spend: () => look({ isLocked: true, isSpending: true }),
    claim: (mayTake = false) => sessions.claim?.(always, true, () => mayTake),
  };
}

export interface Tab extends Context {
  readonly store: View;
}

/** Contexts over one disk and one ledger; the first has signed in, and the others know. */
export async function openTabs(options: { lag?: number; isAsync?: boolean } = {}) {
  const [disk, ledger] = [createDisk(options), createSharedLedger()];
  const open = (): Tab => {
    const store = disk.open();
    return { ...createContext({ store, ledger }), store };
  };
  const a = open();
  await a.signIn('first');
  const [b, c] = [open(), open()];
  for (const { sessions, told } of [b, c]) {
    await sessions.sync('restored');
    told.length = 0;
  }
  a.told.length = 0;
  return { a, b, c, ledger };
}

/** The access token in a record. */
export const stored = ({ now }: View): string | undefined => now?.held.tokens.accessToken;

/** How long a look took, in ms of fake time. */
export async function timed(look: Promise<unknown>): Promise<number> {
  const began = Date.now();
  let took = Number.NaN;
  look.then(() => {
    took = Date.now() - began;
  });
  await vi.advanceTimersByTimeAsync(5_000);
  return took;
}
