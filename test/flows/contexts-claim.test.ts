/** R54: who may present the refresh token. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { pause } from '../../src/timers.ts';
import type { Refresh } from '../../src/types.ts';
import { settle } from '../support/refresh.ts';
import { createTwo } from '../support/refresher.ts';
import { always, createContext, openTabs } from '../support/sessions.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

describe('R54: the claim to a refresh token', () => {
  test('is given to one context, again to the same, and to nobody else', async () => {
    const { a, b } = await openTabs();
    expect([await a.claim(), await b.claim(), await a.claim()]).toEqual([true, false, true]);
  });

  test('is taken over by one that has waited long enough for it, and the first has lost it then', async () => {
    const { a, b } = await openTabs();
    vi.setSystemTime(500);
    await a.claim();
    const asked: number[] = [];
    vi.setSystemTime(900);
    expect(await b.sessions.claim?.(always, true, ({ at }) => asked.push(at) > 0)).toBe(true);
    expect([asked, await a.claim(), await b.claim()]).toEqual([[500], false, true]);
  });

  test('is given back by who has it, and by nobody else', async () => {
    const { a, b } = await openTabs();
    await a.claim();
    await b.sessions.disclaim(b.sessions.current);
    expect(await b.claim()).toBe(false);
    await a.sessions.disclaim(a.sessions.current);
    expect(await b.claim()).toBe(true);
  });

  test('outlives a captured access token, and ends with new tokens', async () => {
    const { a, b } = await openTabs();
    await a.claim();
    await b.capture('captured', true);
    expect(await b.claim(), 'the refresh token is still the same').toBe(false);
    await a.refresh('second');
    await b.hear(a);
    expect(await b.claim()).toBe(true);
  });

  test('is not given for tokens that were replaced or ended elsewhere, however long one waits', async () => {
    const { a, b, c } = await openTabs();
    await a.refresh('second');
    expect(await b.claim(true)).toBe(false);
    await b.hear(a);
    expect(await b.claim(true)).toBe(true);
    await b.sessions.end();
    expect([await a.claim(true), await c.claim(true)]).toEqual([false, false]);
  });

  test('is not given for a session that is not the newest, nor to one who no longer wants it', async () => {
    const { a, b } = await openTabs();
    await a.signIn('somebody else');
    expect(await b.claim(true)).toBe(false);
    expect(await a.sessions.claim?.(() => false, true, always)).toBe(false);
    expect(await a.claim()).toBe(true);
  });

  test('does not make the newest commit look younger', async () => {
    const { a, ledger } = await openTabs();
    vi.setSystemTime(700);
    await a.claim();
    expect(ledger.entries.get('all')).toMatchObject({ n: 1, at: 0, claim: { at: 700 } });
  });

  test('is given where the ledger was lost, which knows the tokens again then', async () => {
    const { a, b, ledger } = await openTabs();
    await a.refresh('second');
    ledger.entries.clear();
    expect([await a.claim(), await b.claim(true), await a.refresh('third')]).toEqual([true, false, true]);
  });

  test('is not asked for where no other context could present the token', () => {
    expect(createContext().sessions.claim).toBeUndefined();
  });

  test('R8: is given to one who is signed out, where a cookie may hold a session', async () => {
    const { a, b } = await openTabs();
    await a.sessions.end();
    await b.hear(a);
    expect([await a.claim(true), await b.claim(true)]).toEqual([true, true]);
  });
});

describe('R54: a refresh token that another context has claimed', () => {
  /** When it was presented, if another context claimed it `age` ms ago and is gone; the claim is of that moment. */
  async function presentedAfter(age: number, isLockShared: boolean) {
    const { run, asked, other } = await createTwo({ isLockShared: () => isLockShared });
    await other.claim();
    const began = Date.now() + age;
    vi.setSystemTime(began);
    const times: number[] = [];
    asked.mockImplementation(() => times.push(Date.now() - began));
    run();
    await vi.advanceTimersByTimeAsync(40_000);
    return times;
  }

  test.each([
    [0, 2_000],
    [1_500, 500],
    [2_000, 0],
    [60_000, 0],
    [-60_000, 2_000], // the clock was set back
  ])('by a holder that died %d ms ago delays the next one by %d ms', async (age, delay) => {
    const times = await presentedAfter(age, true);
    expect(times).toEqual([expect.any(Number)]);
    expect(times[0]).toBeGreaterThanOrEqual(delay);
    expect(times[0]).toBeLessThanOrEqual(delay && delay + 50);
  });

  test('is waited for as long as its claimant may take where no lock shows that it is gone', async () => {
    const [time = 0] = await presentedAfter(0, false);
    expect(time).toBeGreaterThanOrEqual(22_000);
    expect(time).toBeLessThanOrEqual(22_050);
  });

  test('is not presented when its new tokens come meanwhile, nor after a sign-out', async () => {
    for (const [act, state] of [
      [({ other }) => other.refresh('from elsewhere'), 'resolved'],
      [({ sessions }) => sessions.end(), 'rejected'],
    ] as [(two: Awaited<ReturnType<typeof createTwo>>) => Promise<unknown>, string][]) {
      const two = await createTwo();
      await two.other.claim();
      const wait = two.run();
      await vi.advanceTimersByTimeAsync(1_000);
      await act(two);
      await vi.advanceTimersByTimeAsync(5_000);
      expect([wait.state, two.asked.mock.calls]).toEqual([state, []]);
    }
  });

  test('is free again when the refresh failed, and when it worked', async () => {
    const { run, other, answer } = await createTwo();
    run();
    await settle();
    expect(await other.claim()).toBe(false);
    await answer('second');
    await other.look();
    expect(await other.claim()).toBe(true);
    const down = await createTwo({ refresh: () => Promise.reject(new Error('down')) });
    down.run();
    await settle();
    expect(await down.other.claim()).toBe(true);
  });
});

