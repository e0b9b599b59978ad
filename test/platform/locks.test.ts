import { beforeEach, describe, expect, test, vi } from 'vitest';
import { defaultLock, isLockShared } from '../src/lock.ts';

const never = new AbortController().signal;
/** A task that notes its beginning, and ends when it is told to. */
function task(name: string, log: string[]) {
  let end: (error?: unknown) => void = () => {};
  const done = new Promise<string>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve(name));
  });
  const run = () => {
    log.push(name);
    return done;
  };
  return { run, end: (error?: unknown) => end(error) };
}
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('where there are no Web Locks', () => {
  beforeEach(() => void vi.stubGlobal('navigator', undefined));

  test('tasks of one name run one after the other, first come, first served', async () => {
    const log: string[] = [];
    const [a, b, c] = [task('a', log), task('b', log), task('c', log)];
    const runs = [a, b, c].map(({ run }) => defaultLock('name', run, { signal: never }));
    await settle();
    expect(log).toEqual(['a']);
    a.end();
    await settle();
    expect(log).toEqual(['a', 'b']);
    b.end();
    c.end();
    expect(await Promise.all(runs)).toEqual(['a', 'b', 'c']);
  });

  test('who comes while the second runs waits for it as well', async () => {
    const log: string[] = [];
    const [a, b, c] = [task('a', log), task('b', log), task('c', log)];
    for (const { run } of [a, b]) void defaultLock('name', run, { signal: never });
    a.end();
    await settle();
    const last = defaultLock('name', c.run, { signal: never });
    await settle();
    expect(log).toEqual(['a', 'b']);
    b.end();
    c.end();
    expect(await last).toBe('c');
  });

  test('R35: no other context is kept out', () => {
    expect(isLockShared()).toBe(false);
  });

  test('tasks of other names do not wait', async () => {
    const log: string[] = [];
    void defaultLock('one', task('a', log).run, { signal: never });
    void defaultLock('other', task('b', log).run, { signal: never });
    await settle();
    expect(log).toEqual(['a', 'b']);
  });

  test('a task that fails passes the turn on, and only its own caller hears of it', async () => {
    const failed = defaultLock('name', () => Promise.reject(new Error('failed')), { signal: never });
    const next = defaultLock('name', async () => 'next', { signal: never });
    await expect(failed).rejects.toThrow('failed');
    expect(await next).toBe('next');
  });

  test('who gives up never runs, and those behind still wait for the holder', async () => {
    const log: string[] = [];
    const [a, b, c] = [task('a', log), task('b', log), task('c', log)];
    void defaultLock('name', a.run, { signal: never });
    const controller = new AbortController();
    const given = defaultLock('name', b.run, { signal: controller.signal });
    const last = defaultLock('name', c.run, { signal: never });
    controller.abort(new Error('too long'));
    await expect(given).rejects.toThrow('too long');
    await settle();
    expect(log).toEqual(['a']);
    a.end();
    c.end();
    expect(await last).toBe('c');
    expect(log).toEqual(['a', 'c']);
  });

  test('a signal that is aborted once the task runs is ignored', async () => {
    const log: string[] = [];
    const a = task('a', log);
    const controller = new AbortController();
    const run = defaultLock('name', a.run, { signal: controller.signal });
    await settle();
    controller.abort();
    a.end();
    expect(await run).toBe('a');
  });
});

test('R14: Web Locks are looked up at each use, and asked without stealing', async () => {
  const asked: unknown[] = [];
  const request = (name: string, options: object, run: () => unknown) => {
    asked.push(name, options);
    return run();
  };
  vi.stubGlobal('navigator', { locks: { request } });
  expect(await defaultLock('name', async () => 'done', { signal: never })).toBe('done');
  expect([asked, isLockShared()]).toEqual([['name', { signal: never }], true]);
  vi.stubGlobal('navigator', {});
  expect(await defaultLock('name', async () => 'here', { signal: never })).toBe('here');
  expect([asked.length, isLockShared()]).toEqual([2, false]);
});
