/** What ioredis is asked for; with a real one in the tests of the project `redis`. */
import { EventEmitter } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import type { IoRedisClient } from '../../src/redis/clients.ts';
import { ioredis } from '../../src/redis/ioredis.ts';

/** What was made of it by `duplicate`. */
type Made = EventEmitter & { calls: unknown[][]; isReady?: boolean };

function createFake(status = 'ready') {
  const calls: unknown[][] = [];
  const call =
    (name: string, answer?: unknown) =>
    (...args: unknown[]) => {
      calls.push([name, ...args]);
      return answer as Promise<unknown>;
    };
  const fake = Object.assign(new EventEmitter(), {
    ...{ status, calls, mode: 'normal' },
    /** What a pipeline answers. */
    answers: [
      [null, 'a'],
      [null, 1],
    ] as [Error | null, unknown][] | null,
    stream: { unref: call('unref') },
    eval: call('eval', Promise.resolve('a')),
    connect: call('connect', Promise.resolve()),
    disconnect: call('disconnect'),
    subscribe: call('subscribe', Promise.resolve()),
    unsubscribe: call('unsubscribe', Promise.resolve()),
    pipeline() {
      const batch = {
        eval: (...args: unknown[]) => call('eval', batch)(...args),
        wait: (...args: unknown[]) => call('wait', batch)(...args),
        exec: async () => fake.answers,
      };
      return batch;
    },
    own: undefined as unknown as Made,
    duplicate(options: unknown): Made {
      calls.push(['duplicate', options]);
      fake.own = createFake('ready') as Made;
      return fake.own;
    },
  });
  return fake;
}

const wireOf = (fake: object) => ioredis(fake as unknown as IoRedisClient);

test('a script is sent with one key, and its arguments after it', async () => {
  const fake = createFake();
  expect(await wireOf(fake).run('script', 'key', ['a', 'b'])).toBe('a');
  expect(fake.calls).toEqual([['eval', 'script', 1, 'key', 'a', 'b']]);
});

describe('R54: a lease and the wait for a replica', () => {
  test('are sent together', async () => {
    const fake = createFake();
    expect(await wireOf(fake).runAndWait('script', 'key', ['a'], 500)).toEqual(['a', 1]);
    expect(fake.calls).toEqual([
      ['eval', 'script', 1, 'key', 'a'],
      ['wait', 1, 500],
    ]);
  });

  test('fail when one of the two does', async () => {
    const fake = createFake();
    fake.answers = [
      [null, 'a'],
      [new Error('no wait'), undefined],
    ];
    await expect(wireOf(fake).runAndWait('script', 'key', [], 500)).rejects.toThrow('no wait');
  });
});

describe('R53: a client', () => {
  test.each([
    [{ status: 'end' }, /closed/],
    [{ mode: 'subscriber' }, /subscriber mode: hand over one of its own, `client\.duplicate\(\)`/],
    [{}, undefined],
  ])('that is %j says what to do', (how, cure) => {
    const fault = wireOf(Object.assign(createFake(), how)).fault();
    if (cure) expect(fault).toMatch(cure);
    else expect(fault).toBeUndefined();
  });

  test('that waits to be asked connects when it is', () => {
    const fake = createFake('wait');
    expect(wireOf(fake).isReady()).toBe(false);
    expect(fake.calls).toEqual([['connect']]);
    fake.status = 'ready';
    expect(wireOf(fake).isReady()).toBe(true);
  });
});

describe('R52: the connection for news', () => {
  test('is one of its own, which keeps no process alive', async () => {
    const fake = createFake();
    const [hear, lost] = [vi.fn(), vi.fn()];
    const ear = await wireOf(fake).listen(hear, lost);
    await ear.subscribe(['a', 'b']);
    await ear.unsubscribe('a');
    fake.own.emit('message', 'b', 'text');
    expect(hear).toHaveBeenCalledWith('b', 'text');
    ear.close();
    expect(fake.own.calls).toEqual([
      ['connect'],
      ['unref'],
      ['subscribe', 'a', 'b'],
      ['unsubscribe', 'a'],
      ['disconnect'],
    ]);
    expect(fake.calls).toEqual([
      ['duplicate', expect.objectContaining({ keyPrefix: '', retryStrategy: null })],
    ]);
  });

  test('that breaks is lost, and its error is nobody’s', async () => {
    const fake = createFake();
    const lost = vi.fn();
    await wireOf(fake).listen(() => {}, lost);
    fake.own.emit('error', new Error('broken'));
    expect(lost).not.toHaveBeenCalled();
    fake.own.emit('end');
    expect(lost).toHaveBeenCalledTimes(1);
  });

  test('of a Cluster is at one of its nodes', async () => {
    const node = createFake();
    const cluster = Object.assign(createFake(), { nodes: vi.fn(() => [node]) });
    await wireOf(cluster).listen(
      () => {},
      () => {},
    );
    expect(cluster.nodes).toHaveBeenCalledWith('master');
    expect(node.own.calls[0]).toEqual(['connect']);
  });
});
