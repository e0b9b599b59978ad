// @vitest-environment jsdom
/** Clocks, timers, storage, locks and events, as far as `evertoken/idle` needs them. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { alone, isPage, isUsers, item, listen, since, wait } from '../../src/idle/page.ts';

beforeEach(() => {
  vi.useFakeTimers();
  localStorage.clear();
  return () => vi.useRealTimers();
});

describe('since', () => {
  test('counts sleep, through which the other clock stands still', () => {
    const age = since(Date.now() - 10);
    vi.setSystemTime(Date.now() + 5_000);
    expect(age()).toBe(5_010);
  });

  test('goes on when the clock is set back, and is never negative', () => {
    const age = since(Date.now() + 60_000);
    expect(age()).toBe(0);
    vi.advanceTimersByTime(1_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    vi.advanceTimersByTime(1_000);
    expect(age()).toBe(2_000);
  });
});

test('a wait is over once, unless it is ended before', () => {
  const task = vi.fn();
  wait(1_000, task);
  wait(1_000, task)();
  vi.advanceTimersByTime(2_000);
  expect(task).toHaveBeenCalledTimes(1);
});

test('events of the user are told from those of the page, also if the page stops them', () => {
  expect(isPage()).toBe(true);
  const heard: [string, boolean][] = [];
  const stop = listen((event) => heard.push([event.type, isUsers(event)]));
  document.body.addEventListener('keydown', (event) => event.stopImmediatePropagation());
  const fire = (type: string, target: EventTarget = document.body) =>
    target.dispatchEvent(new Event(type, { bubbles: true }));
  for (const type of ['keydown', 'pointerdown', 'pointermove', 'wheel']) fire(type);
  fire('visibilitychange', document);
  fire('focus', window);
  fire('pageshow', window);
  expect(heard).toEqual([
    ['keydown', true],
    ['pointerdown', true],
    ['pointermove', true],
    ['wheel', true],
    ['visibilitychange', false],
    ['focus', false],
    ['pageshow', false],
  ]);
  stop();
  fire('keydown');
  expect(heard).toHaveLength(7);
});

describe('an item', () => {
  test('is kept for all tabs, and removed', () => {
    expect(item('a')).toBeUndefined();
    expect(item('a', '1 2')).toBe('1 2');
    expect(localStorage.getItem('a')).toBe('1 2');
    expect(item('a')).toBe('1 2');
    expect(item('a', null)).toBeUndefined();
    expect(localStorage).toHaveLength(0);
  });

  test('is this tab’s own where storage is refused', () => {
    vi.stubGlobal('localStorage', {
      get a(): string {
        throw new Error('blocked');
      },
      set a(_: string) {
        throw new Error('blocked');
      },
    });
    expect(item('a', '1 2')).toBe('1 2');
    expect(item('a')).toBeUndefined();
    expect(item('a', null)).toBeUndefined();
  });
});

describe('alone', () => {
  test('without locks the task is done at once', async () => {
    const task = vi.fn(async () => {});
    await alone('a', task);
    expect(task).toHaveBeenCalledTimes(1);
  });

  test('with locks it is their turn that counts', async () => {
    const tasks: (() => Promise<void>)[] = [];
    const request = vi.fn(
      async (_name: string, _: object, task: () => Promise<void>) => void tasks.push(task),
    );
    vi.stubGlobal('navigator', { locks: { request } });
    const task = vi.fn(async () => {});
    await alone('a', task);
    expect(task).not.toHaveBeenCalled();
    await tasks[0]?.();
    expect(request.mock.calls[0]?.[0]).toBe('a');
    expect(task).toHaveBeenCalledTimes(1);
  });

  test('a tab that stands still with the lock is waited for a minute', async () => {
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort());
    const request = async (_name: string, { signal }: LockOptions) => signal?.throwIfAborted();
    vi.stubGlobal('navigator', { locks: { request } });
    const task = vi.fn(async () => {});
    await alone('a', task);
    expect([timeout.mock.calls, task.mock.calls.length]).toEqual([[[60_000]], 1]);
    timeout.mockRestore();
  });

  test('locks that refuse, as in a sandboxed frame, count as none', async () => {
    vi.stubGlobal('navigator', { locks: { request: () => Promise.reject(new Error('SecurityError')) } });
    const task = vi.fn(async () => {});
    await alone('a', task);
    expect(task).toHaveBeenCalledTimes(1);
  });
});
