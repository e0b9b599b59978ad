/** Ten thousand requests at once with a dead token: one refresh, nobody fails, nothing stays behind. */
import { getEventListeners } from 'node:events';
import { asTokenError, TokenError } from 'evertoken';
import { describe, expect, test } from 'vitest';
import { type Crowd, type CrowdOptions, createCrowd, turns } from '../support/crowd.ts';
import { growthOf } from '../support/heap.ts';

const BURST = 10_000;
/** Bytes for each request of a burst that may stay behind, for noise: less than a promise takes. */
const CRUMB = 64;

/** How many of each there are. */
const tally = (outcomes: Iterable<unknown>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[`${outcome}`] = (counts[`${outcome}`] ?? 0) + 1;
  return counts;
};

const codesOf = (outcomes: unknown[]): Record<string, number> =>
  tally(outcomes.map((outcome) => asTokenError(outcome)?.code ?? (outcome as Error).name ?? outcome));

describe('10,000 requests at once', { timeout: 15_000 }, () => {
  test('R22, R31: a refused token is refreshed once, and each request is sent twice with its own body', async () => {
    const crowd = await createCrowd(BURST);
    crowd.kill();
    expect(tally(await crowd.burst({ method: 'POST' }))).toEqual({ 204: BURST });
    expect(tally(crowd.sent)).toEqual({ 2: BURST });
    expect(crowd.refreshes).toBe(1);
    expect(crowd.isMixedUp, 'a request with the body of another one').toBe(false);
  });

  test('R22: refusals that trickle in before, during and after the refresh cause no second one', async () => {
    const crowd = await createCrowd(BURST, { beforeAnswer: (number) => turns(number % 60) });
    crowd.kill();
    expect(tally(await crowd.burst())).toEqual({ 204: BURST });
    expect(tally(crowd.sent)).toEqual({ 2: BURST });
    expect(crowd.refreshes).toBe(1);
  });

  test('R12: a token past its time is not sent at all, and each request is sent once', async () => {
    const crowd = await createCrowd(BURST);
    await crowd.auth.signIn({
      accessToken: 'expired',
      refreshToken: 'refresh',
      expiresAt: Date.now() - 1000,
    });
    expect(tally(await crowd.burst())).toEqual({ 204: BURST });
    expect(tally(crowd.sent)).toEqual({ 1: BURST });
    expect(crowd.refreshes).toBe(1);
    expect(crowd.carried.has('Bearer expired')).toBe(false);
  });

  test('R12: a token close to its end goes out with all of them, and one refresh runs behind', async () => {
    const crowd = await createCrowd(BURST, { refreshAhead: 60_000, leeway: 0 });
    // Ahead is at most a quarter of the lifetime, and this one is known to end within it.
    await crowd.auth.signIn({ accessToken: 'old', refreshToken: 'refresh', expiresIn: 240 });
    const { expiresAt = 0 } = crowd.auth.tokens ?? {};
    await crowd.at(expiresAt - 30_000, async () => {
      expect(tally(await crowd.burst())).toEqual({ 204: BURST });
      await turns(10);
    });
    expect(tally(crowd.sent)).toEqual({ 1: BURST });
    expect([crowd.refreshes, crowd.auth.tokens?.accessToken]).toEqual([1, 'access-1']);
  });

  test('R38: one failed refresh fails them all with the same error, and the session goes on', async () => {
    const crowd = await createCrowd(BURST, { failure: new Error('no network') });
    crowd.kill();
    const outcomes = await crowd.burst();
    expect(codesOf(outcomes)).toEqual({ 'refresh-failed': BURST });
    expect(new Set(outcomes).size).toBe(1);
    expect(tally(crowd.sent)).toEqual({ 1: BURST });
    expect(crowd.refreshes).toBe(1);
    expect(crowd.auth.sessionId).toBeDefined();
  });

  test('R35: one dead refresh token fails them all and ends the session with one event', async () => {
    const crowd = await createCrowd(BURST, { failure: new TokenError('session-ended') });
    const over: unknown[] = [];
    crowd.auth.on('signed-out', ({ reason }) => over.push(reason));
    crowd.kill();
    expect(codesOf(await crowd.burst())).toEqual({ 'session-ended': BURST });
    await turns(2);
    expect(over).toEqual(['ended']);
    expect(crowd.refreshes).toBe(1);
  });

  test('R33: when half of them give up, the other half gets its answers', async () => {
    const crowd = await createCrowd(BURST);
    crowd.kill();
    const givingUp = Array.from({ length: BURST / 2 }, () => new AbortController());
    crowd.onRefresh = () => {
      for (const caller of givingUp) caller.abort();
    };
    const outcomes = await crowd.burst((number) => ({ signal: givingUp[number]?.signal ?? null }));
    expect(codesOf(outcomes)).toEqual({ 204: BURST / 2, AbortError: BURST / 2 });
    expect(tally(crowd.sent)).toEqual({ 1: BURST / 2, 2: BURST / 2 });
    expect(crowd.refreshes).toBe(1);
  });

  test('R32: a sign-out in the middle rejects them all with session-changed and drops the refresh', async () => {
    const crowd = await createCrowd(BURST);
    crowd.kill();
    let leaving: Promise<void> | undefined;
    crowd.onRefresh = () => {
      leaving = crowd.auth.signOut();
    };
    expect(codesOf(await crowd.burst())).toEqual({ 'session-changed': BURST });
    await leaving;
    await turns(10);
    expect(tally(crowd.sent)).toEqual({ 1: BURST });
    expect(crowd.auth.tokens).toBeUndefined();
  });
});

describe('what a burst leaves behind', { timeout: 30_000 }, () => {
  /** Bytes that one request leaves behind, over several bursts of refused requests. */
  async function leftBy(size: number, options?: CrowdOptions, before?: (crowd: Crowd) => RequestInit) {
    const crowd = await createCrowd(size, options);
    const growth = await growthOf(async () => {
      crowd.kill();
      await crowd.burst(before?.(crowd));
    }, 3);
    return growth / size;
  }

  test('the check can fail: one small object kept for each request is seen', async () => {
    const kept: unknown[] = [];
    const left = await leftBy(1000, {
      beforeAnswer: (number) => kept.push({ number }),
    });
    expect(left).toBeGreaterThan(CRUMB);
  });

  test('R22: memory is back where it was after 10,000 refused requests, burst after burst', async () => {
    expect(await leftBy(BURST)).toBeLessThan(CRUMB);
  });

  test('R38: nor does a burst that fails leave anything', async () => {
    expect(await leftBy(3000, { failure: new Error('no network') })).toBeLessThan(CRUMB);
  });

  test('R22: nor do new addresses in every burst', async () => {
    let run = 0;
    const left = await leftBy(3000, {}, (crowd) => {
      crowd.prefix = `run-${++run}-${'x'.repeat(200)}/`;
      return {};
    });
    expect(left).toBeLessThan(CRUMB);
  });

  test('R33: nor do requests that share one signal, and no listener stays on it', async () => {
    const { signal } = new AbortController();
    const left = await leftBy(1000, {}, () => ({ signal }));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(left).toBeLessThan(CRUMB);
  });
});
