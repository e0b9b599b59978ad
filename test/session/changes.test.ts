import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TokenError } from '../src/errors.ts';
import { createLedger, noLedger } from '../src/ledger.ts';
import type { StoredSession } from '../src/storage.ts';
import { follow, short } from './support/recorder.ts';
import { settle } from './support/refresh.ts';
import {
  always,
  createContext,
  createDisk,
  createSharedLedger,
  held,
  type View,
} from './support/sessions.ts';
import { deferred } from './support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const kinds = {
  'a ledger that all contexts see': () => createSharedLedger(),
  'a ledger of its own': () =>
    createLedger('shop', { getItem: () => null, setItem() {}, removeItem() {} }, false),
  'no ledger': () => noLedger,
};

describe.each(Object.entries(kinds))('one context, with %s,', (kind, createLedgerOf) => {
  /** A context, its record, and what it wrote. */
  function setUp(spoil: Partial<View> = {}) {
    const store = createDisk().open();
    const written: (string | undefined)[] = [];
    const { write } = store;
    store.write = (next) => {
      written.push(next?.held.tokens.accessToken);
      return write(next);
    };
    Object.assign(store, spoil);
    const ledger = createLedgerOf();
    return { ...createContext({ store, ledger }), store, ledger, written };
  }

  test('R30: a commit that does not find what it expects when its turn comes writes nothing', async () => {
    const { signIn, sendRefresh, sessions, token, store, written, told } = setUp();
    await signIn('a');
    const answers = [sendRefresh(), sendRefresh()];
    const both = answers.map((answer, index) => answer(`b${index}`));
    expect(await Promise.all(both)).toEqual([true, false]);
    expect([token(), store.now?.held, written]).toEqual(['b0', sessions.current.held, ['a', 'b0']]);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed manual']);
  });

  test('R39, R32: tokens are stored before they are used, and a sign-out meanwhile leaves none', async () => {
    const { signIn, refresh, sessions, store, written, told, token } = setUp();
    await signIn('a');
    store.mood = 'slow';
    const commit = refresh('b');
    await settle();
    expect([written.at(-1), token(), store.now?.held.tokens.accessToken]).toEqual(['b', 'a', 'a']);
    const end = sessions.end();
    expect(token()).toBeUndefined();
    store.mood = 'well';
    store.pending[0]?.();
    expect(await commit).toBe(false);
    await end;
    expect([written.slice(0, 3), store.now]).toEqual([['a', 'b', undefined], undefined]);
    expect(short(told)).toEqual(['signed-in local', 'signed-out local']);
  });

  test('R39: tokens that cannot be stored are used all the same, and the older record does not replace them', async () => {
    const { signIn, refresh, look, sessions, store, token } = setUp();
    await signIn('a');
    store.mood = 'full';
    expect(await refresh('b')).toBe(true);
    await look();
    expect([token(), sessions.current.isLocal]).toEqual(['b', true]);
    store.mood = 'well';
    await refresh('c');
    expect([token(), sessions.current.isLocal, store.now?.held.tokens.accessToken]).toEqual([
      'c',
      false,
      'c',
    ]);
  });

  /** A refresh of another context is in the record, and two looks at it are under way when the user signs out. */
  async function signOutWhileReading(looks: number) {
    const reading = deferred<StoredSession>();
    const { signIn, sessions, look, store, ledger, token, told } = setUp();
    await signIn('a');
    const { id } = sessions.current;
    if (ledger.isShared) await ledger.visit(id, () => ({ n: 9, id, base: 9, at: 0 }));
    const newer = {
      ...(store.now as StoredSession),
      n: 9,
      base: 9,
      held: held('newer, from another context'),
    };
    const { read } = store;
    store.read = () => reading.promise;
    const syncs = Array.from({ length: looks }, () => look());
    await settle();
    const end = sessions.end();
    store.now = newer;
    store.read = read;
    reading.resolve(newer);
    await Promise.all([...syncs, end]);
    return { token, told, store };
  }

  test('R32: a sign-out is not undone by stored tokens that are still being read', async () => {
    const { token, told } = await signOutWhileReading(1);
    expect([token(), short(told).at(-1)]).toEqual([undefined, 'signed-out local']);
  });

  test('R32: nor by a second look that was waiting for the first', async () => {
    const { token, told, store } = await signOutWhileReading(2);
    expect([token(), short(told).at(-1), store.now]).toEqual([undefined, 'signed-out local', undefined]);
  });

  test('a session that ends while the next one is being stored does not take its record along', async () => {
    const { signIn, sessions, token, store, told } = setUp();
    await signIn('a');
    store.mood = 'slow';
    const next = signIn('b');
    await settle();
    const end = sessions.end();
    store.mood = 'well';
    store.pending[0]?.();
    await Promise.all([next, end]);
    expect([token(), store.now?.held.tokens.accessToken]).toEqual(['b', 'b']);
    expect(short(told)).toEqual(['signed-in local', 'signed-out local', 'signed-in local']);
  });

  test('R35: an end that the server said removes the record, is told once, and leaves those who wait', async () => {
    const { signIn, sessions, store, told, posted } = setUp();
    await signIn('a');
    const { current } = sessions;
    const error = new TokenError('session-ended');
    const fits = () => sessions.current === current;
    const both = [sessions.expire(fits, error), sessions.expire(fits, error)];
    expect(await Promise.all(both)).toEqual([true, false]);
    expect([current.signal.aborted, store.now, sessions.current.isTried]).toEqual([false, undefined, true]);
    expect(posted).toEqual([1, 1.5]);
    expect(short(told)).toEqual(['signed-in local', 'signed-out ended']);
  });

  test('R51, R8: newer stored tokens are adopted, older ones never; who waits for the first ones goes on', async () => {
    const { sessions, look, told, store, token } = setUp();
    const { signal } = sessions.current;
    const seen: unknown[] = [];
    for (const [id, n] of [
      ['x', 3],
      ['x', 3],
      ['x', 4],
      ['y', 4],
      ['y', 5],
    ] as const) {
      store.now = { id, n, base: n, held: held(`${id}${n}`) };
      await (n === 3 ? sessions.sync('restored') : look());
      seen.push(token());
      if (n === 3) expect(signal.aborted).toBe(false);
    }
    expect(seen).toEqual(['x3', 'x3', 'x4', 'x4', 'y5']);
    const changes = [
      'signed-in restored',
      ...['token-refreshed', 'signed-out', 'signed-in'].map((event) => `${event} other-context`),
    ];
    expect(short(told)).toEqual(changes);
  });

  test('R53: a storage that cannot be read or written leaves a working session in memory', async () => {
    const { signIn, refresh, look, sessions, token } = setUp({ mood: 'blocked' });
    await sessions.sync('restored');
    await signIn('a');
    await look();
    expect([await refresh('b'), token()]).toEqual([true, 'b']);
    await sessions.end();
    expect(token()).toBeUndefined();
  });

  test('R61: after close() who waits is told, a commit under way goes on, and no session is born alive', async () => {
    vi.stubGlobal('crypto', undefined); // an id is made without it, too
    const { sessions, signIn, token, store, posted } = setUp();
    const commit = signIn('a');
    const settled = follow(sessions.settled(null));
    sessions.close();
    expect(await commit).toBe(true);
    expect([token(), typeof sessions.current.id]).toEqual(['a', 'string']);
    expect([store.now?.held.tokens.accessToken, posted.length]).toEqual(['a', 1]);
    expect(settled.value).toMatchObject({ code: 'closed' });
    expect(sessions.current.signal.reason).toBe(sessions.closed.reason);
  });

  test('R54: never waits: it signs in, refreshes, looks, spends and signs out, and so does its next page', async () => {
    const { signIn, refresh, capture, look, spend, claim, sessions, store, ledger } = setUp();
    const acts = [
      () => sessions.sync('restored'),
      () => signIn('a'),
      look,
      spend,
      async () => claim(),
      () => refresh('b'),
      () => capture('c', true),
      () => capture('d'),
      spend,
      () => sessions.end(),
      () => signIn('e'),
    ];
    for (const act of acts) await act();
    const next = createContext({ store, ledger });
    await next.sessions.sync('restored');
    await next.spend();
    expect([next.token(), Date.now(), vi.getTimerCount(), kind]).toEqual(['e', 0, 0, kind]);
  });
});

test('R30: of two sign-ins the later one stays, and each ends what was there', async () => {
  const { signIn, token, told, posted } = createContext({
    store: createDisk().open(),
    ledger: createSharedLedger(),
  });
  await Promise.all([signIn('a'), signIn('b')]);
  expect([token(), posted]).toEqual(['b', [1, 2]]);
  expect(short(told)).toEqual(['signed-in local', 'signed-out replaced', 'signed-in local']);
});

test('R8: where there is no record, the others are told of all but what a cookie has restored', async () => {
  const { sessions, signIn, refresh, posted } = createContext();
  await sessions.open(always, held('restored'), 'restored');
  await refresh('b');
  expect(posted).toEqual([]);
  await signIn('c');
  expect(posted).toHaveLength(1);
});

test('R8: where another context has signed in or out, and only a cookie knows as whom, the tokens are dropped', async () => {
  const { sessions, signIn, token, told } = createContext();
  await signIn('a');
  sessions.forget();
  expect([token(), short(told).at(-1)]).toEqual([undefined, 'signed-out other-context']);
  sessions.current.isTried = true;
  sessions.forget();
  expect([sessions.current.isTried, told.length]).toEqual([false, 2]);
});
