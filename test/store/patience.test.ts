/** The calls of one store, and how long a caller waits for them. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { abandoned, createTurns, type Heed } from '../../src/store/patience.ts';
import { follow } from '../support/recorder.ts';
import { pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => {});

describe('tasks', () => {
  test('run one after the other, in the order of asking, also after one that failed', async () => {
    const { inTurn } = createTurns();
    const seen: string[] = [];
    const task = (name: string, ms: number) => async () => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => void setTimeout(resolve, ms));
      seen.push(`${name} ends`);
      if (name === 'b') throw new Error(name);
      return name;
    };
    const all = Promise.allSettled([task('a', 30), task('b', 10), task('c', 0)].map((one) => inTurn(one)));
    await pass(100);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('cost no timer while nobody waits for them', async () => {
    const { inTurn } = createTurns();
    await inTurn(async () => {});
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('R53: a caller', () => {
  test('waits 5 s at most for all the calls of a task, and then the store counts as down', async () => {
    const turns = createTurns();
    const task = follow(
      turns.patiently(
        turns.inTurn(async () => {
          for (let calls = 0; calls < 9; calls++)
            await new Promise((resolve) => void setTimeout(resolve, 1_000));
        }),
      ),
    );
    await pass(4_999);
    expect([task.state, turns.isDown]).toEqual(['pending', false]);
    await pass(1);
    expect([task.state, turns.isDown]).toEqual(['rejected', true]);
    expect(task.value).toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('5000 ms') });
  });

  test('waits 5 s for those before it and its own, together', async () => {
    const turns = createTurns();
    turns.inTurn(never).catch(() => {});
    const task = follow(turns.patiently(turns.inTurn(async () => {})));
    await pass(5_000);
    expect(task.state).toBe('rejected');
  });

  test('is told at once what a task that fails throws, and the store is not down for that', async () => {
    const turns = createTurns();
    const error = new Error('quota');
    const failing = async () => {
      throw error;
    };
    await expect(turns.patiently(turns.inTurn(failing))).rejects.toBe(error);
    expect([turns.isDown, vi.getTimerCount()]).toEqual([false, 0]);
  });

  test('no longer waits for what hung before: the next task has its turn', async () => {
    const turns = createTurns();
    turns.patiently(turns.inTurn(never)).catch(() => {});
    await pass(5_000);
    expect(await turns.patiently(turns.inTurn(async () => 'next'))).toBe('next');
  });

  test('that was given up changes nothing any more when its call is answered after all', async () => {
    const turns = createTurns();
    const { promise, resolve } = Promise.withResolvers<void>();
    const changed = vi.fn();
    const work = turns.inTurn(async (heed: Heed) => {
      await promise;
      heed();
      changed();
    });
    turns.patiently(work).catch(() => {});
    const waiting = follow(turns.inTurn(async (heed: Heed) => heed()));
    await pass(5_000);
    resolve();
    await expect(work).rejects.toBe(abandoned);
    await pass();
    expect([changed.mock.calls, waiting.value]).toEqual([[], abandoned]);
  });

  test('is heard again once the store has answered', async () => {
    const turns = createTurns();
    turns.patiently(turns.inTurn(never)).catch(() => {});
    await pass(5_000);
    turns.up();
    expect(turns.isDown).toBe(false);
  });
});

describe('R53: what could not be done', () => {
  /** Retries until it works; the moments at which it was tried (ms). */
  function retrying(work: (attempts: number) => Promise<unknown>) {
    const turns = createTurns();
    const began = Date.now();
    const tried: number[] = [];
    let isNeeded = true;
    const task = async () => {
      tried.push(Date.now() - began);
      await work(tried.length);
      isNeeded = false;
    };
    turns.retry(task, () => isNeeded);
    return { turns, tried, task, isNeeded: () => isNeeded };
  }
  const fail = async () => {
    throw new Error('full');
  };

  test('is tried again behind the callers’ backs, with pauses that grow to half a minute', async () => {
    const { tried } = retrying(fail);
    await pass(200_000);
    const pauses = tried.map((at, index) => at - (tried[index - 1] ?? 0));
    expect(pauses.slice(0, 7)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test('is not tried again once it is done, and leaves no timer', async () => {
    const { tried } = retrying(async (attempts) => {
      if (attempts < 3) throw new Error('full');
    });
    await pass(200_000);
    expect([tried.length, vi.getTimerCount()]).toEqual([3, 0]);
  });

  test('is tried once, however often that is wished', async () => {
    const { turns, tried, task, isNeeded } = retrying(async () => {});
    turns.retry(task, isNeeded);
    turns.retry(task, isNeeded);
    await pass(10_000);
    expect(tried).toEqual([1_000]);
  });

  test('is given up after 5 s when it hangs, and tried again', async () => {
    const { tried } = retrying((attempts) => (attempts < 2 ? never() : Promise.resolve()));
    await pass(30_000);
    expect(tried).toEqual([1_000, 8_000]);
  });

  test('is tried soon again after the store has answered', async () => {
    const { turns, tried } = retrying(fail);
    await pass(15_000);
    turns.up();
    const count = tried.length;
    await pass(17_000);
    expect(tried.length).toBeGreaterThan(count);
  });

  test('R61: is tried no more after close, and no timer is left', async () => {
    const { turns, tried } = retrying(fail);
    await pass(3_000);
    const count = tried.length;
    turns.close();
    expect(vi.getTimerCount()).toBe(0);
    turns.retry(fail, () => true);
    await pass(60_000);
    expect([tried.length, vi.getTimerCount()]).toEqual([count, 0]);
  });
});
