import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TokenError } from '../src/errors.ts';
import { createScheduler } from '../src/scheduler.ts';
import { createPage } from './support/page.ts';
import { createContext } from './support/sessions.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** A scheduler for tokens that should be replaced at `aheadAt`, and when it looked or read again. */
function setUp({ aheadAt = 60_000, keepFresh = true }: { aheadAt?: number; keepFresh?: boolean } = {}) {
  const looks: number[] = [];
  const rereads: number[] = [];
  const { current } = createContext().sessions;
  const held = {
    tokens: { accessToken: 'a', tokenType: 'Bearer' },
    issuedAt: 0,
    expiresAt: 1 / 0,
    waitAt: 1 / 0,
  };
  Object.assign(current, { held: { ...held, aheadAt } });
  const obtain = async () => {
    looks.push(Date.now());
    throw new TokenError('refresh-failed');
  };
  const reread = () => void rereads.push(Date.now());
  const scheduler = createScheduler({ keepFresh, sessions: { current }, refresher: { obtain }, reread });
  return { ...scheduler, looks, rereads, current };
}

test('looks when the tokens should be replaced, and again a second later while nothing comes of it', () => {
  const { plan, looks } = setUp();
  plan();
  vi.advanceTimersByTime(59_999);
  expect(looks).toEqual([]);
  vi.advanceTimersByTime(2_001);
  expect(looks).toEqual([60_000, 61_000, 62_000]);
});

test('R35: does not look before a back-off is over', () => {
  const { plan, looks } = setUp();
  plan(90_000);
  vi.advanceTimersByTime(90_000);
  expect(looks).toEqual([90_000]);
});

test('a new plan takes the place of the one before', () => {
  const { plan, looks, current } = setUp();
  plan();
  Object.assign(current, { held: { ...current.held, aheadAt: 120_000 } });
  plan();
  vi.advanceTimersByTime(120_000);
  expect(looks).toEqual([120_000]);
});

test('R10: plans nothing without tokens, for an unknown lifetime, or without keepFresh', () => {
  setUp({ keepFresh: false }).plan();
  setUp({ aheadAt: 1 / 0 }).plan();
  const { plan, current } = setUp();
  Object.assign(current, { held: undefined });
  plan();
  expect(vi.getTimerCount()).toBe(0);
});

test('R13: a delay beyond 2^31-1 ms does not fire at once', () => {
  const { plan, looks } = setUp({ aheadAt: 2 ** 32 });
  plan();
  vi.advanceTimersByTime(1_000_000);
  expect(looks).toEqual([]);
});

test('R13: a hidden page looks when it is visible again, and not before', () => {
  const page = createPage();
  const { plan, looks, rereads } = setUp();
  plan();
  page.visibility = 'hidden';
  page.fire('visibilitychange');
  vi.advanceTimersByTime(100_000);
  expect([looks, rereads, vi.getTimerCount()]).toEqual([[], [], 0]);
  page.visibility = 'visible';
  page.fire('visibilitychange');
  expect([looks, rereads]).toEqual([[100_000], [100_000]]);
});

test('R13: whoever comes back reads the stored record again, and without keepFresh that is all', () => {
  const page = createPage();
  const { looks, rereads } = setUp({ keepFresh: false });
  for (const type of ['visibilitychange', 'resume', 'pageshow', 'online'] as const) page.fire(type);
  expect([looks, rereads]).toEqual([[], [0, 0, 0, 0]]);
});

test('R35: the network coming back ends the back-off, even of a hidden page; other events do not', () => {
  const page = createPage();
  const { current, looks } = setUp();
  current.error = new TokenError('refresh-failed', { retryAt: 90_000 });
  page.fire('resume');
  expect(current.error).toBeDefined();
  page.visibility = 'hidden';
  page.fire('online');
  expect([current.error, looks]).toEqual([undefined, [0]]);
});

test('R61: leaves no timer and no listener behind', () => {
  const page = createPage();
  const { plan, close } = setUp();
  plan();
  expect([vi.getTimerCount(), page.listeners]).toEqual([1, 4]);
  close();
  expect([vi.getTimerCount(), page.listeners]).toEqual([0, 0]);
});
