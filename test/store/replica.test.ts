/** What a context holds of a shared session, beside what it has last seen in the store. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Events } from '../../src/session/events.ts';
import { createSessions, type SessionState } from '../../src/session/session.ts';
import { type Entry, type Format, type Found, readEntry } from '../../src/store/entry.ts';
import { adopt, entryOf, isRead, isShared, keep, newest, Replica, wrote } from '../../src/store/replica.ts';
import { short, type Told } from '../support/recorder.ts';
import { accept, heldOf, stateOf } from './parts.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

const DAY = 24 * 3_600_000;
const format: Format = { refresh: { id: 'shop' }, accept };

let versions = 0;
const found = (state: SessionState, more: Partial<Found> = {}): Found => ({
  ...{ kind: 'session', version: `v${++versions}`, state },
  ...more,
});
const none = () => readEntry(undefined, format);

/** A context, what it told, and what it found bad. */
function setUp({ cookie = undefined as object | undefined, forgets = false } = {}) {
  const events = new Events();
  const sessions = createSessions(events);
  const bad: string[] = [];
  const told: Told[] = [];
  events.on('*', (...args: never[]) => void told.push(args as unknown as Told));
  class Context extends Replica {
    readonly port = { forgets };
    readonly sessions = sessions;
    readonly cookie = cookie;
    readonly manager: Replica['manager'] = {
      ...format,
      add: (_event, { error }) => void bad.push(`${error}`),
      summarize: (thrown) => thrown as Error,
    };
  }
  const replica = new Context();
  const heard = () => {
    events.flush();
    return short(told.splice(0));
  };
  /** Somebody who signed in here, as it was written. */
  const signedIn = () => {
    adopt(replica, none());
    wrote(replica, entryOf(replica, stateOf()));
    heard();
    return sessions.current.state;
  };
  return { ...{ sessions, replica, bad, told, heard, signedIn }, state: () => sessions.current.state };
}

const rotated = (rotation: number, more: Partial<SessionState> = {}) =>
  stateOf({ rotation, held: heldOf(`a${rotation}`), ...more });

describe('what is found in the store', () => {
  test('at first is restored: nobody did anything', () => {
    const { replica, heard, told } = setUp();
    adopt(replica, found(rotated(3)));
    expect([heard(), replica.isUnwritten, isRead(replica)]).toEqual([['signed-in restored'], false, true]);
    expect(told).toEqual([]);
  });

  test('R52: later is what another context did, with its own cause', () => {
    const { replica, heard, signedIn } = setUp();
    signedIn();
    adopt(replica, found(rotated(2, { cause: 'expired' })));
    expect(heard()).toEqual(['token-refreshed expired']);
    adopt(replica, found(rotated(2, { end: { reason: 'ended', at: 1 } })));
    expect(heard()).toEqual(['signed-out ended']);
  });

  test('R52: that skipped a session tells of the end of the one that was held here, with its own reason', () => {
    const { replica, heard, signedIn } = setUp();
    signedIn();
    const ends = [{ id: 'a', reason: 'local', at: 1 }] as const;
    adopt(replica, found(stateOf({ id: 'c', held: heldOf('c'), ends })));
    expect(heard()).toEqual(['signed-out local', 'signed-in local']);
  });

  test('the very tokens that are held stay the same object', () => {
    const { replica, signedIn, state, heard } = setUp();
    const { held } = signedIn();
    adopt(replica, found(stateOf({ held: { ...heldOf('a') } })));
    expect([state().held === held, heard()]).toEqual([true, []]);
  });

  test('R39: that is older than what is held here is not followed, and to be written again', () => {
    const { replica, signedIn, state, heard } = setUp();
    signedIn();
    keep(replica, rotated(1));
    heard();
    adopt(replica, found(stateOf()));
    expect([state().rotation, replica.isUnwritten, heard()]).toEqual([1, true, []]);
  });

  test('R35: the end of tokens that this context has replaced does not end its session: it goes on under a new id', () => {
    const { replica, signedIn, state } = setUp();
    signedIn();
    keep(replica, rotated(1));
    adopt(replica, found(stateOf({ end: { reason: 'ended', at: 1 } })));
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
    keep(replica, rotated(5));
    adopt(replica, found(stateOf({ end: { reason: 'local', at: 1 } })));
    expect([state().held, state().end?.reason]).toEqual([undefined, 'local']);
  });

  test('R8: of a cookie leaves each context its own tokens', () => {
    const { replica, sessions, state } = setUp({ cookie: {} });
    adopt(replica, none());
    wrote(replica, entryOf(replica, stateOf({ rotation: 4 })));
    const { held } = sessions.current.state;
    adopt(replica, found(stateOf({ rotation: 9, held: undefined })));
    expect([state().held === held, state().rotation]).toEqual([true, 4]);
  });
});

describe('an entry that is gone', () => {
  test('R51: ends the session everywhere', () => {
    const { replica, signedIn, heard, state } = setUp();
    signedIn();
    adopt(replica, none());
    expect([heard(), state().held, replica.isUnwritten]).toEqual([['signed-out local'], undefined, false]);
  });

  test('R53: does not end one that could never be written: that is to be written', () => {
    const { replica, state } = setUp();
    adopt(replica, none());
    keep(replica, stateOf());
    adopt(replica, none());
    expect([state().id, replica.isUnwritten]).toEqual(['a', true]);
  });

  test('R51: is written back by whoever read or wrote it lately, where the store forgets', () => {
    const { replica, signedIn, heard } = setUp({ forgets: true });
    signedIn();
    vi.advanceTimersByTime(DAY);
    adopt(replica, none());
    expect([heard(), replica.isUnwritten]).toEqual([[], true]);
  });

  test('R51: ends the session of who has not done so for a week', () => {
    const { replica, signedIn, heard } = setUp({ forgets: true });
    signedIn();
    vi.advanceTimersByTime(8 * DAY);
    adopt(replica, none());
    expect(heard()).toEqual(['signed-out local']);
  });
});

