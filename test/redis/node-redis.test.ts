/** What node-redis is asked for; with a real one in the tests of the project `redis`. */
import { EventEmitter } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import type { NodeRedisClient } from '../../src/redis/clients.ts';
import { nodeRedis } from '../../src/redis/node-redis.ts';

/** What was made of it by `duplicate`. */
type Made = EventEmitter & { calls: unknown[][]; isReady?: boolean };

function createFake(more: object = {}) {
  const calls: unknown[][] = [];
  const call =
    (name: string, answer?: unknown) =>
    (...args: unknown[]) => {
      calls.push([name, ...args]);
      return answer as Promise<unknown>;
    };
  const fake = Object.assign(new EventEmitter(), {
    ...{ isOpen: true, isReady: true as boolean | undefined, calls },
    options: { socket: { host: 'redis.internal' }, RESP: 2 },
    eval: call('eval', Promise.resolve('a')),
    connect: call('connect', Promise.resolve()),
    destroy: call('destroy'),
    unref: call('unref'),
    subscribe: call('subscribe', Promise.resolve()),
    unsubscribe: call('unsubscribe', Promise.resolve()),
    multi() {
      const batch = {
        eval: (...args: unknown[]) => call('eval', batch)(...args),
        wait: (...args: unknown[]) => call('wait', batch)(...args),
        execAsPipeline: async () => ['a', 1],
      };
      return batch;
    },
    own: undefined as unknown as Made,
    duplicate(options: unknown): Made {
      calls.push(['duplicate', options]);
      fake.own = createFake() as Made;
      return fake.own;
    },
    ...more,
  });
  return fake;
}

const wireOf = (fake: object) => nodeRedis(fake as unknown as NodeRedisClient);
const options = { keys: ['key'], arguments: ['a', 'b'] };

test('a script is sent with one key, which a Cluster finds its node by', async () => {
  const fake = createFake();
  expect(await wireOf(fake).run('script', 'key', ['a', 'b'])).toBe('a');
  expect(fake.calls).toEqual([['eval', 'script', options]]);
});

test('R54: a lease and the wait for a replica are sent together', async () => {
  const fake = createFake();
  expect(await wireOf(fake).runAndWait('script', 'key', ['a', 'b'], 500)).toEqual(['a', 1]);
  expect(fake.calls).toEqual([
    ['eval', 'script', options],
    ['wait', 1, 500],
  ]);
});

describe('R53: a client', () => {
  test.each([
    [{ isOpen: false }, /not connected: `await client\.connect\(\)` first/],
    [{ isPubSubActive: true }, /subscriber mode: hand over one of its own, `client\.duplicate\(\)`/],
    [{ isPubSubActive: true, options: { RESP: 3 } }, undefined],
    [{}, undefined],
  ])('that is %j says what to do', (how, cure) => {
    const fault = wireOf(createFake(how)).fault();
    if (cure) expect(fault).toMatch(cure);
    else expect(fault).toBeUndefined();
  });

  test('is ready when it says so, or does not say it', () => {
    expect(wireOf(createFake()).isReady()).toBe(true);
    expect(wireOf(createFake({ isReady: false })).isReady()).toBe(false);
    expect(wireOf(createFake({ isReady: undefined })).isReady()).toBe(true);
  });
});

describe('R52: the connection for news', () => {
  test('is one of its own, which keeps no process alive', async () => {
    const fake = createFake();
    const [hear, lost] = [vi.fn(), vi.fn()];
    const ear = await wireOf(fake).listen(hear, lost);
    await ear.subscribe(['a']);
    const heard = fake.own.calls.at(-1)?.[2] as (message: string, channel: string) => void;
    heard('text', 'a');
    expect(hear).toHaveBeenCalledWith('a', 'text');
    await ear.unsubscribe('a');
    ear.close();
    fake.own.emit('end');
    expect(lost).not.toHaveBeenCalled();
    expect(fake.own.calls.map(([name]) => name)).toEqual([
      'unref',
      'connect',
      'subscribe',
      'unsubscribe',
      'destroy',
    ]);
    expect(fake.calls).toEqual([
      [
        'duplicate',
        expect.objectContaining({ socket: { host: 'redis.internal', reconnectStrategy: false } }),
      ],
    ]);
  });

  test('that breaks is lost, once; an error while it works is nobody’s', async () => {
    const fake = createFake();
    const lost = vi.fn();
    await wireOf(fake).listen(() => {}, lost);
    fake.own.emit('error', new Error('a reply'));
    expect(lost).not.toHaveBeenCalled();
    fake.own.isReady = false;
    fake.own.emit('error', new Error('broken'));
    fake.own.emit('end');
    expect(lost).toHaveBeenCalledTimes(1);
  });

  test('of a Cluster is at one of its nodes', async () => {
    const node = createFake();
    const cluster = createFake({ masters: ['one'], nodeClient: vi.fn(async () => node) });
    await wireOf(cluster).listen(
      () => {},
      () => {},
    );
    expect(node.own.calls.map(([name]) => name)).toEqual(['unref', 'connect']);
    await expect(
      wireOf(createFake({ nodeClient: vi.fn() })).listen(
        () => {},
        () => {},
      ),
    ).rejects.toThrow('no node');
  });

  test('of Sentinels is theirs, and lost when there is another primary', async () => {
    const fake = createFake({ use() {} });
    const lost = vi.fn();
    const ear = await wireOf(fake).listen(() => {}, lost);
    await ear.subscribe(['a', 'b']);
    await ear.unsubscribe('a');
    fake.emit('topology-change', { type: 'REPLICA_ADD' });
    expect(lost).not.toHaveBeenCalled();
    fake.emit('topology-change', { type: 'MASTER_CHANGE' });
    expect(lost).toHaveBeenCalledTimes(1);
    ear.close();
    fake.emit('topology-change', { type: 'MASTER_CHANGE' });
    expect(lost).toHaveBeenCalledTimes(1);
    expect(fake.calls.map(([name, channels]) => [name, channels])).toEqual([
      ['subscribe', ['a', 'b']],
      ['unsubscribe', 'a'],
      ['unsubscribe', 'b'],
    ]);
  });
});
