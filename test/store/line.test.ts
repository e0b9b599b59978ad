/** The calls of one store, and how long a caller waits for them. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Ending } from '../../src/platform/timers.ts';
import { ask, inTurn, isDown, Line, patiently, retry } from '../../src/store/line.ts';
import { follow } from '../support/recorder.ts';
import { pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => {});

describe('tasks', () => {
  test('run one after the other, in the order of asking, also after one that failed', async () => {
    const line = new Line();
    const seen: string[] = [];
    const task = (name: string, ms: number) => async () => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => void setTimeout(resolve, ms));
      seen.push(`${name} ends`);
      if (name === 'b') throw new Error(name);
      return name;
    };
    const all = Promise.allSettled(
      [task('a', 30), task('b', 10), task('c', 0)].map((one) => inTurn(line, one)),
    );
    await pass(100);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('cost no timer while nobody waits for them', async () => {
    await inTurn(new Line(), async () => {});
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('R53: a caller', () => {
  test('waits 5 s at most for all the calls of a task, and then the store counts as down', async () => {
    const line = new Line();
    const slow = () => new Promise<void>((resolve) => void setTimeout(resolve, 1_000));
    const task = follow(
      patiently(
        line,
        inTurn(line, async () => {
          for (let calls = 0; calls < 9; calls++) await ask(line, 'read', slow);
        }),
      ),
    );
    await pass(4_999);
    expect([task.state, isDown(line)]).toEqual(['pending', false]);
    await pass(1);
    expect([task.state, isDown(line)]).toEqual(['rejected', true]);
    expect(task.value).toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('5000 ms') });
  });

  test('waits 5 s for those before it and its own, together', async () => {
    const line = new Line();
    inTurn(line, () => ask(line, 'read', never)).catch(() => {});
    const task = follow(
      patiently(
        line,
        inTurn(line, async () => isDown(line)),
      ),
    );
    await pass(5_000);
    expect(task.value).toBe(true);
  });

  test('is told at once what a task that fails throws, and the store is not down for that', async () => {
    const line = new Line();
    const error = new Error('quota');
    const failing = async () => {
      throw error;
    };
    await expect(patiently(line, inTurn(line, failing))).rejects.toBe(error);
    expect([isDown(line), vi.getTimerCount()]).toEqual([false, 0]);
  });

  test('no longer waits for what hung before: the next task has its turn', async () => {
    const line = new Line();
    patiently(
      line,
      inTurn(line, () => ask(line, 'read', never)),
    ).catch(() => {});
    await pass(5_000);
    const next = inTurn(line, () => ask(line, 'read', async () => 'next'));
    expect([await patiently(line, next), isDown(line)]).toEqual(['next', false]);
  });

  test('that gave up hears nothing of what is answered after all, nor asks again in that task', async () => {
    const line = new Line();
    const { promise, resolve } = Promise.withResolvers<string>();
    const heard = vi.fn();
    const asked = vi.fn(async () => {});
    const work = inTurn(line, async () => {
      await ask(line, 'read', () => promise).then(heard, () => {});
      await ask(line, 'read', asked);
    });
    const given = follow(patiently(line, work));
    await pass(5_000);
    expect(given.value).toMatchObject({ name: 'TimeoutError' });
    resolve('late');
    await pass();
    expect([isDown(line), heard.mock.calls, asked.mock.calls]).toEqual([true, [], []]);
  });
});

describe('R53: what could not be done', () => {
  /** Retries until it works; the moments at which it was tried (ms). */
  function retrying(work: (attempts: number) => Promise<unknown>) {
    const line = new Line();
    const closed = new Ending();
    const began = Date.now();
    const tried: number[] = [];
    const task = async () => {
      tried.push(Date.now() - began);
      await ask(line, 'read', () => work(tried.length));
    };
    retry(line, task, closed);
    return { line, tried, closed, again: () => retry(line, task, closed) };
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
    const { tried, again } = retrying(async () => {});
    again();
    again();
    await pass(10_000);
    expect(tried).toEqual([1_000]);
  });

  test('is given up after 5 s when it hangs, and tried again', async () => {
    const { tried } = retrying((attempts) => (attempts < 2 ? never() : Promise.resolve()));
    await pass(30_000);
    expect(tried).toEqual([1_000, 8_000]);
  });

  test('is tried soon again after the store has answered', async () => {
    const { line, tried } = retrying(fail);
    await pass(15_000);
    await inTurn(line, () => ask(line, 'read', async () => {}));
    const count = tried.length;
    await pass(17_000);
    expect(tried.length).toBeGreaterThan(count);
  });

  test('R61: is tried no more after close, and no timer is left', async () => {
    const { line, tried, closed, again } = retrying(fail);
    await pass(3_000);
    const count = tried.length;
    closed.end('closed');
    line.cancel?.();
    expect(vi.getTimerCount()).toBe(0);
    again();
    await pass(60_000);
    expect([tried.length, vi.getTimerCount()]).toEqual([count, 0]);
  });
});
