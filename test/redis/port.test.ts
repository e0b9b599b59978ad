/** One session in Redis, as one manager reads and replaces it. */

import { describeStore } from 'evertoken/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPort } from '../../src/redis/port.ts';
import { runner } from '../store/parts.ts';
import { createFakeRedis } from './fake-redis.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const open = (redis = createFakeRedis(), whenDown?: 'wait' | 'alone') => ({
  redis,
  port: createPort(redis.hub(), 'evertoken:x', whenDown),
  other: createPort(redis.hub(), 'evertoken:x', whenDown),
});
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

let redis = createFakeRedis();
describeStore(
  'a port of Redis',
  {
    says: { watch: true, age: true, forgets: true },
    reset() {
      redis = createFakeRedis();
    },
    open: () => open(redis).port,
    fail(mode) {
      redis.error = mode && new Error('broken');
      redis.isReady = mode !== 'hang';
    },
    loseAnswer() {
      redis.isLost = true;
      queueMicrotask(() =>
        queueMicrotask(() => queueMicrotask(() => Object.assign(redis, { isLost: false }))),
      );
    },
    forget: () => redis.entries.clear(),
    pass,
    times: 10,
  },
  runner,
);

describe('R54: a lease', () => {
  test('is one call without replicas; with one it counts when that has it', async () => {
    const { redis, port } = open();
    await port.replace(undefined, { version: '1', value: '' });
    expect(await port.replace('1', { version: '2', value: '' }, true)).toBe(true);
    redis.replicas = 1;
    redis.confirming = 1;
    await port.read();
    expect(await port.replace('2', { version: '3', value: '' }, true)).toBe(true);
    expect(redis.calls.map(({ script, waits }) => (waits ? `${script} and wait` : script))).toEqual([
      'replace',
      'replace',
      'read',
      'replace and wait',
    ]);
    await port.replace('3', { version: '4', value: '' });
    expect(redis.calls.at(-1)?.waits).toBe(false);
  });

  async function unconfirmed() {
    const { redis, port, other } = open();
    Object.assign(redis, { replicas: 1 });
    await port.replace(undefined, { version: '1', value: '' });
    const lease = port.replace('1', { version: '2', value: '' }, true);
    await expect(lease).rejects.toThrow('no replica of Redis has confirmed the lease');
    return { redis, port, other };
  }

  test('that no replica has does not count, and who reads it again does not find it', async () => {
    const { port } = await unconfirmed();
    expect((await port.read())?.version).toBe('2?');
    expect((await port.read())?.version).toBe('2?');
  });

  test('is not asked for anew for a second, so that nothing else waits on the connection', async () => {
    const { redis, port, other } = await unconfirmed();
    await port.read();
    await other.read();
    const { length } = redis.calls;
    for (const one of [port, other])
      await expect(one.replace('2?', { version: '3', value: '' }, true)).rejects.toThrow('confirmed');
    expect(redis.calls).toHaveLength(length);
    await pass(1_001);
    redis.confirming = 1;
    expect(await other.replace('2?', { version: '3', value: '' }, true)).toBe(true);
  });

  test('in a slot that moves counts when a replica has said by itself that it has it', async () => {
    const { redis, port } = open();
    Object.assign(redis, { replicas: 1, isMoving: true });
    await port.replace(undefined, { version: '1', value: '' });
    const lease = port.replace('1', { version: '2', value: '' }, true);
    const refused = expect(lease).rejects.toThrow('no replica of Redis has confirmed the lease');
    await pass(2_600);
    await refused;
    expect((await port.read())?.version).toBe('2?');
    await pass(1_001);
    const next = port.replace('2?', { version: '3', value: '' }, true);
    await pass(1_000);
    redis.confirming = 1;
    await pass(100);
    expect(await next).toBe(true);
    expect((await port.read())?.version).toBe('3');
  });

  test.each([
    ['whose server is another one when its replica is asked', { server: 'two' }],
    ['whose server does not say what it has written', { written: '' }],
  ])('in a slot that moves, %s, does not count', async (_, then) => {
    const { redis, port } = open();
    Object.assign(redis, { replicas: 1, confirming: 1, isMoving: true });
    await port.replace(undefined, { version: '1', value: '' });
    redis.looked = () => void Object.assign(redis, then);
    const lease = port.replace('1', { version: '2', value: '' }, true);
    await expect(lease).rejects.toThrow('no replica of Redis has confirmed the lease');
  });

  test('whose answer was lost is taken again: nobody knows whether a replica has it', async () => {
    const { redis, port } = open();
    Object.assign(redis, { replicas: 1, confirming: 1 });
    await port.replace(undefined, { version: '1', value: '' });
    redis.isLost = true;
    await expect(port.replace('1', { version: '2', value: '' }, true)).rejects.toThrow('broke');
    redis.isLost = false;
    expect((await port.read())?.version).toBe('2?');
    expect(await port.replace('2?', { version: '3', value: '' }, true)).toBe(true);
    expect((await port.read())?.version).toBe('3');
  });

  test('waits for three seconds after Redis has changed, and is lost to whoever writes a newer entry meanwhile', async () => {
    const { redis, port, other } = open();
    await port.replace(undefined, { version: '1', value: '' });
    await pass(60_000);
    Object.assign(redis, { server: 'two', since: Date.now() });
    const [late] = [port.replace('1', { version: '2', value: '' }, true)];
    await pass(2_000);
    expect(redis.entries.get('evertoken:x')?.version).toBe('1');
    await other.replace('1', { version: 'newer', value: '' });
    await pass(1_100);
    expect(await late).toBe(false);
  });

  test('waits no longer where this process has known the server for a while', async () => {
    const { redis, port } = open();
    await port.replace(undefined, { version: '1', value: '' });
    Object.assign(redis, { server: 'two', since: Date.now() });
    await port.read();
    await pass(3_000);
    redis.since = Date.now();
    expect(await port.replace('1', { version: '2', value: '' }, true)).toBe(true);
  });

  test('over an entry that was never there waits for nobody', async () => {
    const { redis, port } = open();
    redis.since = Date.now();
    expect(await port.replace(undefined, { version: '1', value: '' }, true)).toBe(true);
    redis.entries.clear();
    const again = port.replace(undefined, { version: '2', value: '' }, true);
    await pass(2_900);
    expect(redis.entries.size).toBe(0);
    await pass(200);
    expect(await again).toBe(true);
  });
});

