/** Who presents the refresh token: one context at a time. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CellOptions, createCell } from '../support/ports.ts';
import { follow } from '../support/recorder.ts';
import { during, openContexts, pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What stands in the entry of who presents the refresh token. */
const leaseIn = ({ value }: ReturnType<typeof createCell>) =>
  value?.['lease'] as { by: string; ms: number; isLocked: boolean } | undefined;

const kinds: [what: string, options: CellOptions][] = [
  ['with a lock', {}],
  ['without a lock', { hasLock: false }],
  ['without news', { isWatched: false }],
  ['without either', { hasLock: false, isWatched: false }],
];

describe.each(kinds)('R54: over a store %s', (_what, options) => {
  const open = (count: number) => openContexts(count, { cell: createCell({ ms: 10, ...options }) });

  test('of contexts that refresh at the same time one presents the token, the others adopt what it brings', async () => {
    const { contexts, cell } = await open(4);
    const all = contexts.map((context, index) => context.refresh(`b${index}`, { ms: 500 }));
    await during(Promise.all(all), 5_000);
    expect(contexts.flatMap(({ presented }) => presented)).toEqual(['refresh-a']);
    expect(new Set(contexts.map(({ token }) => token)).size).toBe(1);
    expect(leaseIn(cell)).toBeUndefined();
  });

  test('R35: after a refresh that failed the next one is at once', async () => {
    const {
      contexts: [a, b],
    } = await open(2);
    const failed = follow(a.refresh(new Error('down'), { ms: 500 }));
    await pass(100);
    await during(b.refresh('b'), 2_000);
    expect([failed.state, a.presented, b.presented]).toEqual(['rejected', ['refresh-a'], ['refresh-a']]);
  });

  test('R53: a back-off that another context has begun meanwhile is no failure of the store', async () => {
    const {
      contexts: [a, b],
    } = await open(2);
    const retryAt = Date.now() + 2_000;
    const next = follow(b.refresh('b'));
    await pass(6);
    // Between what it reads and the lease it takes.
    const change = a.change((now) => ({ ...now, failure: { count: 1, at: Date.now(), retryAt } }));
    await during(change, 200);
    expect([next.state, next.value, b.presented]).toMatchObject(['rejected', { retryAt }, []]);
    expect(b.heard).toEqual([]);
  });

  test('R34: one that is slow is waited for, and is not presented twice', async () => {
    const {
      contexts: [a, b],
    } = await open(2);
    const slow = follow(a.refresh('b', { ms: 29_000 }));
    await pass(100);
    const waiting = follow(b.refresh('c'));
    await pass(28_000);
    expect([waiting.state, b.presented]).toEqual(['pending', []]);
    await pass(2_000);
    expect([slow.state, waiting.state, b.token, b.presented]).toEqual([
      'resolved',
      'resolved',
      'access-b',
      [],
    ]);
  });
});

describe('R54: the lease', () => {
  test('is in the entry while the token is presented, under whose lock it may be, and for how long', async () => {
    const { cell, contexts } = await openContexts(1);
    const refreshed = contexts[0].refresh('b', { ms: 500 });
    await pass();
    expect(leaseIn(cell)).toMatchObject({ isLocked: true, ms: 32_000 });
    await pass(500);
    await refreshed;
    expect(leaseIn(cell)).toBeUndefined();
  });

  test('lasts 5 min at most, however long a refresh may take', async () => {
    const { cell, contexts } = await openContexts(1, { refreshTimeout: 3_600_000 });
    contexts[0].refresh('b', { ms: 500 });
    await pass();
    expect(leaseIn(cell)?.ms).toBe(300_000);
    await pass(500);
  });

  test('R52: is taken quietly; the commit is told', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2);
    const refreshed = a.refresh('b', { ms: 500 });
    await pass(100);
    expect(b.view.calls).toEqual([]);
    await pass(500);
    await refreshed;
    expect([b.token, b.view.calls]).toEqual(['access-b', ['read']]);
  });

  test.each([
    ['that works', 'b'],
    ['that fails', new Error('down')],
  ] as const)('costs three calls with its refresh, one %s', async (_how, answer) => {
    const {
      contexts: [a],
    } = await openContexts(2);
    await during(a.refresh(answer, { ms: 100 }), 200);
    expect(a.view.calls).toEqual(['read', 'replace', 'replace']);
  });
});

