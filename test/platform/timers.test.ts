import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { abortable, after as runAfter, timeLimit, within } from '../src/timers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const hanging = () => new Promise<never>(() => {});
const aborted = (reason: unknown) => AbortSignal.abort(reason);
/** A signal that counts who listens to it. */
function listened() {
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  const known = new Set<unknown>();
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    add.apply(signal, args);
    listeners = known.add(args[1]).size;
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    remove.apply(signal, args);
    known.delete(args[1]);
    listeners = known.size;
  };
  return { signal, abort: (reason?: unknown) => controller.abort(reason), count: () => listeners };
}

describe('after', () => {
  test('runs the task once, unless it is cancelled', () => {
    let runs = 0;
    runAfter(100, () => runs++);
    const cancel = runAfter(100, () => runs++);
    cancel();
    vi.advanceTimersByTime(99);
    expect(runs).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(runs).toBe(1);
  });

  test('R13: is clamped at 2^31-1 ms, beyond which the platform would fire at once', () => {
    let runs = 0;
    runAfter(Number.POSITIVE_INFINITY, () => runs++);
    vi.advanceTimersByTime(2 ** 31 - 2);
    expect(runs).toBe(0);
    vi.advanceTimersByTime(1);
    expect(runs).toBe(1);
  });

  test('R13: never keeps a Node process alive, and works where a timer is a number', () => {
    vi.useRealTimers();
    const set = vi.spyOn(globalThis, 'setTimeout');
    const cancel = runAfter(60_000, () => {});
    expect((set.mock.results[0]?.value as NodeJS.Timeout | undefined)?.hasRef()).toBe(false);
    cancel();
    const cleared: unknown[] = [];
    vi.stubGlobal('setTimeout', () => 7);
    vi.stubGlobal('clearTimeout', (timer: unknown) => cleared.push(timer));
    runAfter(1, () => {})();
    expect(cleared).toEqual([7]);
  });
});

describe('R33: a wait', () => {
  test('has the outcome of its promise, and listens to no signal afterwards', async () => {
    const { signal, count } = listened();
    const [good, bad] = [
      abortable(Promise.resolve(1), signal, null),
      abortable(Promise.reject('no'), signal),
    ];
    expect(count()).toBe(2);
    expect(await good).toBe(1);
    await expect(bad).rejects.toBe('no');
    expect(count()).toBe(0);
  });

  test('rejects with the reason of the first signal that aborts', async () => {
    const [a, b] = [listened(), listened()];
    const wait = abortable(hanging(), a.signal, undefined, b.signal);
    b.abort('b');
    a.abort('a');
    await expect(wait).rejects.toBe('b');
    expect([a.count(), b.count()]).toEqual([0, 0]);
    await expect(abortable(Promise.resolve(1), a.signal, b.signal)).rejects.toBe('a');
  });

  test('without a signal costs nothing: it is the promise itself', () => {
    const promise = Promise.resolve(1);
    expect(abortable(promise, undefined, null)).toBe(promise);
  });
});

describe('a time limit', () => {
  test('aborts its signal with a TimeoutError, and tells when it will', () => {
    const [signal] = timeLimit('the lock', 500);
    expect(signal.deadline).toBe(Date.now() + 500);
    vi.advanceTimersByTime(499);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.reason).toMatchObject({
      name: 'TimeoutError',
      message: 'the lock took longer than 500 ms',
    });
  });

  test('aborts with its parent, and leaves nothing behind when it is cancelled', () => {
    const [parent, other] = [listened(), listened()];
    const [first] = timeLimit('it', 500, parent.signal);
    parent.abort('over');
    expect(first.reason).toBe('over');
    const [second, cancel] = timeLimit('it', 500, other.signal);
    vi.advanceTimersByTime(400);
    cancel();
    other.abort();
    expect([second.aborted, other.count()]).toEqual([false, 0]);
  });
});

describe('R34: a time limit in a context that was frozen', () => {
  /** The clock goes on, and no timer fires before the thaw. */
  const freeze = (ms: number) => vi.setSystemTime(Date.now() + ms);

  test('waits a moment more for what came meanwhile and is told after the timers', () => {
    const [signal] = timeLimit('it', 500);
    freeze(60_000);
    vi.advanceTimersByTime(500);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(99);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal.aborted).toBe(true);
  });

  test('ends all the same where every timer is late', () => {
    const [signal] = timeLimit('it', 500);
    let rounds = 0;
    for (; !signal.aborted && rounds < 9; rounds++) {
      freeze(1_000);
      vi.runOnlyPendingTimers();
    }
    expect([signal.aborted, rounds]).toEqual([true, 3]);
  });
});

describe('within', () => {
  test('hands on the outcome of the task and leaves no timer', async () => {
    expect(await within('it', 500, () => 1)).toBe(1);
    await expect(within('it', 500, () => Promise.reject('no'))).rejects.toBe('no');
    const thrown = within('it', 500, () => {
      throw 'thrown';
    });
    await expect(thrown).rejects.toBe('thrown');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('rejects when the task takes too long, and its signal says so too', async () => {
    let seen: AbortSignal = aborted('nobody');
    const run = within('the refresh', 500, (signal) => {
      seen = signal;
      return hanging();
    });
    vi.advanceTimersByTime(500);
    await expect(run).rejects.toThrow('the refresh took longer than 500 ms');
    await expect(run).rejects.toBe(seen.reason);
  });
});