describe('R54: who tries again after a while', () => {
  /** A refresh that presents its token once, and `later` ms after that once more. */
  async function createRetrying(later: number) {
    const presented: string[] = [];
    const refresh: Refresh = async ({ fetch }) => {
      await fetch('https://as.example.com/token').catch(() => {});
      await pause(later);
      await fetch('https://as.example.com/token');
      await pause(later);
      return { accessToken: 'second' };
    };
    const fetch = async () => {
      presented.push('the token');
      return new Response();
    };
    return { presented, ...(await createTwo({ refresh, fetch, isLockShared: () => false })) };
  }

  test('claims the refresh token again before it presents it again', async () => {
    const { run, other, presented, token } = await createRetrying(5_000);
    run();
    await vi.advanceTimersByTimeAsync(4_000);
    const ages: number[] = [];
    await other.sessions.claim?.(always, false, ({ at }) => ages.push(Date.now() - at) < 0);
    await vi.advanceTimersByTimeAsync(1_500);
    await other.sessions.claim?.(always, false, ({ at }) => ages.push(Date.now() - at) < 0);
    expect([ages, presented.length]).toEqual([[4_000, 500], 2]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(token()).toBe('second');
  });

  test('does not present it when another context has it by then, and takes what that one was given', async () => {
    const { run, other, presented, token } = await createRetrying(5_000);
    const wait = run();
    await vi.advanceTimersByTimeAsync(4_000);
    await other.sessions.claim?.(always, true, always);
    await vi.advanceTimersByTimeAsync(1_500);
    await other.refresh('from elsewhere');
    await vi.advanceTimersByTimeAsync(5_000);
    expect([presented.length, token(), wait.state]).toEqual([1, 'from elsewhere', 'resolved']);
  });
});

describe('R34, R38: a refresh ends', () => {
  // The record of the newest commit is there, and cannot be read.
  test('where the record cannot be read, though another has newer tokens', async () => {
    const { run, sessions, store, other, asked } = await createTwo();
    store.mood = 'blocked';
    await other.refresh('from elsewhere');
    run();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([sessions.current.run, asked.mock.calls]).toEqual([undefined, []]);
  });

  test('R8: where nobody is signed in any more, and a cookie is asked', async () => {
    const refresh = Object.assign(async () => ({ accessToken: 'restored' }), { withoutRefreshToken: true });
    const { run, sessions, token } = await createTwo({ refresh });
    await sessions.end();
    run('manual');
    await vi.advanceTimersByTimeAsync(60_000);
    expect([sessions.current.run, token()]).toEqual([undefined, 'restored']);
  });
});
