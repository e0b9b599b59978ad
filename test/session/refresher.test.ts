import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { RefreshCause } from '../../src/api.ts';
import { TokenError } from '../../src/errors.ts';
import type { Sharing } from '../../src/session/commit.ts';
import { obtain, type RefresherParts, renew } from '../../src/session/refresher.ts';
import { summaryOf } from '../../src/summary.ts';
import type { Refresh } from '../../src/types.ts';
import { createCore, held } from '../support/core.ts';
import { follow, short } from '../support/recorder.ts';
import { settle } from '../support/refresh.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** Tokens for 100 s from now, replaced ahead from 75 s on and waited for from 90 s on. */
const good = (accessToken: string, issuedAt = Date.now()) =>
  held(accessToken, {
    issuedAt,
    ...{ aheadAt: issuedAt + 75_000, waitAt: issuedAt + 90_000, expiresAt: issuedAt + 100_000 },
  });

/** Signed in with `first`; each refresh is answered by the test. */
function setUp(parts: Partial<RefresherParts> = {}) {
  const core = createCore();
  const { sessions, sharing, told } = core;
  const asked: PromiseWithResolvers<string>[] = [];
  const refresh: Refresh = () => {
    const next = deferred<string>();
    asked.push(next);
    return next.promise;
  };
  const flush = vi.fn();
  const whole: RefresherParts = {
    ...{ refresh, refreshTimeout: 10_000, sessions, sharing, fetch, flush },
    withoutRefreshToken: parts.refresh?.withoutRefreshToken,
    add: (...entry) => told.push(entry),
    accept: (answer, issuedAt) => good(`${answer}`, issuedAt),
    revokeTokens() {},
    summarize: (thrown) => summaryOf(thrown, []),
    ...parts,
  };
  core.signIn(good('first'));
  told.length = 0;
  /** The last refresh that was sent is answered. */
  const answer = async (next: string | Error) => {
    await settle();
    if (typeof next === 'string') asked.at(-1)?.resolve(next);
    else asked.at(-1)?.reject(next);
    await settle();
  };
  const run = (cause: RefreshCause = 'rejected') => follow(renew(whole, sessions.current, cause));
  const get = (minValidity?: number) => obtain(whole, sessions.current, minValidity);
  return { ...core, asked, answer, run, obtain: get, flush };
}
const states = (waits: { state: string }[]) => waits.map(({ state }) => state);

describe('R31: one refresh', () => {
  test('is shared by all who ask, and its answer is current when they go on', async () => {
    const { run, asked, answer, token, told, flush } = setUp();
    const waits = [run(), run('expired'), run('ahead')];
    await answer('second');
    expect([states(waits), token(), asked.length]).toEqual([Array(3).fill('resolved'), 'second', 1]);
    expect(short(told)).toEqual(['token-refreshed rejected']);
    expect(flush).toHaveBeenCalled();
  });

  test('is joined by an explicit one only before it is sent', async () => {
    const { run, asked, answer } = setUp();
    const waits = [run(), run('manual')];
    await answer('second');
    expect([states(waits), asked.length]).toEqual([['resolved', 'resolved'], 1]);
  });

  test('that was sent is waited for by an explicit one, which then sends its own: tokens issued after the call', async () => {
    const { run, asked, answer, token } = setUp();
    const first = run();
    await settle();
    const explicit = [run('manual'), run('manual')];
    await answer('second');
    expect([first.state, states(explicit), token()]).toEqual(['resolved', ['pending', 'pending'], 'second']);
    await answer('third');
    expect([states(explicit), token(), asked.length]).toEqual([['resolved', 'resolved'], 'third', 2]);
  });

  test('that was sent and fails does not keep an explicit one from trying', async () => {
    const { run, answer, token } = setUp();
    const first = run();
    await settle();
    const explicit = run('manual');
    await answer(new Error('down'));
    await answer('third');
    expect([first.state, explicit.state, token()]).toEqual(['rejected', 'resolved', 'third']);
  });

  test('that a capture has overtaken is waited for, and does not serve who wants newer tokens', async () => {
    const { run, replace, asked, answer, token } = setUp();
    const first = run();
    await settle();
    replace(good('captured'), true);
    await settle();
    expect(first.state).toBe('resolved');
    const second = run();
    await settle();
    expect(asked.length).toBe(1);
    await answer('late');
    expect([second.state, token()]).toEqual(['pending', 'captured']);
    await answer('second');
    expect([second.state, token(), asked.length]).toEqual(['resolved', 'second', 2]);
  });

  test('is not sent where the store finds that it is not needed any more', async () => {
    const alone = vi.fn<Sharing['alone']>(async () => undefined);
    const { run, asked, sessions } = setUp({ sharing: { alone } });
    const wait = run('ahead');
    await settle();
    expect([wait.state, asked]).toEqual(['resolved', []]);
    expect(alone.mock.calls[0]?.[0]).toMatchObject({ session: sessions.current, cause: 'ahead' });
  });
});

