/** Ten thousand requests at once with a dead token: one refresh, nobody fails. What memory they leave behind is weighed by bench/memory. */
import { getEventListeners } from 'node:events';
import { asTokenError, TokenError } from 'evertoken';
import { describe, expect, test } from 'vitest';
import { createCrowd, turns } from '../support/crowd.ts';

const BURST = 10_000;

/** How many of each there are. */
const tally = (outcomes: Iterable<unknown>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[`${outcome}`] = (counts[`${outcome}`] ?? 0) + 1;
  return counts;
};

const codesOf = (outcomes: unknown[]): Record<string, number> =>
  tally(outcomes.map((outcome) => asTokenError(outcome)?.code ?? (outcome as Error).name ?? outcome));

describe('10,000 requests at once', { timeout: 60_000 }, () => {
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

test('R33: when a burst that shares one signal is over, no listener stays on it', async () => {
  const { signal } = new AbortController();
  const crowd = await createCrowd(1000);
  crowd.kill();
  expect(tally(await crowd.burst({ signal }))).toEqual({ 204: 1000 });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});
