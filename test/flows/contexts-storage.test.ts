/** Contexts that cannot share what they hold: it could not be stored, is damaged or of a newer version. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { CommitParts } from '../../src/commit.ts';
import { TokenError } from '../../src/errors.ts';
import { memoryStorage } from '../../src/storage.ts';
import { follow, short } from '../support/recorder.ts';
import { login, settle } from '../support/refresh.ts';
import {
  always,
  createContext,
  createDisk,
  createSharedLedger,
  held,
  openTabs,
  stored,
} from '../support/sessions.ts';
import { createManager, createWorld } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const ended = new TokenError('session-ended');

describe('R39: tokens that could not be stored', () => {
  test('serve their context, also when somebody else signs in elsewhere, whose record they leave alone', async () => {
    const { a, b } = await openTabs();
    a.store.mood = 'full';
    await a.refresh('second');
    await b.signIn('somebody else');
    await a.hear(b);
    a.store.mood = 'well';
    for (const token of ['third', 'fourth']) {
      expect([await a.claim(), await a.refresh(token), a.token()]).toEqual([true, true, token]);
    }
    expect([stored(a.store), stored(b.store), await b.claim()]).toEqual([
      ...['somebody else', 'somebody else'],
      true,
    ]);
    await a.sessions.end();
    await b.hear(a);
    expect([a.token(), b.token(), stored(b.store)]).toEqual([undefined, 'somebody else', 'somebody else']);
  });

  test('R35: and that the server refuses end in their context alone', async () => {
    const { a, b } = await openTabs();
    a.store.mood = 'full';
    await a.refresh('second');
    await b.signIn('somebody else');
    expect(await a.sessions.expire(always, ended)).toBe(true);
    expect([short(a.told).at(-1), b.token(), stored(b.store)]).toEqual([
      'signed-out ended',
      ...['somebody else', 'somebody else'],
    ]);
  });

  test('make the others drop the spent refresh token they have, and no sooner than it is asked for', async () => {
    const { a, b } = await openTabs();
    a.store.mood = 'full';
    await a.refresh('second');
    const looking = b.look();
    await vi.advanceTimersByTimeAsync(3_000);
    await looking;
    expect([b.token(), await b.claim(true)]).toEqual(['first', false]);
    const spending = b.spend();
    await vi.advanceTimersByTimeAsync(300);
    await spending;
    expect([b.token(), short(b.told)]).toEqual([undefined, ['signed-out other-context']]);
    a.store.mood = 'well';
    vi.setSystemTime(5_000);
    await a.refresh('third');
    await b.hear(a);
    expect([b.token(), short(b.told).at(-1)]).toEqual(['third', 'signed-in other-context']);
  });

  test('of a new session leave the others without one, whose record is older', async () => {
    const { a, b } = await openTabs();
    a.store.mood = 'full';
    await a.signIn('somebody else');
    const hearing = b.hear(a);
    await vi.advanceTimersByTimeAsync(3_000);
    await hearing;
    await a.look();
    expect([a.token(), b.token(), stored(b.store)]).toEqual(['somebody else', undefined, 'first']);
  });
});

describe('R52: a record of a newer version', () => {
  test('makes a context drop its own copy, and is left alone by what was under way', async () => {
    const { a, b } = await openTabs();
    const answer = a.sendRefresh();
    a.store.mood = 'newer';
    await a.look();
    expect([a.token(), short(a.told), await answer('late')]).toEqual([
      undefined,
      ['signed-out other-context'],
      false,
    ]);
    expect([stored(b.store), b.token()]).toEqual(['first', 'first']);
  });

  test.each([true, false])('is replaced by a sign-in (%s) or a sign-out', async (isSignIn) => {
    const { a, b } = await openTabs();
    a.store.mood = 'newer';
    await a.look();
    await (isSignIn ? a.signIn('mine') : a.sessions.end());
    expect(stored(b.store)).toBe(isSignIn ? 'mine' : undefined);
  });

  test('that a sign-in has replaced is forgotten: what comes after it is stored', async () => {
    const { a, b } = await openTabs();
    a.store.mood = 'newer';
    await a.look();
    await a.signIn('mine');
    expect([await a.refresh('next'), stored(b.store)]).toEqual([true, 'next']);
  });

  test('is not replaced by what a cookie restores', async () => {
    const store = createDisk().open();
    const { sessions, token } = createContext({ store, ledger: createSharedLedger() });
    Object.assign(store, { mood: 'newer' });
    await sessions.sync('restored');
    await sessions.open(always, held('restored'), 'restored');
    expect([token(), store.now]).toEqual(['restored', undefined]);
  });
});

test('R51: where the user has cleared record and ledger, the session is over in every context', async () => {
  const { a, b, ledger } = await openTabs();
  a.store.now = undefined;
  await a.look();
  expect(a.token(), 'with a ledger that still knows it').toBe('first');
  ledger.entries.clear();
  b.store.now = undefined;
  for (const tab of [a, b]) await tab.look();
  expect([a, b].map(({ told }) => short(told))).toEqual(Array(2).fill(['signed-out other-context']));
});

describe('R52: a damaged record', () => {
  /** Damaged as far as one of two contexts can see, which does as `behindLock` says. */
  async function damage(behindLock: CommitParts['behindLock']) {
    const { a, b, ledger } = await openTabs();
    const tab = createContext({ store: b.store, ledger, behindLock });
    await tab.sessions.sync('restored');
    b.store.mood = 'damaged';
    return { a, tab, store: b.store };
  }

  test('that was seen half written is read again behind the lock, and is good then', async () => {
    const behindLock = vi.fn(async (task: () => Promise<unknown>) => {
      store.mood = 'well';
      await task();
    });
    const { a, tab, store } = await damage(behindLock);
    await a.refresh('second');
    await tab.hear(a);
    expect([tab.token(), stored(store), behindLock.mock.calls.length]).toEqual(['second', 'second', 1]);
  });

  test('that is still damaged behind the lock is removed; who has tokens keeps them and stores the next', async () => {
    const { a, tab, store } = await damage((task) => task());
    await tab.look();
    expect([tab.token(), stored(store), stored(a.store)]).toEqual(['first', undefined, undefined]);
    expect([await tab.refresh('second'), stored(a.store)]).toEqual([true, 'second']);
  });

  test('is left alone where the lock is not to be had', async () => {
    const { a, tab } = await damage(() => Promise.reject(new Error('not granted')));
    await tab.look();
    expect([tab.token(), stored(a.store)]).toEqual(['first', 'first']);
  });

  test('R34: needs no second lock of one who refreshes, and a good one needs none at all', async () => {
    const behindLock = vi.fn(async () => {});
    const { tab, store } = await damage(behindLock);
    await tab.spend();
    expect([store.mood, stored(store)]).toEqual(['well', undefined]);
    await tab.look();
    expect(behindLock).not.toHaveBeenCalled();
  });

  test('R34: in the middle of a refresh does not wait for its own lock, where there are no Web Locks', async () => {
    vi.stubGlobal('navigator', undefined);
    const storage = { ...memoryStorage() };
    const world = createWorld();
    const auth = createManager(world, { storage, name: 'contexts-storage' });
    await auth.signIn(login());
    storage.setItem('contexts-storage', 'damaged');
    const refreshed = follow(auth.refresh());
    await settle();
    expect([refreshed.state, world.refreshes.length]).toEqual(['resolved', 1]);
  });
});