describe('R53: what is no session of ours', () => {
  const nobody = none().state;

  test('is told once for each version', () => {
    const { replica, bad } = setUp();
    const one = found(nobody, { kind: 'damaged' });
    for (const entry of [one, one, found(nobody, { kind: 'damaged' })]) adopt(replica, entry);
    expect(bad).toEqual(Array(2).fill('Error: the stored session is damaged, and is replaced'));
  });

  test.each([
    ['damaged', true],
    ['foreign', false],
  ] as const)('leaves a running session; what is %s is to be replaced: %s', (kind, isUnwritten) => {
    const { replica, signedIn, state, heard } = setUp();
    signedIn();
    adopt(replica, found(nobody, { kind }));
    expect([state().held?.tokens.accessToken, heard(), replica.isUnwritten]).toEqual([
      'access-a',
      [],
      isUnwritten,
    ]);
  });
});

describe('the entry that is written', () => {
  const lease = { id: 'l', by: 'me', ms: 1, isLocked: true };

  test('R51: names the session before, and those before that', () => {
    const { replica, signedIn } = setUp();
    signedIn();
    const next = entryOf(replica, stateOf({ id: 'b' }));
    expect(next.state.ends).toMatchObject([{ id: 'a', reason: 'replaced' }]);
    wrote(replica, next);
    const last = entryOf(replica, stateOf({ id: 'c' }));
    expect(last.state.ends?.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  test('R51: names what ended here before it could be written', () => {
    const { replica } = setUp();
    adopt(replica, none());
    keep(replica, stateOf());
    keep(replica, stateOf({ end: { reason: 'local', at: 1, isRevoked: true } }));
    keep(replica, stateOf({ id: 'b' }));
    expect(entryOf(replica, stateOf({ id: 'b' })).state.ends).toMatchObject([
      { id: 'a', reason: 'local', isRevoked: true },
    ]);
  });

  test('R53: keeps members that it does not know as long as the session goes on, and not for the next one', () => {
    const { replica } = setUp();
    const more = { future: { a: 1 } } as Partial<Found>;
    adopt(replica, found(stateOf({ later: 2 } as Partial<SessionState>), more));
    const { current } = { current: newest(replica) };
    expect(entryOf(replica, { ...current, rotation: 1 })).toMatchObject({
      future: { a: 1 },
      state: { later: 2 },
    });
    for (const next of [stateOf({ id: 'b' }), { ...current, end: { reason: 'local', at: 1 } } as const])
      expect(entryOf(replica, next)).not.toHaveProperty('future');
  });

  const leaseAfter = (next: (now: SessionState) => SessionState, given?: Entry['lease'] | null) => {
    const { replica } = setUp();
    adopt(replica, found(stateOf(), { lease }));
    return entryOf(replica, next(newest(replica)), given).lease;
  };

  test('R54: keeps the lease as long as the tokens it was taken for, and no longer', () => {
    expect(leaseAfter((now) => ({ ...now, failure: { count: 1, at: 0, retryAt: 1 } }))).toEqual(lease);
    expect(leaseAfter((now) => ({ ...now, rotation: 1 }))).toBeUndefined();
    expect(leaseAfter((now) => ({ ...now, end: { reason: 'local', at: 1 } }))).toBeUndefined();
    expect(leaseAfter(() => stateOf({ id: 'b' }))).toBeUndefined();
  });

  test('R54: has the lease that is taken, or none when it is given back', () => {
    const mine = { ...lease, id: 'mine' };
    expect([leaseAfter((now) => now, mine), leaseAfter((now) => now, null)]).toEqual([mine, undefined]);
  });
});

describe('R32: a sign-out here while something is being written', () => {
  test('is still to come, and ends the session with its newest tokens', () => {
    const { replica, signedIn, sessions, state } = setUp();
    const was = signedIn();
    const refreshed = entryOf(replica, rotated(1));
    const end = { reason: 'local', at: 1 } as const;
    sessions.apply({ ...was, end });
    wrote(replica, refreshed);
    expect([state().held, replica.isUnwritten]).toEqual([undefined, true]);
    expect(newest(replica)).toMatchObject({ end, held: { tokens: { accessToken: 'access-a1' } } });
  });
});

describe('R54: whether another context may know the refresh token', () => {
  test('not before it was written; then also when the entry is gone or damaged', () => {
    const { replica } = setUp();
    adopt(replica, none());
    keep(replica, stateOf());
    expect(isShared(replica)).toBe(false);
    replica.stored = [newest(replica)];
    wrote(replica, entryOf(replica, newest(replica)));
    expect(isShared(replica)).toBe(true);
    adopt(replica, found(none().state, { kind: 'damaged' }));
    expect(isShared(replica)).toBe(true);
    keep(replica, rotated(1));
    expect(isShared(replica)).toBe(false);
  });

  test('R8: always where a cookie holds it', () => {
    const { replica } = setUp({ cookie: {} });
    expect(isShared(replica)).toBe(true);
  });
});
