/** What all sessions of one client share. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hubOf, knownFor, meet, ready, watch } from '../../src/redis/hub.ts';
import { createFakeRedis } from './fake-redis.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test('a client has one hub, whichever copy of the package asks; another client another one', async () => {
  const client = {};
  const open = vi.fn(() => createFakeRedis().hub().wire);
  const hub = hubOf(client, open);
  vi.resetModules();
  const copy = await import('../../src/redis/hub.ts');
  expect(copy.hubOf(client, open)).toBe(hub);
  expect(open).toHaveBeenCalledTimes(1);
  expect(hubOf({}, open)).not.toBe(hub);
});

test('a server is known from when it was first met', async () => {
  const hub = createFakeRedis().hub();
  expect(knownFor(hub, 'one')).toBe(0);
  meet(hub, 'one');
  await pass(1_000);
  meet(hub, 'one');
  expect(knownFor(hub, 'one')).toBe(1_000);
});

describe('R53: a client', () => {
  test('that is connected is not waited for', async () => {
    await ready(createFakeRedis().hub());
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that is connecting is waited for, by all sessions together', async () => {
    const redis = createFakeRedis();
    redis.isReady = false;
    const all = Promise.all([ready(redis.hub()), ready(redis.hub())]);
    await pass(500);
    expect(vi.getTimerCount()).toBe(1);
    redis.isReady = true;
    await pass(20);
    await all;
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that is not connected in a second is not reached, and nothing is left in its queue', async () => {
    const redis = createFakeRedis();
    redis.isReady = false;
    const waiting = ready(redis.hub()).catch((error) => error.message);
    await pass(1_100);
    expect(await waiting).toBe('Redis cannot be reached: its client is not connected just now');
    expect([redis.calls, vi.getTimerCount()]).toEqual([[], 0]);
    await expect(ready(redis.hub())).rejects.toThrow('cannot be reached'); // at once: no time passes
    redis.isReady = true;
    await ready(redis.hub());
    redis.isReady = false;
    const again = ready(redis.hub());
    await pass(900);
    redis.isReady = true;
    await pass(20);
    await again;
  });

  test('that cannot work says why at once, also where that happens while it is waited for', async () => {
    const redis = createFakeRedis();
    redis.isReady = false;
    const waiting = ready(redis.hub()).catch((error) => error.message);
    redis.fault = 'it is closed';
    await pass(20);
    expect(await waiting).toBe('it is closed');
    await expect(ready(redis.hub())).rejects.toThrow('it is closed');
  });
});

describe('R52: the subscription', () => {
  test('is one for ten thousand sessions, made by the first that watches and closed with the last', async () => {
    const redis = createFakeRedis();
    const hub = redis.hub();
    expect(redis.listened).toBe(0);
    const undo = Array.from({ length: 10_000 }, (_, number) => watch(hub, `c${number}`, () => {}));
    await pass(0);
    expect([redis.listened, redis.subscribed.flat().length]).toEqual([1, 10_000]);
    for (const end of undo) end();
    expect([redis.closed, hub.channels.size, vi.getTimerCount()]).toEqual([1, 0, 0]);
    watch(hub, 'again', () => {});
    await pass(0);
    expect(redis.listened).toBe(2);
  });

  test('is one for several managers of a session: the channel is left with the last of them', async () => {
    const redis = createFakeRedis();
    const [one, two] = [vi.fn(), vi.fn()];
    watch(redis.hub(), 'other', () => {});
    await pass(0);
    const ends = [watch(redis.hub(), 'c', one), watch(redis.hub(), 'c', two)];
    await pass(0);
    expect([one.mock.calls.length, two.mock.calls.length]).toEqual([1, 1]);
    redis.publish('c', 'v');
    expect([one.mock.lastCall, two.mock.lastCall]).toEqual([['v'], ['v']]);
    ends[0]?.();
    ends[0]?.();
    expect(redis.subscribed).not.toContainEqual(['no c']);
    ends[1]?.();
    ends[1]?.();
    expect(redis.subscribed).toContainEqual(['no c']);
    redis.publish('c', 'w');
    expect([one.mock.calls.length, two.mock.calls.length]).toEqual([2, 2]);
  });

  test('that is lost is made again, and all are told that they may have missed some', async () => {
    const redis = createFakeRedis();
    const heard = vi.fn();
    watch(redis.hub(), 'c', heard);
    await pass(0);
    redis.cut();
    redis.deafness = new Error('not yet');
    await pass(2_000);
    expect(heard).toHaveBeenCalledTimes(1);
    redis.deafness = undefined;
    await pass(500);
    expect(heard).toHaveBeenCalledTimes(2);
    expect(heard).toHaveBeenLastCalledWith(undefined);
    redis.publish('c', 'v');
    expect(heard).toHaveBeenLastCalledWith('v');
  });

  test('that the user may not have is asked for once a minute', async () => {
    const redis = createFakeRedis();
    redis.deafness = new Error("NOPERM this user has no permissions to run the 'subscribe' command");
    const heard = vi.fn();
    watch(redis.hub(), 'c', heard);
    await pass(59_000);
    expect([redis.listened, heard.mock.calls.length]).toEqual([1, 0]);
    redis.deafness = undefined;
    await pass(2_000);
    expect([redis.listened, heard.mock.calls.length]).toEqual([2, 1]);
  });

  test('that cannot be had is asked for by all sessions together, however many there were', async () => {
    const redis = createFakeRedis();
    redis.deafness = new Error('NOPERM this user has no permissions');
    const heard = vi.fn();
    for (let number = 0; number < 100; number++) {
      const end = watch(redis.hub(), `c${number}`, heard);
      await pass(10);
      if (number) end();
    }
    expect([redis.listened, vi.getTimerCount()]).toEqual([1, 1]);
    await pass(60_000);
    expect([redis.listened, vi.getTimerCount()]).toEqual([2, 1]);
    redis.deafness = undefined;
    await pass(60_000);
    expect([redis.listened, heard.mock.calls.length, vi.getTimerCount()]).toEqual([3, 1, 0]);
  });

  test('that nobody wants any more when it is there is closed', async () => {
    const redis = createFakeRedis();
    watch(redis.hub(), 'c', () => {})();
    watch(redis.hub(), 'c', () => {});
    await pass(0);
    expect([redis.listened, redis.closed]).toEqual([2, 1]);
    redis.cut();
    expect(redis.closed).toBe(2);
  });

  test('is not made again when nobody watches meanwhile', async () => {
    const redis = createFakeRedis();
    const end = watch(redis.hub(), 'c', () => {});
    await pass(0);
    redis.cut();
    end();
    await pass(5_000);
    expect([redis.listened, vi.getTimerCount()]).toEqual([1, 0]);
  });
});
