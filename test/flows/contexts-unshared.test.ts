/** R30: two contexts that share a record, and no ledger: two processes, or pages without IndexedDB. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TokenError } from '../../src/errors.ts';
import { createLedger } from '../../src/ledger.ts';
import { short } from '../support/recorder.ts';
import { createContext, createDisk, stored } from '../support/sessions.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const ended = new TokenError('session-ended');

describe('R30: the record is asked:', () => {
  /** Each context has a ledger of its own, as two processes have. */
  async function openAlone() {
    const disk = createDisk();
    const open = () => {
      const store = disk.open();
      const storage = { getItem: () => null, setItem() {}, removeItem() {} };
      return { ...createContext({ store, ledger: createLedger('shop', storage, false) }), store };
    };
    const a = open();
    await a.signIn('first');
    const b = open();
    await b.sessions.sync('restored');
    return { a, b };
  }

  test('R32: a refresh whose session was ended elsewhere is dropped, and the record stays removed', async () => {
    const { a, b } = await openAlone();
    const answer = b.sendRefresh();
    await a.sessions.end();
    expect([await answer('late'), stored(b.store), b.token()]).toEqual([false, undefined, undefined]);
    expect(short(b.told).at(-1)).toBe('signed-out other-context');
  });

  test('R50: a message of a sign-out needs no second look', async () => {
    const { a, b } = await openAlone();
    await a.sessions.end();
    await b.hear(a);
    expect([b.token(), Date.now(), vi.getTimerCount()]).toEqual([undefined, 0, 0]);
  });

  test('R31: contexts that take turns keep what each of them brings', async () => {
    const { a, b } = await openAlone();
    for (const turn of [a, b, a, b, b, a]) {
      vi.setSystemTime(Date.now() + 1_000);
      for (const tab of [a, b]) await tab.look();
      const { current } = turn.sessions;
      expect(
        await turn.sessions.claim?.(
          () => true,
          true,
          () => false,
        ),
      ).toBe(true);
      expect(await turn.refresh(`of ${current.n}`)).toBe(true);
      expect(stored(turn.store)).toBe(turn.token());
    }
  });

  test('R32: a removed record that is seen once more does not bring the session back', async () => {
    const { a, b } = await openAlone();
    vi.setSystemTime(1_000);
    await a.refresh('second');
    const { now } = a.store;
    vi.setSystemTime(2_000);
    await b.sessions.end();
    b.store.now = now;
    await b.look();
    expect(b.token()).toBeUndefined();
  });

  test('a refresh that comes after that of another, or after another sign-in, is dropped', async () => {
    const { a, b } = await openAlone();
    for (const act of [() => a.refresh('second'), () => a.signIn('somebody else')]) {
      const answer = b.sendRefresh();
      await act();
      expect([await answer('late'), b.token()]).toEqual([false, a.token()]);
    }
  });

  test('a sign-out leaves the record of somebody who has signed in elsewhere', async () => {
    const { a, b } = await openAlone();
    await a.signIn('somebody else');
    await b.sessions.end();
    expect([stored(a.store), b.token()]).toEqual(['somebody else', undefined]);
  });

  test('R35: an end that the server said is not believed when another has newer tokens', async () => {
    const { a, b } = await openAlone();
    await a.refresh('second');
    const { current } = b.sessions;
    const { base } = current;
    const fits = () => b.sessions.current === current && current.base === base;
    expect([await b.sessions.expire(fits, ended), stored(a.store)]).toEqual([false, 'second']);
  });

  test('R39: what could not be stored goes on, although there is no record', async () => {
    const { a } = await openAlone();
    a.store.mood = 'full';
    await a.refresh('second');
    a.store.now = undefined;
    await a.look();
    expect([await a.refresh('third'), a.token()]).toEqual([true, 'third']);
  });

  test('R50: a message that overtakes the record is believed for 2 s', async () => {
    const { a, b } = await openAlone();
    const hearing = b.look({ heard: 9 });
    await vi.advanceTimersByTimeAsync(100);
    await a.refresh('second');
    b.store.now = { ...(b.store.now as NonNullable<typeof b.store.now>), n: 9 };
    await vi.advanceTimersByTimeAsync(200);
    await hearing;
    expect(b.token()).toBe('second');
    const vain = b.look({ heard: 10 });
    await vi.advanceTimersByTimeAsync(2_100);
    await vain;
    expect([b.token(), vi.getTimerCount()]).toEqual(['second', 0]);
  });
});
