import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TokenError } from '../../src/errors.ts';
import { createSessions, isSignedIn } from '../../src/session/session.ts';
import { createCore, createRun, held, inA, nobody, over } from '../support/core.ts';
import type { Told } from '../support/recorder.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
afterEach(() => void vi.useRealTimers());

const inB = { ...inA, id: 'b', held: held('b1') };
/** Events, and what matters of each. */
const facts = (told: Told[]) =>
  told.map(([event, payload]) => [event, { ...payload, expiresAt: undefined, durationMs: undefined }]);
const signedIn = (sessionId: string, cause: string, elsewhere = false) => [
  'signed-in',
  { sessionId, cause, elsewhere },
];
const signedOut = (sessionId: string, reason: string, elsewhere = false) => [
  'signed-out',
  { sessionId, reason, elsewhere },
];

describe('a session in the place of another', () => {
  test('R62: ends that one first, for listeners and for all who wait', () => {
    const { sessions, told, signIn } = createCore('first');
    const was = sessions.current;
    signIn(held('b1'), 'b');
    expect(facts(told)).toEqual([signedOut('a', 'replaced'), signedIn('b', 'local')]);
    expect(was.over.reason).toMatchObject({ code: 'session-changed' });
    expect([sessions.current.state.id, sessions.current.over.aborted]).toEqual(['b', false]);
  });

  test('of another context is told with the true reason of the end, and with elsewhere', () => {
    const { sessions, told } = createCore('first');
    sessions.apply({ ...inB, ends: [{ id: 'a', reason: 'ended', at: 0 }] }, { elsewhere: true });
    expect(facts(told)).toEqual([signedOut('a', 'ended', true), signedIn('b', 'local', true)]);
  });
});

describe('who waits while nobody is signed in', () => {
  test.each([
    ['was there before this context', { isRestored: true }, signedIn('a', 'restored')],
    ['another context has begun', { elsewhere: true }, signedIn('a', 'local', true)],
  ])('R8, R52: goes on with a session that %s', (_what, how, event) => {
    const { sessions, told } = createCore();
    const { current } = sessions;
    sessions.apply(inA, how);
    expect([sessions.current === current, current.over.aborted, facts(told)]).toEqual([true, false, [event]]);
  });

  test('R32: does not go on with what a sign-in begins', () => {
    const { sessions, signIn } = createCore();
    const { over: ending } = sessions.current;
    signIn(held('first'));
    expect(ending.reason).toMatchObject({ code: 'session-changed' });
  });
});

describe('the end of a session', () => {
  test('R35: that the server said is the reason of all who wait, and told with why', () => {
    const { sessions, told } = createCore('first');
    const was = sessions.current;
    const error = new TokenError('session-ended');
    sessions.apply({ ...was.state, ...over('ended') }, { error });
    expect([was.over.reason, sessions.current.state.held]).toEqual([error, undefined]);
    expect(told).toEqual([['signed-out', { sessionId: 'a', reason: 'ended', elsewhere: false, error }]]);
  });

  test('is told once, and that of a session that was none not at all', () => {
    const { sessions, told } = createCore('first');
    for (const reason of ['ended', 'local', 'local'] as const) {
      sessions.apply({ ...sessions.current.state, ...over(reason) });
    }
    expect(facts(told)).toEqual([signedOut('a', 'ended')]);
    const other = createCore();
    other.signOut();
    expect(other.told).toEqual([]);
  });

  test('R55: is heard by listeners before those who wait', () => {
    const order: string[] = [];
    const waiting: (() => void)[] = [];
    const sessions = createSessions({
      add: (event) => void order.push(event),
      follow: (task) => waiting.push(task),
    });
    sessions.apply(inA);
    sessions.current.over.addEventListener('abort', () => void order.push('waiter'));
    sessions.apply(over('local'));
    for (const task of waiting) task();
    expect(order).toEqual(['signed-in', 'signed-out', 'waiter']);
  });

  test('R8: asks nothing more of a server that holds the session', () => {
    for (const elsewhere of [false, true]) {
      const { sessions } = createCore('first');
      sessions.apply({ ...sessions.current.state, ...over('local') }, { elsewhere });
      expect(sessions.current.isTried).toBe(true);
    }
  });

  test('R32: is remembered with whether late tokens are revoked, by the session they belong to', () => {
    const { sessions, signIn, signOut } = createCore('first');
    const was = sessions.current;
    signOut(true);
    expect(was.isRevoked).toBe(true);
    signIn(held('second'), 'b');
    expect(sessions.current.isRevoked).toBeFalsy();
  });
});

describe('tokens in the place of others', () => {
  test('R31: keep the session and those who wait, and are told once, with why and how long it took', () => {
    const { sessions, told } = createCore('first');
    const { current } = sessions;
    const next = {
      ...current.state,
      held: held('second'),
      rotation: 1,
      cause: 'ahead',
      durationMs: 60,
    } as const;
    for (let n = 0; n < 2; n++) sessions.apply(next);
    expect([sessions.current === current, current.over.aborted, current.state.held]).toEqual([
      ...[true, false],
      next.held,
    ]);
    const payload = {
      sessionId: 'a',
      expiresAt: undefined,
      cause: 'ahead',
      elsewhere: false,
      durationMs: 60,
    };
    expect(told).toEqual([['token-refreshed', payload]]);
  });

  test('R35: a failure that is noted is no change of the tokens, and nobody is told of one', () => {
    const { sessions, told } = createCore('first');
    const failure = { count: 1, at: 1_000, retryAt: 2_000 };
    sessions.apply({ ...sessions.current.state, failure });
    expect([sessions.current.state.failure, told]).toEqual([failure, []]);
  });

  test('R42: release who waits for a refresh, but for a captured access token, which spends no refresh token', () => {
    const { sessions } = createCore('first');
    const release = vi.fn();
    sessions.current.run = createRun(sessions.current, { isSent: true, release });
    sessions.apply({ ...sessions.current.state, held: held('captured'), cause: 'captured', capturedAt: 1 });
    expect(release).not.toHaveBeenCalled();
    const dead = held('expired on its way', { expiresAt: 999 });
    sessions.apply({ ...sessions.current.state, held: dead, rotation: 1 }, { elsewhere: true });
    expect(release).not.toHaveBeenCalled();
    sessions.apply({ ...sessions.current.state, held: held('third'), rotation: 2 }, { elsewhere: true });
    expect(release).toHaveBeenCalledOnce();
  });
});

test('R61: after close() everybody who waits is told, and no session is born alive', () => {
  const { sessions, signIn } = createCore('first');
  const was = sessions.current;
  const heard: string[] = [];
  was.over.addEventListener('abort', () => void heard.push('session'));
  sessions.closed.addEventListener('abort', () => void heard.push('manager'));
  sessions.close();
  expect(heard.sort()).toEqual(['manager', 'session']);
  signIn(held('second'), 'b');
  for (const { reason } of [sessions.closed, was.over, sessions.current.over])
    expect(reason).toMatchObject({ code: 'closed' });
});

test('somebody is signed in who holds tokens of a session that is not over', () => {
  expect([nobody, inA, over('local'), { ...over('local'), held: held('t') }].map(isSignedIn)).toEqual([
    ...[false, true],
    ...[false, false],
  ]);
});
