import { expect, test, vi } from 'vitest';
import { webLock } from '../../src/platform/locks.ts';
import type { Lock } from '../../src/types.ts';

const never = new AbortController().signal;

test('R34, R54: the Web Lock of the name is asked for, with the caller’s patience and without stealing', async () => {
  const asked: unknown[] = [];
  const request = (name: string, options: object, run: () => unknown) => {
    asked.push(name, options);
    return run();
  };
  vi.stubGlobal('navigator', { locks: { request } });
  expect(await webLock(() => 'shop')?.(async () => 'done', { signal: never })).toBe('done');
  expect(asked).toEqual(['shop', { signal: never }]);
});

test('R54: it is held by one at a time, and whoever gives up never runs', async () => {
  const lock = webLock(() => 'locks.test') as Lock;
  const log: string[] = [];
  const held = Promise.withResolvers<string>();
  const giveUp = new AbortController();
  const wait = () => {
    log.push('first');
    return held.promise;
  };
  const first = lock(wait, { signal: never });
  const given = lock(async () => log.push('given'), { signal: giveUp.signal });
  const last = lock(async () => log.push('last'), { signal: never });
  giveUp.abort('too long');
  await expect(given).rejects.toBe('too long');
  held.resolve('done');
  expect(await first).toBe('done');
  await last;
  expect(log).toEqual(['first', 'last']);
});

test('a task that fails passes the turn on, and only its own caller hears of it', async () => {
  const lock = webLock(() => 'locks.test') as Lock;
  const failed = lock(() => Promise.reject('failed'), { signal: never });
  const next = lock(async () => 'next', { signal: never });
  await expect(failed).rejects.toBe('failed');
  expect(await next).toBe('next');
});

test.each([
  ['no Web Locks', {}],
  ['no navigator', undefined],
])('R14: where there are %s there is no lock', (_what, navigator) => {
  vi.stubGlobal('navigator', navigator);
  expect(webLock(() => 'shop')).toBeUndefined();
});

test('R14: one that is there and refuses rejects at once: the caller goes on without', async () => {
  const refused = new DOMException('sandboxed', 'SecurityError');
  vi.stubGlobal('navigator', { locks: { request: () => Promise.reject(refused) } });
  await expect(webLock(() => 'shop')?.(async () => 'done', { signal: never })).rejects.toBe(refused);
});
