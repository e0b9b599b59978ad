import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { TokenError } from '../../src/errors.ts';
import type { LimitedSignal } from '../../src/platform/timers.ts';
import type { Turn } from '../../src/session/commit.ts';
import { type ExchangeParts, exchange } from '../../src/session/exchange.ts';
import { summaryOf } from '../../src/summary.ts';
import type { Refresh } from '../../src/types.ts';
import { createCore, createRun, held } from '../support/core.ts';
import { follow, short } from '../support/recorder.ts';
import { settle } from '../support/refresh.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
afterEach(() => void vi.useRealTimers());

const jwtOf = (sub: string) => `e30.${Buffer.from(JSON.stringify({ sub })).toString('base64url')}.`;
const dead = { data: { error: 'invalid_grant' } };

/** One refresh of session `a`, whose `refresh` the test answers; an answer is the access token. */
function setUp(parts: Partial<ExchangeParts> = {}, token: string | undefined = 'first') {
  const core = createCore(token);
  const { sessions, commit, told } = core;
  const [answer, sent] = [deferred<string>(), vi.fn<(context: Parameters<Refresh>[0]) => void>()];
  const refresh = (context: Parameters<Refresh>[0]) => {
    sent(context);
    return answer.promise;
  };
  const revoked = vi.fn();
  const whole: ExchangeParts = {
    ...{ refresh, sessions, refreshTimeout: 10_000, fetch, revokeTokens: revoked },
    withoutRefreshToken: parts.refresh?.withoutRefreshToken,
    accept: (answer, issuedAt, previous) =>
      held(`${answer}`, { issuedAt, ...(previous?.refreshToken && { refreshToken: previous.refreshToken }) }),
    add: (...entry) => told.push(entry),
    summarize: (thrown) => summaryOf(thrown, []),
    ...parts,
  };
  const turn: Turn = { commit: vi.fn(commit), guard: (underlying) => underlying };
  const run = createRun(sessions.current);
  const start = (own = turn) => follow(exchange(whole, run, own));
  return { ...core, answer, sent, revoked, run, turn, start };
}
const cookie = (answer: string): Refresh => Object.assign(async () => answer, { withoutRefreshToken: true });

describe('what comes back', () => {
  test('R30, R10: is committed in place of the tokens that were sent, and counts from when they were', async () => {
    const { start, sent, answer, sessions, told, run } = setUp();
    const { held: was } = sessions.current.state;
    const done = start();
    expect([sent.mock.calls[0]?.[0].tokens, run.isSent]).toEqual([was?.tokens, true]);
    await vi.advanceTimersByTimeAsync(70);
    answer.resolve('second');
    await settle();
    expect([done.state, sessions.current.state.held]).toEqual([
      'resolved',
      held('second', { issuedAt: 1_000 }),
    ]);
    expect(told).toMatchObject([['token-refreshed', { cause: 'ahead', durationMs: 70 }]]);
  });

  test('R23: is known as issued for this very context', async () => {
    const { start, answer, sessions } = setUp();
    start();
    answer.resolve('second');
    await settle();
    expect(sessions.current.issued).toBe('second');
  });

  test.each([
    [true, ['late']],
    [false, []],
  ])('R32: after a sign-out is dropped, and revoked if that revokes: %s', async (isRevoked, expected) => {
    const { start, answer, token, revoked, signOut } = setUp();
    start();
    signOut(isRevoked);
    answer.resolve('late');
    await settle();
    expect(token()).toBeUndefined();
    expect(revoked.mock.calls.map(([{ accessToken }]) => accessToken)).toEqual(expected);
  });

  test('R42: after captured tokens with a refresh token is dropped', async () => {
    const { start, answer, token, replace } = setUp();
    const done = start();
    replace(held('captured'));
    answer.resolve('late');
    await settle();
    expect([done.state, token()]).toEqual(['resolved', 'captured']);
  });
});

describe('the request', () => {
  test('R34: may take twice as long as anybody waits, and then its signal says so', async () => {
    const { start, sent } = setUp();
    const done = start();
    const signal = sent.mock.calls[0]?.[0].signal as LimitedSignal;
    expect(signal.deadline).toBe(21_000);
    await vi.advanceTimersByTimeAsync(19_999);
    expect([signal.aborted, done.state]).toEqual([false, 'pending']);
    await vi.advanceTimersByTimeAsync(1);
    expect([signal.aborted, done.value]).toEqual([true, expect.objectContaining({ code: 'refresh-failed' })]);
  });

  test('R54: goes through the fetch of its turn, which may refuse to send', async () => {
    const guarded = vi.fn<typeof fetch>();
    const refresh: Refresh = async ({ fetch }) => fetch('https://as.example.com/token');
    const { start, turn } = setUp({ refresh });
    start({ ...turn, guard: () => guarded });
    await settle();
    expect(guarded).toHaveBeenCalledExactlyOnceWith('https://as.example.com/token');
  });

  test('R32: is not made for a session that is over', async () => {
    const { start, sent, sessions } = setUp();
    sessions.close();
    const done = start();
    await settle();
    expect([done.value, sent.mock.calls]).toEqual([expect.objectContaining({ code: 'closed' }), []]);
  });
});

