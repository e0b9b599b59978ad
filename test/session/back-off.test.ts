import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { asTokenError, TokenError } from '../../src/errors.ts';
import { type BackOffParts, endBackOff, heedBackOff, noteFailure } from '../../src/session/back-off.ts';
import type { Run } from '../../src/session/session.ts';
import { summaryOf } from '../../src/summary.ts';
import { createCore, createRun, held } from '../support/core.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 });
  vi.spyOn(Math, 'random').mockReturnValue(1);
});
afterEach(() => void vi.useRealTimers());

function setUp() {
  const core = createCore('first');
  const { sessions, told } = core;
  const parts: BackOffParts = {
    ...{ sessions, add: (...entry) => told.push(entry) },
    summarize: (thrown) => summaryOf(thrown, []),
  };
  const note = (run: Run, cause: unknown) => noteFailure(parts, run, cause);
  const fail = (cause: unknown = 'down') => note(createRun(sessions.current), cause);
  const end = () => endBackOff(sessions);
  /** What a request that needs a token is told now. */
  const heed = () => {
    try {
      return heedBackOff(sessions.current);
    } catch (error) {
      return error;
    }
  };
  return { ...core, note, end, fail, heed };
}
const secondsTo = ({ retryAt = 0 }: { retryAt?: number }) => (retryAt - Date.now()) / 1_000;

describe('R35: the back-off', () => {
  test('doubles with each failure up to a minute, less up to a quarter', () => {
    const { fail } = setUp();
    expect(Array.from({ length: 7 }, () => secondsTo(fail()))).toEqual([2, 4, 8, 16, 32, 60, 60]);
    vi.mocked(Math.random).mockReturnValue(0);
    expect(secondsTo(fail())).toBe(45);
  });

  test('of a server that says how long is no shorter than that', () => {
    const { fail } = setUp();
    const busy = (seconds: number) => {
      const retryAt = Date.now() + seconds * 1_000;
      return fail(new TokenError('refresh-failed', { cause: 'busy', retryAt }));
    };
    expect([secondsTo(busy(1)), secondsTo(busy(100)), secondsTo(busy(1e15))]).toEqual([2, 100, 3_600]);
    expect(busy(1).cause).toMatchObject({ message: 'busy' });
  });

  test('R70: is told with a summary of what was thrown, and its words', () => {
    const { fail } = setUp();
    const thrown = Object.assign(new RangeError('offline'), { status: 502, config: 'secret' });
    const { message, cause } = fail(thrown);
    expect(message).toBe('no new token: offline');
    expect(cause).not.toBe(thrown);
    expect(cause).toMatchObject({ name: 'RangeError', message: 'offline', status: 502 });
    expect(cause).not.toHaveProperty('config');
    expect(fail(new TokenError('refresh-failed', { message: 'later' })).message).toBe('later');
  });

  test('R7: of a refresh that took too long names the requests that wait, five at most', () => {
    const { fail, sessions } = setUp();
    sessions.current.waiting = new Set(Array.from({ length: 9 }, (_, number) => `https://a.test/${number}`));
    const late = Object.assign(new Error('it took long'), { name: 'TimeoutError' });
    const places = [0, 1, 2, 3, 4].map((number) => `https://a.test/${number}`).join(', ');
    expect(fail(late).message).toBe(`no new token: it took long; waiting: ${places}`);
    expect(fail(new Error('down')).message).toBe('no new token: down');
  });

  test('is that of one refresh once, which its waiters may have given up before it failed', () => {
    const { note, sessions, told } = setUp();
    const run = createRun(sessions.current);
    const first = note(run, 'slow');
    expect(note(run, 'down')).toBe(first);
    const payload = { sessionId: 'a', error: first, retryAt: 3_000 };
    expect([first.message, told]).toEqual(['no new token: slow', [['refresh-failed', payload]]]);
    expect(sessions.current.state.failure).toEqual({ count: 1, at: 1_000, retryAt: 3_000 });
  });

  test('of a session that is over holds up nobody in the next one', () => {
    const { note, sessions, signIn, heed } = setUp();
    const was = sessions.current;
    signIn(held('second'), 'b');
    note(createRun(was), 'down');
    expect(heed()).toBeUndefined();
  });
});

describe('R35: while it lasts', () => {
  test('requests are told the failure itself, with when to come again, and not a moment longer', () => {
    const { fail, heed } = setUp();
    expect(heed()).toBeUndefined();
    const error = fail();
    expect(heed()).toBe(error);
    vi.setSystemTime(2_999);
    expect(heed()).toBe(error);
    vi.setSystemTime(3_000);
    expect(heed()).toBeUndefined();
  });

  test('that of another context counts as well', () => {
    const { sessions, heed } = setUp();
    sessions.apply({ ...sessions.current.state, failure: { count: 3, at: 1_000, retryAt: 9_000 } });
    expect(asTokenError(heed(), 'refresh-failed')?.retryAt).toBe(9_000);
  });

  test('R13: a clock that was set back does not make it longer; one a little behind, of another machine, keeps it', () => {
    vi.setSystemTime(3_600_000);
    const { fail, heed } = setUp();
    const error = fail();
    vi.setSystemTime(3_590_000);
    expect(heed()).toBe(error);
    vi.setSystemTime(0);
    expect(heed()).toBeUndefined();
  });

  test('it ends when there is reason to hope, and grows on when there was none', () => {
    const { fail, heed, end } = setUp();
    end();
    fail();
    end();
    expect([heed(), secondsTo(fail())]).toEqual([undefined, 4]);
  });
});
