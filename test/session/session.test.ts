import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TokenError } from '../src/errors.ts';
import { createSessionState } from '../src/session.ts';
import type { StoredSession } from '../src/storage.ts';
import { short, type Told } from './support/recorder.ts';
import { held } from './support/sessions.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
afterEach(() => void vi.useRealTimers());

const stored = (id: string, n: number, base = n): StoredSession => ({ id, n, base, held: held(`${id}${n}`) });

function setUp() {
  const told: Told[] = [];
  const state = createSessionState((...entry) => told.push(entry));
  /** A refresh is under way, for the tokens there are now. */
  const startRun = () => {
    const release = vi.fn();
    const { current } = state;
    current.run = { base: current.base, work: Promise.resolve(), release };
    return release;
  };
  return { state, told, startRun };
}

test('R62: a sign-in ends the session before it for all who wait; elsewhere both have another reason', () => {
  const { state, told } = setUp();
  state.begin(stored('a', 1), 'local');
  const was = state.current;
  state.begin(stored('b', 2), 'local');
  state.begin(stored('c', 3), 'other-context');
  expect(was.signal.reason).toMatchObject({ code: 'session-changed' });
  expect([state.current.id, state.current.signal.aborted]).toEqual(['c', false]);
  expect(short(told)).toEqual([
    'signed-in local',
    ...['signed-out replaced', 'signed-in local'],
    ...['signed-out other-context', 'signed-in other-context'],
  ]);
});

test.each(['restored', 'other-context'] as const)(
  'R8, R51: who waits while nobody is signed in goes on with the session that is %s',
  (cause) => {
    const { state, told } = setUp();
    const { current } = state;
    state.begin(stored('a', 3), cause);
    expect([state.current, current.signal.aborted, current.id]).toEqual([current, false, 'a']);
    expect(short(told)).toEqual([`signed-in ${cause}`]);
  },
);

test('R32: who waits while nobody is signed in does not go on with what a sign-in begins', () => {
  const { state } = setUp();
  const { signal } = state.current;
  state.begin(stored('a', 1), 'captured');
  expect(signal.reason).toMatchObject({ code: 'session-changed' });
});

test('R35: an end that the server said leaves those who wait to its finder, and says why', () => {
  const { state, told } = setUp();
  state.begin(stored('a', 1), 'local');
  const { signal } = state.current;
  const error = new TokenError('session-ended');
  state.leave('ended', error);
  expect([signal.aborted, state.current.id]).toEqual([false, undefined]);
  expect(told.at(-1)).toEqual(['signed-out', { sessionId: 'a', reason: 'ended', error }]);
});

test('R8: what was ended here is not tried again with a cookie, what another context ended is', () => {
  const { state } = setUp();
  expect(state.current.isTried).toBe(false);
  for (const [reason, isTried] of [
    ['local', true],
    ['ended', true],
    ['other-context', false],
  ] as const) {
    state.begin(stored('a', 1), 'restored');
    state.leave(reason);
    expect(state.current.isTried, reason).toBe(isTried);
  }
});

test('nobody hears of the end of a session that was none', () => {
  const { state, told } = setUp();
  state.leave('local');
  expect(told).toEqual([]);
});

test('R51: replaced tokens keep session and waiters, forget failures, and are told with how long it took', () => {
  const { state, told } = setUp();
  state.begin(stored('a', 1), 'restored');
  const { current } = state;
  Object.assign(current, { failures: 3, error: new TokenError('refresh-failed') });
  state.update(stored('a', 2), { cause: 'ahead', startedAt: 400 });
  expect([state.current, current.signal.aborted]).toEqual([current, false]);
  expect(current).toMatchObject({ ...stored('a', 2), failures: 0, error: undefined });
  expect(told.at(-1)).toEqual([
    'token-refreshed',
    { sessionId: 'a', expiresAt: undefined, cause: 'ahead', durationMs: 600 },
  ]);
});

test('R41, R43: which request brought the tokens is known until others replace them', () => {
  const { state } = setUp();
  const seen = () => [state.current.captured, state.current.isCaptured];
  state.begin(stored('a', 1), 'local');
  expect(seen()).toEqual([0, false]);
  state.update(stored('a', 2), { cause: 'captured', startedAt: 0, captured: 7 });
  expect(seen()).toEqual([7, true]);
  state.update(stored('a', 3), { cause: 'manual', startedAt: 0 });
  expect(seen()).toEqual([7, false]);
  state.begin(stored('b', 4), 'local');
  expect(seen()).toEqual([0, false]);
});

test('R39: what could not be stored is known until something is', () => {
  const { state } = setUp();
  state.begin(stored('a', 1), 'local', true);
  expect(state.current.isLocal).toBe(true);
  state.update(stored('a', 2), { cause: 'manual', startedAt: 0 }, true);
  expect(state.current.isLocal).toBe(true);
  state.update(stored('a', 3), { cause: 'manual', startedAt: 0 });
  expect(state.current.isLocal).toBe(false);
});

test('R42: who waits for a refresh goes on when its tokens come from elsewhere, and only then', () => {
  const { state, startRun } = setUp();
  state.begin(stored('a', 1), 'local');
  const release = startRun();
  state.update(stored('a', 2, 1), { cause: 'captured', startedAt: 0, captured: 1, isPartial: true });
  expect(release, 'an access token alone').not.toHaveBeenCalled();
  state.update(stored('a', 3), { cause: 'manual', startedAt: 0 });
  expect(release, 'its own answer').not.toHaveBeenCalled();
  for (const why of [{ cause: 'captured', captured: 2 }, { cause: 'other-context' }] as const) {
    const released = startRun();
    const { n } = state.current;
    state.update(stored('a', n + 1), { startedAt: 0, ...why });
    expect(released, why.cause).toHaveBeenCalledOnce();
  }
});

test('R61: after close() who waits is told, and no session is born alive', () => {
  const { state } = setUp();
  const { signal } = state.current;
  state.close();
  state.begin(stored('a', 1), 'local');
  expect(state.closed.reason).toMatchObject({ code: 'closed' });
  expect([signal.reason, state.current.signal.reason]).toEqual([state.closed.reason, state.closed.reason]);
});