describe('R34: the wait for other contexts', () => {
  test('is bounded: who finds one lease after the other gives up, and presents nothing', async () => {
    const {
      contexts: [a, b],
      cell,
    } = await openContexts(2, { cell: createCell({ hasLock: false }) });
    const waiting = follow(b.refresh('c', { cause: 'expired' }));
    const taken = (number: number) =>
      cell.edit({ lease: { id: `lease ${number}`, by: 'another', ms: 32_000, isLocked: false } });
    taken(0);
    for (let seconds = 1; seconds <= 34; seconds++) {
      await pass(1_000);
      taken(seconds);
      expect(waiting.state).toBe('pending');
    }
    await pass(3_000);
    expect([waiting.state, a.presented, b.presented]).toEqual(['rejected', [], []]);
  });

  test('a lock that is not granted in time, or refuses, counts as missing; the lease counts all the same', async () => {
    for (const lock of [
      () => Promise.reject(new DOMException('denied', 'SecurityError')),
      (_task: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    ]) {
      const { contexts } = await openContexts(2);
      const [a, b] = contexts;
      for (const { view } of [a, b]) view.port.lock = lock as never;
      const all = Promise.all([a.refresh('b', { ms: 500 }), b.refresh('c', { ms: 500 })]);
      await during(all, 80_000);
      expect([...a.presented, ...b.presented]).toEqual(['refresh-a']);
      expect(a.token).toBe(b.token);
    }
  });
});

describe('R53: where the store fails', () => {
  test('a refresh token that was never in the store is presented without a lease', async () => {
    const cell = createCell();
    const { open } = await openContexts(1, { cell });
    cell.put(undefined);
    const fresh = open();
    fresh.view.fail('read', 'throws');
    fresh.view.fail('replace', 'throws');
    await during(fresh.signIn('x'), 6_000);
    await during(fresh.refresh('y'), 6_000);
    expect([fresh.presented, fresh.token]).toEqual([['refresh-x'], 'access-y']);
  });

  test.each(['throws', 'hangs'] as const)(
    'one that was is not presented (it %s), and goes on later',
    async (fault) => {
      const {
        contexts: [a],
      } = await openContexts(2);
      a.view.fail('read', fault);
      a.view.fail('replace', fault);
      const refused = await during(a.refresh('b'), 6_000);
      expect([refused, a.presented]).toEqual([expect.any(Error), []]);
      a.view.heal();
      await pass(60_000);
      await during(a.refresh('b'), 1_000);
      expect([a.presented, a.token]).toEqual([['refresh-a'], 'access-b']);
    },
  );

  test("`whenDown: 'alone'`: a single process presents it all the same", async () => {
    const {
      contexts: [a],
    } = await openContexts(1, { cell: createCell({ whenDown: 'alone' }) });
    a.view.fail('read', 'throws');
    a.view.fail('replace', 'throws');
    await during(a.refresh('b'), 6_000);
    expect([a.presented, a.token]).toEqual([['refresh-a'], 'access-b']);
  });
});

describe('R61: a context that is closed while it waits', () => {
  test.each(kinds)('waits no longer, %s, and leaves no timer', async (_what, options) => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell(options) });
    const refreshed = a.refresh('b', { ms: 1_000 });
    await pass();
    const waiting = follow(b.refresh('c'));
    await pass();
    b.sessions.close();
    b.sharing.close();
    await pass();
    expect([waiting.state === 'pending', b.presented]).toEqual([false, []]);
    await pass(1_000);
    await refreshed;
    a.sharing.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
