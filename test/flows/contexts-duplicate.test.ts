/** R54: tabs with a storage each of their own, of which a duplicated tab has a copy. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { short } from '../support/recorder.ts';
import { createContext, createDisk, createSharedLedger, stored, type View } from '../support/sessions.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

describe('R54: where each tab has a storage of its own', () => {
  /** A tab, and a duplicate with a copy of its storage. */
  async function duplicate() {
    const ledger = createSharedLedger(true);
    const open = (now?: View['now']) => {
      const store = createDisk().open(now);
      return { ...createContext({ store, ledger }), store };
    };
    const original = open();
    await original.signIn('first');
    const copy = open(original.store.now);
    await copy.sessions.sync('restored');
    expect(copy.token()).toBe('first');
    return { original, copy, open };
  }

  test('a duplicate’s copy is dropped, not presented, once the original has refreshed', async () => {
    const { original, copy } = await duplicate();
    await original.refresh('second');
    expect(await copy.claim(true)).toBe(false);
    const spending = copy.spend();
    await vi.advanceTimersByTimeAsync(5_000);
    await spending;
    expect([copy.token(), short(copy.told).at(-1)]).toEqual([undefined, 'signed-out other-context']);
    expect([original.token(), await original.claim()]).toEqual(['second', true]);
  });

  test('of an original and its duplicate one refreshes, whichever it is', async () => {
    const { original, copy } = await duplicate();
    expect([await copy.claim(), await original.claim()]).toEqual([true, false]);
    const answers = [original, copy].map(({ sendRefresh }) => sendRefresh());
    expect([await answers[1]?.('second'), await answers[0]?.('late')]).toEqual([true, false]);
  });

  test('a sign-in or sign-out in one tab leaves an independent tab alone', async () => {
    const { original, open } = await duplicate();
    const other = open();
    await other.signIn('independent');
    await original.signIn('somebody else');
    await original.sessions.end();
    await other.hear(original);
    expect([other.token(), await other.claim(), await other.refresh('second')]).toEqual([
      'independent',
      true,
      true,
    ]);
  });

  test('a tab goes on whose own record was cleared', async () => {
    const { original } = await duplicate();
    original.store.now = undefined;
    await original.look();
    expect([await original.claim(), await original.refresh('second'), stored(original.store)]).toEqual([
      ...[true, true],
      'second',
    ]);
  });

  test('a duplicate of a session that is over begins signed out', async () => {
    const { original, copy, open } = await duplicate();
    await original.sessions.end();
    const late = open(copy.store.now);
    await late.sessions.sync('restored');
    expect([late.token(), late.told, stored(late.store)]).toEqual([undefined, [], undefined]);
  });

  test.each([true, false])(
    'a sign-in (%s) or sign-out ends the duplicate’s copy of that session',
    async (isSignIn) => {
      const { original, copy } = await duplicate();
      await (isSignIn ? original.signIn('somebody else') : original.sessions.end(true));
      const was = copy.sessions.current;
      await copy.hear(original);
      expect([copy.token(), stored(copy.store), !!was.isRevoked]).toEqual([undefined, undefined, !isSignIn]);
      expect(original.token()).toBe(isSignIn ? 'somebody else' : undefined);
    },
  );
});
