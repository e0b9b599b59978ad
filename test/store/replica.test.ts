/** What a context holds of a shared session, beside what it has last seen in the store. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { heldOf, stateOf } from './parts.ts';
import { found, none, rotated, setUp } from './replicas.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const DAY = 24 * 3_600_000;

describe('what is found in the store', () => {
  test('at first is restored: nobody did anything', () => {
    const { replica, heard, told } = setUp();
    replica.adopt(found(rotated(3)));
    expect([heard(), replica.isUnwritten, replica.isRead]).toEqual([['signed-in restored'], false, true]);
    expect(told).toEqual([]);
  });

  test('R52: later is what another context did, with its own cause', () => {
    const { replica, heard, signedIn } = setUp();
    signedIn();
    replica.adopt(found(rotated(2, { cause: 'expired' })));
    expect(heard()).toEqual(['token-refreshed expired']);
    replica.adopt(found(rotated(2, { end: { reason: 'ended', at: 1 } })));
    expect(heard()).toEqual(['signed-out ended']);
  });

  test('R52: that skipped a session tells of the end of the one that was held here, with its own reason', () => {
    const { replica, heard, signedIn } = setUp();
    signedIn();
    const ends = [{ id: 'a', reason: 'local', at: 1 }] as const;
    replica.adopt(found(stateOf({ id: 'c', held: heldOf('c') }), { ends }));
    expect(heard()).toEqual(['signed-out local', 'signed-in local']);
  });

  test('the very tokens that are held stay the same object', () => {
    const { replica, signedIn, state, heard } = setUp();
    const { held } = signedIn();
    replica.adopt(found(stateOf({ held: { ...heldOf('a') } })));
    expect([state().held === held, heard()]).toEqual([true, []]);
  });

  test('R39: that is older than what is held here is not followed, and to be written again', () => {
    const { replica, signedIn, state, heard } = setUp();
    signedIn();
    replica.keep(rotated(1));
    heard();
    replica.adopt(found(stateOf()));
    expect([state().rotation, replica.isUnwritten, heard()]).toEqual([1, true, []]);
  });

  test('R35: the end of tokens that this context has replaced does not end its session: it goes on under a new id', () => {
    const { replica, signedIn, state } = setUp();
    signedIn();
    replica.keep(rotated(1));
    replica.adopt(found(stateOf({ end: { reason: 'ended', at: 1 } })));
    expect([state().held?.tokens.accessToken, state().end, replica.isUnwritten]).toEqual([
      'access-a1',
      undefined,
      true,
    ]);
    expect(state().id).not.toBe('a');
  });

  test('R32: a sign-out ends it, whoever has replaced what', () => {
    const { replica, signedIn, state } = setUp();
    signedIn();
    replica.keep(rotated(5));
    replica.adopt(found(stateOf({ end: { reason: 'local', at: 1 } })));
    expect([state().held, state().end?.reason]).toEqual([undefined, 'local']);
  });

  test('R8: of a cookie leaves each context its own tokens', () => {
    const { replica, sessions, state } = setUp({ keepsTokens: false });
    replica.adopt(none());
    replica.wrote(replica.entryOf(stateOf({ rotation: 4 })), 'v-in');
    const { held } = sessions.current.state;
    replica.adopt(found(stateOf({ rotation: 9, held: undefined })));
    expect([state().held === held, state().rotation]).toEqual([true, 4]);
  });
});

describe('an entry that is gone', () => {
  test('R51: ends the session everywhere', () => {
    const { replica, signedIn, heard, state } = setUp();
    signedIn();
    replica.adopt(none());
    expect([heard(), state().held, replica.isUnwritten]).toEqual([['signed-out local'], undefined, false]);
  });

  test('R53: does not end one that could never be written: that is to be written', () => {
    const { replica, state } = setUp();
    replica.adopt(none());
    replica.keep(stateOf());
    replica.adopt(none());
    expect([state().id, replica.isUnwritten]).toEqual(['a', true]);
  });

  test('R51: is written back by whoever read or wrote it lately, where the store forgets', () => {
    const { replica, signedIn, heard } = setUp({ forgets: true });
    signedIn();
    vi.advanceTimersByTime(DAY);
    replica.adopt(none());
    expect([heard(), replica.isUnwritten]).toEqual([[], true]);
  });

  test('R51: ends the session of who has not done so for a week', () => {
    const { replica, signedIn, heard } = setUp({ forgets: true });
    signedIn();
    vi.advanceTimersByTime(8 * DAY);
    replica.adopt(none());
    expect(heard()).toEqual(['signed-out local']);
  });
});

describe('R53: what is no session of ours', () => {
  const nobody = none().state;

  test('is told once for each version', () => {
    const { replica, bad } = setUp();
    const one = found(nobody, { kind: 'damaged' });
    for (const entry of [one, one, found(nobody, { kind: 'damaged' })]) replica.adopt(entry);
    expect(bad).toEqual(['damaged', 'damaged']);
  });

  test.each([
    ['damaged', true],
    ['foreign', false],
  ] as const)('leaves a running session; what is %s is to be replaced: %s', (kind, isUnwritten) => {
    const { replica, signedIn, state, heard } = setUp();
    signedIn();
    replica.adopt(found(nobody, { kind }));
    expect([state().held?.tokens.accessToken, heard(), replica.isUnwritten]).toEqual([
      'access-a',
      [],
      isUnwritten,
    ]);
  });
});

describe('R32: a sign-out here while something is being written', () => {
  test('is still to come, and ends the session with its newest tokens', () => {
    const { replica, signedIn, sessions, state } = setUp();
    const was = signedIn();
    const refreshed = replica.entryOf(rotated(1));
    const end = { reason: 'local', at: 1 } as const;
    sessions.apply({ ...was, end });
    replica.wrote(refreshed, 'v-late');
    expect([state().held, replica.isUnwritten]).toEqual([undefined, true]);
    expect(replica.newest()).toMatchObject({ end, held: { tokens: { accessToken: 'access-a1' } } });
  });
});

describe('R54: whether another context may know the refresh token', () => {
  test('not before it was written; then also when the entry is gone or damaged', () => {
    const { replica } = setUp();
    replica.adopt(none());
    replica.keep(stateOf());
    expect(replica.isStored()).toBe(false);
    replica.wrote(replica.entryOf(replica.newest()), 'v-in');
    expect(replica.isStored()).toBe(true);
    replica.adopt(found(none().state, { kind: 'damaged' }));
    expect(replica.isStored()).toBe(true);
    replica.keep(rotated(1));
    expect(replica.isStored()).toBe(false);
  });

  test('R8: always where a cookie holds it', () => {
    const { replica } = setUp({ keepsTokens: false });
    expect(replica.isStored()).toBe(true);
  });
});