describe('R52: news', () => {
  test('of its own replacement is none, that of others is, and so is a connection that is there again', async () => {
    const { redis, port, other } = open();
    const heard = vi.fn();
    port.watch?.(heard);
    await pass(0);
    expect(heard).toHaveBeenCalledTimes(1); // before it listened there may have been some
    await port.replace(undefined, { version: '1', value: '' });
    await other.replace('1', { version: '2', value: '' }, true);
    await pass(0);
    expect(heard).toHaveBeenCalledTimes(1);
    await other.replace('2', { version: '3', value: '' });
    expect(heard).toHaveBeenCalledTimes(2);
    redis.cut();
    await pass(1_000);
    expect(heard).toHaveBeenCalledTimes(3);
  });
});

describe('an entry', () => {
  test('is kept for as long as is said, and ten years at most', async () => {
    const { redis, port } = open();
    const keptFor = async (version: string | undefined, next: string, keepFor?: number) => {
      await port.replace(version, { version: next, value: '', ...(keepFor && { keepFor }) });
      return redis.entries.get('evertoken:x')?.keepFor;
    };
    expect(await keptFor(undefined, '1')).toBe('');
    expect(await keptFor('1', '2', 1_000.5)).toBe('1001');
    expect(await keptFor('2', '3', 1e300)).toBe('315360000000');
  });

  test('says its age under the server that wrote it, and none under another one, whose clock is another', async () => {
    const { redis, port } = open();
    await port.replace(undefined, { version: '1', value: 'text' });
    await pass(1_234);
    expect(await port.read()).toEqual({ version: '1', value: 'text', age: 1_234 });
    redis.server = 'two';
    expect(await port.read()).toEqual({ version: '1', value: 'text' });
  });
});

test.each([
  ['MOVED 866 127.0.0.1:7001', 'it is a Cluster: hand over a client for one'],
  ['READONLY this is a replica', 'it is a replica: connect to the primary, or by its Sentinels'],
  ["NOPERM User default has no permissions to run the 'eval' command", 'it needs EVAL, HSET, PUBLISH'],
  [
    "ERR The user executing the script can't run this command or subcommand script: 19d33d",
    'docs/fleet.md lists',
  ],
  ["OOM command not allowed when used memory > 'maxmemory'.", 'its memory is full'],
  [
    "Can't execute 'eval': only (P|S)SUBSCRIBE / PING are allowed in this context",
    'hand over one of its own',
  ],
])('R53: an error of Redis says what to do: %s', async (words, cure) => {
  const { redis, port } = open();
  redis.error = new Error(words);
  const failure = await port.read().catch((error) => error);
  expect(failure.message).toContain(cure);
  expect(failure.message).toContain(words);
  expect(failure.cause).toBe(redis.error);
});

test('an error that is not known is handed on as it is', async () => {
  const { redis, port } = open();
  redis.error = 'a text';
  expect(await port.read().catch((error) => error)).toBe('a text');
});

test('R53: it says whether who cannot reach it may refresh all the same', () => {
  expect(open().port.whenDown).toBeUndefined();
  expect(open(createFakeRedis(), 'alone').port.whenDown).toBe('alone');
});
