/** Who presents the refresh token when its context dies or is frozen. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CellOptions, createCell } from '../support/ports.ts';
import { follow } from '../support/recorder.ts';
import { during, openContexts, pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What stands in the entry of who presents the refresh token. */
const leaseIn = ({ value }: ReturnType<typeof createCell>) =>
  value?.['lease'] as { by: string; ms: number; isLocked: boolean } | undefined;

describe('R54: a context that dies in its refresh', () => {
  const die = async (options: CellOptions, count = 2) => {
    const opened = await openContexts(count, { cell: createCell(options) });
    const [a] = opened.contexts;
    a.refresh('b', { ms: 60_000 });
    await pass();
    expect(a.presented).toHaveLength(1);
    a.view.die();
    return opened;
  };

  test('is known to be dead where there is a lock that it cannot lose alive: the next one goes on at once', async () => {
    const {
      contexts: [, b],
    } = await die({});
    await during(b.refresh('c'), 10);
    expect([b.presented, b.token]).toEqual([['refresh-a'], 'access-c']);
  });

  test('is waited for without one, for as long as the lease lasts from when it was first seen', async () => {
    const {
      contexts: [, b],
    } = await die({ hasLock: false });
    const waiting = follow(b.refresh('c'));
    await pass(31_000);
    expect([waiting.state, b.presented]).toEqual(['pending', []]);
    await pass(2_000);
    expect([waiting.state, b.presented]).toEqual(['resolved', ['refresh-a']]);
  });

  test('R34: is waited for by a clock that runs forward: one that is set back or forth changes nothing', async () => {
    const {
      contexts: [, b],
    } = await die({ hasLock: false });
    const waiting = follow(b.refresh('c'));
    await pass(100);
    vi.setSystemTime(Date.now() + 3_600_000);
    await pass(10_000);
    expect([waiting.state, b.presented]).toEqual(['pending', []]);
    vi.setSystemTime(Date.now() - 7_200_000);
    await pass(23_000);
    expect([waiting.state, b.presented]).toEqual(['resolved', ['refresh-a']]);
  });

  test('is waited for by whoever comes later only for what is left, where the store tells how old the entry is', async () => {
    const { open } = await die({ hasLock: false, hasClock: true });
    await pass(20_000);
    const late = open();
    await pass();
    const waiting = follow(late.refresh('c'));
    await pass(11_000);
    expect([waiting.state, late.presented]).toEqual(['pending', []]);
    await pass(2_000);
    expect([waiting.state, late.presented]).toEqual(['resolved', ['refresh-a']]);
  });

  test('is waited for by whoever comes later as long as by the others, where it does not', async () => {
    const { open } = await die({ hasLock: false });
    await pass(20_000);
    const late = open();
    await pass();
    const waiting = follow(late.refresh('c'));
    await pass(31_000);
    expect([waiting.state, late.presented]).toEqual(['pending', []]);
    await pass(2_000);
    expect(late.presented).toEqual(['refresh-a']);
  });

  test('is not known to be dead by a lock that it did not have', async () => {
    const { contexts, cell } = await die({ hasLock: false });
    const [, b] = contexts;
    // Of another build, or where locks refuse.
    b.view.port.lock = (task) => task();
    const waiting = follow(b.refresh('c'));
    await pass(10_000);
    expect([waiting.state, b.presented, leaseIn(cell)?.isLocked]).toEqual(['pending', [], false]);
    await pass(25_000);
    expect(b.presented).toEqual(['refresh-a']);
  });

  test('of those who wait one goes on, the others adopt', async () => {
    const { contexts } = await die({ hasLock: false }, 4);
    const [, ...others] = contexts;
    const all = Promise.all(others.map((context, index) => context.refresh(`c${index}`, { ms: 500 })));
    await during(all, 40_000);
    expect(others.flatMap(({ presented }) => presented)).toEqual(['refresh-a']);
    expect(new Set(others.map(({ token }) => token)).size).toBe(1);
  });
});

describe('R54: a context that was frozen between its lease and its request', () => {
  /** Has the lease, and sleeps: the clock on the wall runs, the other one stands still. */
  async function sleep(ms: number, refreshTimeout: number) {
    const {
      contexts: [a],
    } = await openContexts(2, { cell: createCell({ hasLock: false }), refreshTimeout });
    const asleep = Promise.withResolvers<void>();
    const refreshed = follow(a.refresh('b', { before: () => asleep.promise }));
    await pass();
    vi.setSystemTime(Date.now() + ms);
    a.view.calls.length = 0;
    asleep.resolve();
    await pass();
    return { a, refreshed };
  }

  test('takes the lease again before it sends', async () => {
    const { a, refreshed } = await sleep(200_000, 600_000);
    expect([refreshed.state, a.presented, a.token]).toEqual(['resolved', ['refresh-a'], 'access-b']);
    // The lease, and the commit.
    expect(a.view.calls).toEqual(['replace', 'replace']);
  });

  test('sends at once when it slept so short that its lease lasts', async () => {
    const { a } = await sleep(100_000, 600_000);
    expect([a.presented, a.view.calls]).toEqual([['refresh-a'], ['replace']]);
  });

  test('R34: presents nothing when the answer would come after it is given up', async () => {
    const { a, refreshed } = await sleep(20_000, 15_000);
    expect([refreshed.state, a.presented, a.token]).toEqual(['rejected', [], 'access-a']);
  });

  test('does not present a token that another one has presented meanwhile', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell({ hasLock: false }) });
    const asleep = Promise.withResolvers<void>();
    const refreshed = follow(a.refresh('b', { before: () => asleep.promise }));
    await pass();
    a.view.freeze();
    await during(b.refresh('c'), 34_000);
    expect(b.presented).toEqual(['refresh-a']);
    a.view.thaw();
    asleep.resolve();
    await pass(100);
    expect([refreshed.state, a.presented, a.token]).toEqual(['rejected', [], 'access-c']);
  });

  test('does not present one that another one is presenting just now', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell({ hasLock: false }) });
    const asleep = Promise.withResolvers<void>();
    const refreshed = follow(a.refresh('b', { before: () => asleep.promise }));
    await pass();
    const other = b.refresh('c', { ms: 5_000 });
    await pass(33_000);
    expect(b.presented).toEqual(['refresh-a']);
    asleep.resolve();
    await pass(100);
    expect([refreshed.state, a.presented]).toEqual(['rejected', []]);
    await during(other, 6_000);
    expect([a.token, b.token]).toEqual(['access-c', 'access-c']);
  });
});
