/** The entry that a context writes for the session it holds. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SessionState } from '../../src/session/session.ts';
import type { Entry, Found } from '../../src/store/entry.ts';
import { stateOf } from './parts.ts';
import { found, none, setUp } from './replicas.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('the entry that is written', () => {
  const lease = { id: 'l', by: 'me', ms: 1, isLocked: true };

  test('R51: names the session before, and those before that', () => {
    const { replica, signedIn } = setUp();
    signedIn();
    const next = replica.entryOf(stateOf({ id: 'b' }));
    expect(next.ends).toMatchObject([{ id: 'a', reason: 'replaced' }]);
    replica.wrote(next, 'v-b');
    const last = replica.entryOf(stateOf({ id: 'c' }));
    expect(last.ends.map(({ id }) => id)).toEqual(['b', 'a']);
  });

  test('R51: names what ended here before it could be written', () => {
    const { replica } = setUp();
    replica.adopt(none());
    replica.keep(stateOf());
    replica.keep(stateOf({ end: { reason: 'local', at: 1, isRevoked: true } }));
    replica.keep(stateOf({ id: 'b' }));
    expect(replica.entryOf(stateOf({ id: 'b' })).ends).toMatchObject([
      { id: 'a', reason: 'local', isRevoked: true },
    ]);
  });

  test('R53: keeps members that it does not know as long as the session goes on, and not for the next one', () => {
    const { replica } = setUp();
    const more = { future: { a: 1 } } as Partial<Found>;
    replica.adopt(found(stateOf({ later: 2 } as Partial<SessionState>), more));
    const { current } = { current: replica.newest() };
    expect(replica.entryOf({ ...current, rotation: 1 })).toMatchObject({
      future: { a: 1 },
      state: { later: 2 },
    });
    for (const next of [stateOf({ id: 'b' }), { ...current, end: { reason: 'local', at: 1 } } as const])
      expect(replica.entryOf(next)).not.toHaveProperty('future');
  });

  const leaseAfter = (next: (now: SessionState) => SessionState, given?: Entry['lease'] | 'none') => {
    const { replica } = setUp();
    replica.adopt(found(stateOf(), { lease }));
    return replica.entryOf(next(replica.newest()), given).lease;
  };

  test('R54: keeps the lease as long as the tokens it was taken for, and no longer', () => {
    expect(leaseAfter((now) => ({ ...now, failure: { count: 1, at: 0, retryAt: 1 } }))).toEqual(lease);
    expect(leaseAfter((now) => ({ ...now, rotation: 1 }))).toBeUndefined();
    expect(leaseAfter((now) => ({ ...now, end: { reason: 'local', at: 1 } }))).toBeUndefined();
    expect(leaseAfter(() => stateOf({ id: 'b' }))).toBeUndefined();
  });

  test('R54: has the lease that is taken, or none when it is given back', () => {
    const mine = { ...lease, id: 'mine' };
    expect([leaseAfter((now) => now, mine), leaseAfter((now) => now, 'none')]).toEqual([mine, undefined]);
  });
});
