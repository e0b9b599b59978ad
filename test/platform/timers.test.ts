import { AbortController as PolyfilledController } from 'abort-controller';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { abortable, clock, Ending, heed, after as runAfter, within } from '../../src/platform/timers.ts';
import { polluted } from '../support/polluted.ts';

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

  test('R13: keeps a Node process alive only where a caller waits, and works where a timer is a number', () => {
    vi.useRealTimers();
    const set = vi.spyOn(globalThis, 'setTimeout');
    const cancels = [runAfter(60_000, () => {}), runAfter(60_000, () => {}, true)];
    const timers = set.mock.results.map(({ value }) => value as NodeJS.Timeout);
    expect(timers.map((timer) => timer.hasRef())).toEqual([false, true]);
    for (const cancel of cancels) cancel();
    const cleared: unknown[] = [];
    vi.stubGlobal('setTimeout', () => 7);
    vi.stubGlobal('clearTimeout', (timer: unknown) => cleared.push(timer));
    runAfter(1, () => {})();
    expect(cleared).toEqual([7]);
  });
});

describe('R13: the clock', () => {
  test('goes on when that of the device is set back', () => {
    const before = clock();
    vi.setSystemTime(0);
    vi.advanceTimersByTime(500);
    expect(clock() - before).toBe(500);
  });

  test('R14: is that of the device where there is no other', () => {
    vi.stubGlobal('performance', undefined);
    vi.setSystemTime(7);
    expect(clock()).toBe(7);
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

  // What nobody handles fails a run.
  test('for a signal that is none is refused, whatever its promise does', async () => {
    await expect(abortable(Promise.resolve(1), 'text' as never)).rejects.toThrow('signal is string');
    await expect(abortable(Promise.reject('no'), {} as never)).rejects.toThrow('signal is object');
  });

  test('without a signal costs nothing: it is the promise itself', () => {
    const promise = Promise.resolve(1);
    expect(abortable(promise, undefined, null)).toBe(promise);
  });
});

describe('an ending', () => {
  test('is over at once, for its first reason; who waits is told when that is due', () => {
    const ending = new Ending();
    const heard: string[] = [];
    ending.addEventListener('abort', () => void heard.push('told'));
    expect(() => heed(ending)).not.toThrow();
    const tell = ending.end('over');
    ending.end('over again');
    expect([ending.aborted, ending.reason, heard]).toEqual([true, 'over', []]);
    expect(() => heed(ending)).toThrow('over');
    tell();
    expect(heard).toEqual(['told']);
  });

  test('ends the wait of who asks later, and keeps none of those whose wait is over', async () => {
    const ending = new Ending();
    const remove = vi.spyOn(ending, 'removeEventListener');
    expect(await abortable(Promise.resolve(1), ending)).toBe(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(remove).toHaveBeenCalledOnce();
    const wait = abortable(hanging(), ending);
    ending.end('over')();
    await expect(wait).rejects.toBe('over');
    await expect(abortable(hanging(), ending)).rejects.toBe('over');
  });

  test('R14: has a reason also where a signal has none (React Native)', () => {
    const signal = { aborted: true, reason: undefined } as AbortSignal;
    expect(() => heed(signal)).toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect(() => heed(null)).not.toThrow();
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

  test('tells the task until when it has time', async () => {
    await within('it', 500, ({ deadline }) => expect(deadline).toBe(Date.now() + 500));
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

  test('R14: gives the signal its reason where `abort` takes none (React Native)', async () => {
    vi.stubGlobal('AbortController', PolyfilledController);
    const seen: AbortSignal[] = [];
    const wait = within('it', 500, (signal) => {
      seen.push(signal);
      return hanging();
    });
    vi.advanceTimersByTime(500);
    await expect(wait).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(seen[0]?.reason).toMatchObject({ name: 'TimeoutError' });
  });
});

describe('R34: a wait in a context that was frozen', () => {
  /** The clock goes on, and no timer fires before the thaw. */
  const freeze = (ms: number) => vi.setSystemTime(Date.now() + ms);
  const start = () => {
    let signal = aborted('nobody');
    const wait = within('it', 500, (own) => {
      signal = own;
      return hanging();
    });
    wait.catch(() => {});
    return () => signal.aborted;
  };

  test('lasts a moment more for what came meanwhile and is told after the timers', () => {
    const isOver = start();
    freeze(60_000);
    vi.advanceTimersByTime(500);
    expect(isOver()).toBe(false);
    vi.advanceTimersByTime(99);
    expect(isOver()).toBe(false);
    vi.advanceTimersByTime(1);
    expect(isOver()).toBe(true);
  });

  test('ends all the same where every timer is late', () => {
    const isOver = start();
    let rounds = 0;
    for (; !isOver() && rounds < 9; rounds++) {
      freeze(1_000);
      vi.runOnlyPendingTimers();
    }
    expect([isOver(), rounds]).toEqual([true, 2]);
  });
});

test('R37: a timer that is a number, as in browsers, takes nothing from Object.prototype', async () => {
  vi.stubGlobal('setTimeout', () => 7);
  onTestFinished(() => void vi.unstubAllGlobals());
  const start = () => runAfter(1, () => {});
  await polluted({ unref: 'x' }, () => expect(start).not.toThrow());
});
