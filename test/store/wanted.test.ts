/** Whether a refresh is still wanted. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RefreshCause } from '../../src/api.ts';
import { Ending } from '../../src/platform/timers.ts';
import type { Run, Session, SessionState } from '../../src/session/session.ts';
import { wantedBy } from '../../src/store/wanted.ts';
import { heldOf, stateOf } from './parts.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

/** A refresh that was asked for when the refresh token had been replaced twice. */
function setUp(cause: RefreshCause) {
  const session = {
    state: stateOf({ rotation: 2 }),
    over: new Ending(),
    captures: new Set(),
    isTried: false,
  } as Session & { state: SessionState };
  const run = { session, cause, rotation: 2, isSent: false, work: Promise.resolve() } as Run;
  const put = (more: Partial<SessionState>) => {
    session.state = { ...session.state, ...more };
  };
  return { isWanted: wantedBy(run), session, run, put };
}

const causes: RefreshCause[] = ['ahead', 'expired', 'rejected', 'manual'];

test.each(causes)('R31: (%s) a refresh is wanted while nobody else has refreshed', (cause) => {
  const { isWanted } = setUp(cause);
  expect([isWanted(), isWanted()]).toEqual([true, true]);
});

test.each(causes)('R32: (%s) it is not wanted once its session is over, with or without a lease', (cause) => {
  const { isWanted, session } = setUp(cause);
  session.over.end('over');
  expect([isWanted(), isWanted('a lease')]).toEqual([false, false]);
});

describe('R31: tokens that another context has brought', () => {
  test.each(['ahead', 'expired', 'rejected'] as const)('(%s) serve', (cause) => {
    const { isWanted, put } = setUp(cause);
    put({ rotation: 3, held: heldOf('b') });
    expect(isWanted()).toBe(false);
  });

  test('R23: that have expired meanwhile do not, and are what is refreshed then', () => {
    const { isWanted, put, run } = setUp('expired');
    put({ rotation: 3, held: heldOf('b', { expires_in: 5 }) });
    vi.advanceTimersByTime(5_000);
    expect([isWanted(), run.rotation]).toEqual([true, 3]);
  });
});

describe('R31: an explicit refresh', () => {
  test('adopts no tokens that were there before it looked', () => {
    const { isWanted, put, run } = setUp('manual');
    put({ rotation: 3, held: heldOf('b') });
    expect([isWanted(), run.rotation]).toEqual([true, 3]);
  });

  test('waits for a lease that it finds at first, and adopts nothing of it', () => {
    const { isWanted, put } = setUp('manual');
    expect(isWanted('first')).toBe(true);
    put({ rotation: 3, held: heldOf('b') });
    expect(isWanted('first')).toBe(true);
    expect(isWanted()).toBe(true);
  });

  test('adopts the tokens of a lease that was taken after that', () => {
    const { isWanted, put } = setUp('manual');
    expect(isWanted('first')).toBe(true);
    expect(isWanted('second')).toBe(true);
    put({ rotation: 4, held: heldOf('c') });
    expect(isWanted()).toBe(false);
  });

  test('adopts the tokens of a lease that was taken after it found none', () => {
    const { isWanted, put } = setUp('manual');
    expect([isWanted(), isWanted('later')]).toEqual([true, true]);
    put({ rotation: 3, held: heldOf('b') });
    expect(isWanted()).toBe(false);
  });
});

describe('R35: while a back-off of the shared session lasts', () => {
  const backOff = (session: { put: (more: Partial<SessionState>) => void }) =>
    session.put({ failure: { count: 1, at: Date.now(), retryAt: Date.now() + 2_000 } });

  test.each(['ahead', 'expired', 'rejected'] as const)('(%s) nobody asks; after it one may', (cause) => {
    const asked = setUp(cause);
    backOff(asked);
    expect(() => asked.isWanted()).toThrow(
      expect.objectContaining({ code: 'refresh-failed', retryAt: Date.now() + 2_000 }),
    );
    vi.advanceTimersByTime(2_000);
    expect(asked.isWanted()).toBe(true);
  });

  test('an explicit refresh asks all the same', () => {
    const asked = setUp('manual');
    backOff(asked);
    expect(asked.isWanted()).toBe(true);
  });
});
