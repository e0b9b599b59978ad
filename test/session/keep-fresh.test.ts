import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TokenError } from '../../src/errors.ts';
import { keepSessionFresh } from '../../src/session/keep-fresh.ts';
import { createCore, held } from '../support/core.ts';
import { createPage } from '../support/page.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const failure = { count: 1, at: 0, retryAt: 2_000 };

/** Tokens that should be replaced at `aheadAt`, and when somebody looked for new ones or woke the store. */
function setUp({ aheadAt = 60_000, keepFresh = true }: { aheadAt?: number; keepFresh?: boolean } = {}) {
  const [looks, wakes]: number[][] = [[], []];
  const { sessions, signIn, signOut } = createCore();
  signIn(held('a', { aheadAt }));
  const obtain = async () => {
    looks?.push(Date.now());
    throw new TokenError('refresh-failed');
  };
  let plan = (_retryAt?: number) => {};
  const close = keepSessionFresh({
    ...{ keepFresh, sessions, obtain },
    on(_event, listener) {
      plan = (retryAt) =>
        (listener as (event: string, payload: object) => void)('token-refreshed', { retryAt });
      return () => {};
    },
    sharing: { wake: () => void wakes?.push(Date.now()) },
  });
  return { plan, close, looks, wakes, sessions, signIn, signOut };
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
  const { plan, looks, signIn } = setUp();
  plan();
  signIn(held('b', { aheadAt: 120_000 }));
  plan();
  vi.advanceTimersByTime(120_000);
  expect(looks).toEqual([120_000]);
});

test('R10: plans nothing without tokens, for an unknown lifetime, or without keepFresh', () => {
  setUp({ keepFresh: false }).plan();
  setUp({ aheadAt: 1 / 0 }).plan();
  const { plan, signOut } = setUp();
  signOut();
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
  const { plan, looks, wakes } = setUp();
  plan();
  page.visibility = 'hidden';
  page.fire('visibilitychange');
  vi.advanceTimersByTime(100_000);
  expect([looks, wakes, vi.getTimerCount()]).toEqual([[], [], 0]);
  page.visibility = 'visible';
  page.fire('visibilitychange');
  expect([looks, wakes]).toEqual([[100_000], [100_000]]);
});

test('R13, R52: whoever comes back wakes the store, and without keepFresh that is all', () => {
  const page = createPage();
  const { looks, wakes, sessions } = setUp({ keepFresh: false });
  const { state } = sessions.current;
  sessions.apply({ ...state, failure });
  for (const type of ['visibilitychange', 'resume', 'pageshow'] as const) page.fire(type);
  expect([looks, wakes, sessions.current.state.failure]).toEqual([[], [0, 0, 0], failure]);
});

test('R35: the network coming back ends the back-off, even of a hidden page', () => {
  const page = createPage();
  const { wakes, sessions } = setUp({ keepFresh: false });
  sessions.apply({ ...sessions.current.state, failure });
  page.visibility = 'hidden';
  page.fire('online');
  expect([sessions.current.state.failure?.retryAt, wakes]).toEqual([0, [0]]);
});

test('R61: leaves no timer and no listener behind', () => {
  const page = createPage();
  const { plan, close } = setUp();
  plan();
  expect([vi.getTimerCount(), page.listeners]).toEqual([1, 4]);
  close?.();
  expect([vi.getTimerCount(), page.listeners]).toEqual([0, 0]);
});