describe('R35: no tokens', () => {
  test('because of anything but invalid_grant let the session go on, and the failure stands in it', async () => {
    const { start, answer, token, told, sessions } = setUp();
    const done = start();
    answer.reject(new Error('down'));
    await settle();
    expect([done.value, token()]).toEqual([expect.objectContaining({ code: 'refresh-failed' }), 'first']);
    expect([short(told), sessions.current.state.failure?.count]).toEqual([['refresh-failed'], 1]);
  });

  test.each([
    ['invalid_grant in its data', dead],
    ['invalid_grant on itself', { error: 'invalid_grant' }],
    ['invalid_grant in the answer of axios', { response: { data: { error: 'invalid_grant' } } }],
    ['session-ended along its causes', new Error('wrapped', { cause: new TokenError('session-ended') })],
  ])('with %s end the session, and are told in a summary', async (_what, error) => {
    const { start, answer, told, sessions } = setUp();
    const { over } = sessions.current;
    const done = start();
    answer.reject(error);
    await settle();
    expect(done.value).toMatchObject({ code: 'session-ended' });
    expect((done.value as Error).cause).not.toBe(error);
    expect([short(told), over.reason]).toEqual([['signed-out ended'], done.value]);
  });

  test.each([
    ['invalid_grant', dead],
    ['a server that is down', new Error('down')],
  ])('say nothing of tokens that came meanwhile: %s', async (_what, error) => {
    const { start, answer, token, told, replace } = setUp();
    const done = start();
    replace(held('newer'));
    told.length = 0;
    answer.reject(error);
    await settle();
    expect([done.state, token(), told]).toEqual(['resolved', 'newer', []]);
  });

  test('wait for a capture on the wire, as long as anybody waits for a refresh', async () => {
    const { start, answer, sessions, replace, token } = setUp();
    const [capture, other] = [deferred(), setUp()];
    sessions.current.captures = new Set([capture.promise]);
    other.sessions.current.captures = new Set([new Promise(() => {})]);
    const [done, hanging] = [start(), other.start()];
    answer.reject(dead);
    other.answer.reject(dead);
    await vi.advanceTimersByTimeAsync(9_999);
    expect([done.state, hanging.state]).toEqual(['pending', 'pending']);
    replace(held('captured'));
    capture.resolve();
    await settle();
    expect([done.state, token()]).toEqual(['resolved', 'captured']);
    await vi.advanceTimersByTimeAsync(1);
    expect(hanging.value).toMatchObject({ code: 'session-ended' });
  });

  test('a TokenError has judged the answer: its cause ends nothing', async () => {
    const { start, answer, token } = setUp();
    const done = start();
    answer.reject(new TokenError('refresh-failed', { cause: dead }));
    await settle();
    expect([done.value, token()]).toEqual([expect.objectContaining({ code: 'refresh-failed' }), 'first']);
  });

  test('R37: what a page put on Object.prototype ends nothing', async () => {
    onTestFinished(() => void delete (Object.prototype as { error?: string }).error);
    const { start, answer, token } = setUp();
    start();
    Object.assign(Object.prototype, { error: 'invalid_grant' });
    answer.reject(new Error('down'));
    await settle();
    expect(token()).toBe('first');
  });

  test('are R37’s when the answer is no token response', async () => {
    const cause = new TokenError('invalid-token-response');
    const accept = () => {
      throw cause;
    };
    const { start, answer, token } = setUp({ accept });
    const done = start();
    answer.resolve('nonsense');
    await settle();
    expect([done.value, token()]).toEqual([
      expect.objectContaining({
        ...{ code: 'refresh-failed', message: `no new token: ${cause.message}` },
        cause: expect.objectContaining({ code: 'invalid-token-response' }),
      }),
      'first',
    ]);
  });
});

describe('R8: with nothing in hand', () => {
  test('tokens begin a session, which is restored', async () => {
    const { start, told, token } = setUp({ refresh: cookie('first') }, '');
    start();
    await settle();
    expect([token(), short(told)]).toEqual(['first', ['signed-in restored']]);
  });

  test('invalid_grant means signed out: nobody is told, and nothing is tried again', async () => {
    const refresh: Refresh = () => Promise.reject(dead);
    const { start, told, sessions } = setUp({ refresh }, '');
    const done = start();
    await settle();
    expect([done.value, told]).toEqual([expect.objectContaining({ code: 'session-ended' }), []]);
    expect(sessions.current.isTried).toBe(true);
  });
});

describe('R8: a cookie', () => {
  test.each([
    ['goes on with the session', 'the same subject', jwtOf('a'), jwtOf('a'), ['token-refreshed ahead']],
    ['goes on with the session', 'no subject', jwtOf('a'), 'opaque', ['token-refreshed ahead']],
    ['goes on with the session', 'the first subject', 'opaque', jwtOf('a'), ['token-refreshed ahead']],
    [
      'begins another one',
      'another subject',
      jwtOf('a'),
      jwtOf('b'),
      ['signed-out replaced', 'signed-in restored'],
    ],
  ])('%s with %s', async (_what, _whose, first, answer, expected) => {
    const { start, told } = setUp({ refresh: cookie(answer) }, first);
    start();
    await settle();
    expect(short(told)).toEqual(expected);
  });

  test('of somebody else brings nothing of the session before along', async () => {
    const { start, sessions, replace } = setUp({ refresh: cookie(jwtOf('b')) }, jwtOf('a'));
    replace(held(jwtOf('a'), { refreshToken: 'r1' }));
    start();
    await settle();
    expect(sessions.current.state.held?.tokens).toEqual(held(jwtOf('b')).tokens);
  });
});