describe('R34: the wait', () => {
  test('ends, and the request goes on: a late answer is taken', async () => {
    const { run, answer, token, told } = setUp();
    const wait = run();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(wait.state).toBe('pending');
    await vi.advanceTimersByTimeAsync(1);
    expect(wait.value).toMatchObject({ code: 'refresh-failed', cause: { name: 'TimeoutError' } });
    await answer('late');
    expect([token(), short(told)]).toEqual(['late', ['refresh-failed', 'token-refreshed rejected']]);
  });

  test('is one for all who ask at one moment, and each moment has its own', async () => {
    const { run } = setUp();
    const timers = vi.spyOn(globalThis, 'setTimeout');
    const [first] = Array.from({ length: 1_000 }, () => run());
    await settle();
    // The refresh has another one.
    expect(timers).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(5_000);
    const second = run();
    await settle();
    expect(timers).toHaveBeenCalledTimes(3);
    await vi.advanceTimersByTimeAsync(5_000);
    expect([first?.state, second.state]).toEqual(['rejected', 'pending']);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(second.state).toBe('rejected');
  });

  test('of who comes after that is for the same request, and as long as anybody’s', async () => {
    const { run, asked, answer } = setUp();
    run();
    await vi.advanceTimersByTimeAsync(10_000);
    const explicit = run('manual');
    await vi.advanceTimersByTimeAsync(9_999);
    expect([explicit.state, asked.length]).toEqual(['pending', 1]);
    await answer('late');
    await answer('third');
    expect([explicit.state, asked.length]).toEqual(['resolved', 2]);
  });

  test('R32: ends with the session, for its own reason', async () => {
    const { run, signOut } = setUp();
    const wait = run();
    await settle();
    signOut();
    await settle();
    expect(wait.value).toMatchObject({ code: 'session-changed' });
  });

  test('R38: ends for all alike, with the same error', async () => {
    const { run, answer } = setUp();
    const waits = [run(), run()];
    await answer(new Error('down'));
    expect(waits[0]?.value).toMatchObject({ code: 'refresh-failed' });
    expect(waits[1]?.value).toBe(waits[0]?.value);
  });

  test('R53: that the store ends is a refresh that failed', async () => {
    const cause = new Error('another context is refreshing');
    const { run, token, told } = setUp({ sharing: { alone: () => Promise.reject(cause) } });
    const wait = run();
    await settle();
    expect(wait.value).toMatchObject({ code: 'refresh-failed', cause });
    expect([token(), short(told)]).toEqual(['first', ['refresh-failed']]);
  });
});

describe('R35: after a failure', () => {
  test('nothing is sent until the back-off is over, but for who asks explicitly', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1);
    const { run, asked, answer } = setUp();
    const first = run();
    await answer(new Error('down'));
    const second = run();
    await settle();
    expect([second.value, asked.length]).toEqual([first.value, 1]);
    await vi.advanceTimersByTimeAsync(2_000);
    run();
    await answer(new Error('down'));
    expect(asked.length).toBe(2);
    const explicit = run('manual');
    await answer('second');
    expect([explicit.state, asked.length]).toEqual(['resolved', 3]);
  });
});

describe('good tokens', () => {
  test('R12: are those in hand; from `refreshAhead` on others are fetched behind, from `leeway` on waited for', async () => {
    const { obtain, asked, sessions } = setUp();
    const { held: first } = sessions.current.state;
    const calls: number[] = [];
    for (const now of [74_999, 75_000]) {
      vi.setSystemTime(now);
      expect(await obtain()).toBe(first);
      await settle();
      calls.push(asked.length);
    }
    expect(calls).toEqual([0, 1]);
    vi.setSystemTime(90_000);
    const waits = follow(obtain());
    await settle();
    expect(waits.state).toBe('pending');
    asked[0]?.resolve('second');
    await settle();
    expect(waits.value).toBe(sessions.current.state.held);
  });

  test('R35: are the old ones while no others can be had, as long as they are good', async () => {
    const { obtain, sessions } = setUp({ refresh: () => Promise.reject(new Error('down')) });
    const { held: first } = sessions.current.state;
    vi.setSystemTime(90_000);
    expect(await obtain()).toBe(first);
    vi.setSystemTime(100_000);
    await expect(obtain()).rejects.toMatchObject({ code: 'refresh-failed' });
  });

  test('R35: are none once the session is over, however long the old ones had been good', async () => {
    const { obtain } = setUp({ refresh: () => Promise.reject(new TokenError('session-ended')) });
    vi.setSystemTime(90_000);
    await expect(obtain()).rejects.toMatchObject({ code: 'session-ended' });
  });

  test('R11: are new ones where they should be good for longer, unless they were just issued', async () => {
    const { obtain, asked } = setUp();
    await obtain(1e9);
    expect(asked).toEqual([]);
    vi.setSystemTime(50_000);
    const waits = follow(obtain(60_000));
    await settle();
    expect([waits.state, asked.length]).toEqual(['pending', 1]);
  });

  test('R8: signed out, are asked for once, where that works with nothing in hand', async () => {
    for (const [withoutRefreshToken, calls] of [
      [false, 0],
      [true, 1],
    ] as const) {
      const refused = vi.fn<Refresh>(() => Promise.reject(new TokenError('session-ended')));
      const { obtain, signOut, sessions } = setUp({ refresh: refused, withoutRefreshToken });
      signOut();
      expect(await obtain()).toBeUndefined();
      expect(refused).not.toHaveBeenCalled();
      sessions.current.isTried = false;
      for (let n = 0; n < 2; n++) expect(await obtain()).toBeUndefined();
      expect(refused).toHaveBeenCalledTimes(calls);
    }
  });

  test('R8: are not known to be none where the server of a cookie cannot be reached', async () => {
    const down = Object.assign(() => Promise.reject(new Error('down')), { withoutRefreshToken: true });
    const { obtain, signOut, sessions } = setUp({ refresh: down });
    signOut();
    sessions.current.isTried = false;
    await expect(obtain()).rejects.toMatchObject({ code: 'refresh-failed' });
  });
});
