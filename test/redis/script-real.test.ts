/** What runs inside Redis, in a real one. */
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hubOf } from '../../src/redis/hub.ts';
import { createPort } from '../../src/redis/port.ts';
import { wireOf } from '../../src/redis/wire.ts';
import { hasRedis, type Server, startCluster, startRedis, startReplicated } from '../support/redis-server.ts';

const portOf = (client: Parameters<typeof wireOf>[0]) =>
  createPort(
    hubOf(client, () => wireOf(client)),
    'evertoken:x',
    undefined,
  );

function connect(server: Server, options: object = {}) {
  const client = new Redis(server.port, '127.0.0.1', options);
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

const failureOf = (call: Promise<unknown>) => call.then(String, (error: Error) => error.message);

describe.skipIf(!hasRedis)(hasRedis ? 'a script of Redis' : 'redis-server is not installed: a script', () => {
  test('R54: after a restart the age is not told, and a fresh process takes no lease for three seconds', async () => {
    await using server = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
    const before = portOf(connect(server));
    await before.replace(undefined, { version: '1', value: 'text' });
    expect((await before.read())?.age).toBeGreaterThanOrEqual(0);
    await server.kill();
    await server.start();
    const [holder, fresh] = [portOf(connect(server)), portOf(connect(server))];
    expect(await holder.read()).toEqual({ version: '1', value: 'text' });
    const lease = fresh.replace('1', { version: '2', value: '' }, true);
    const from = performance.now();
    // What is no lease passes, and does not make the entry a fresh one.
    expect(await holder.replace('1', { version: 'newer', value: '' })).toBe(true);
    expect(await lease).toBe(false);
    expect(await fresh.replace('newer', { version: '3', value: '' }, true)).toBe(true);
    expect(performance.now() - from).toBeGreaterThan(2_000);
  });

  test('refuses a replica, which may lag behind', async () => {
    await using redis = await startReplicated();
    const [replica] = redis.replicas;
    const failure = await failureOf(portOf(connect(replica as Server)).read());
    expect(failure).toMatch(/it is a replica: connect to the primary/);
  });

  test('replaces an entry where memory is full, and says so where it cannot write a new one', async () => {
    await using server = await startRedis({ 'maxmemory-policy': 'noeviction' });
    const port = portOf(connect(server));
    await port.replace(undefined, { version: '1', value: 'x'.repeat(3_000) });
    await server.ask('CONFIG', 'SET', 'maxmemory', '1mb');
    expect(await port.replace('1', { version: '2', value: 'y'.repeat(3_000) })).toBe(true);
    expect((await port.read())?.version).toBe('2');
    await server.ask('DEL', 'evertoken:x');
    const failure = await failureOf(port.replace(undefined, { version: '3', value: '' }));
    expect(failure).toMatch(/its memory is full/);
  });

  test('works for a user who may not ask INFO or publish: without age, and without news', async () => {
    await using server = await startRedis();
    const may = ['+eval', '+hset', '+hmget', '+del', '+pexpire', '+persist', '+type', '+time'];
    await server.ask('ACL', 'SETUSER', 'app', 'on', '>secret', '~evertoken:*', 'resetchannels', ...may);
    const options = { username: 'app', password: 'secret', enableReadyCheck: false };
    const port = portOf(connect(server, options));
    expect(await port.replace(undefined, { version: '1', value: 'text', keepFor: 60_000 })).toBe(true);
    expect(await port.replace('1', { version: '2', value: 'text' }, true)).toBe(true);
    expect(await port.read()).toEqual({ version: '2', value: 'text' });
    await server.ask('ACL', 'SETUSER', 'app', '-hset');
    expect(await failureOf(port.replace('2', { version: '3', value: 'text' }))).toMatch(/may not: it needs/);
    expect((await port.read())?.version).toBe('2');
    await server.ask('ACL', 'SETUSER', 'app', '-eval');
    expect(await failureOf(port.read())).toMatch(/may not: it needs EVAL/);
  });

  test('an entry goes after `keepFor`, and stays without it', async () => {
    await using server = await startRedis();
    const port = portOf(connect(server));
    await port.replace(undefined, { version: '1', value: '', keepFor: 60_000 });
    expect(await server.ask<number>('PTTL', 'evertoken:x')).toBeGreaterThan(50_000);
    await port.replace('1', { version: '2', value: '' });
    expect(await server.ask('PTTL', 'evertoken:x')).toBe(-1);
  });

  test('a keyPrefix of ioredis is that of the key, and news are heard all the same', async () => {
    await using server = await startRedis();
    const [a, b] = [connect(server, { keyPrefix: 'app:' }), connect(server, { keyPrefix: 'app:' })];
    let heard = 0;
    const end = portOf(a).watch?.(() => heard++);
    await expect.poll(() => heard).toBe(1);
    await portOf(b).replace(undefined, { version: '1', value: '' });
    await expect.poll(() => heard).toBe(2);
    expect(await server.ask('KEYS', '*')).toEqual(['app:evertoken:x']);
    end?.();
  });

  test('R53: a client that cannot work says what to do', async () => {
    await using server = await startRedis();
    const closed = createClient({ url: server.url });
    expect(await failureOf(portOf(closed).read())).toMatch(
      /not connected: `await client\.connect\(\)` first/,
    );
    const ended = connect(server);
    ended.disconnect();
    await expect.poll(() => ended.status).toBe('end');
    expect(await failureOf(portOf(ended).read())).toMatch(/is closed/);
    const busy = connect(server, { protocol: 2 });
    await busy.subscribe('something');
    expect(await failureOf(portOf(busy).read())).toMatch(/subscriber mode: hand over one of its own/);
    const listening = createClient({ url: server.url, RESP: 2 }).on('error', () => {});
    await listening.connect();
    onTestFinished(() => listening.destroy());
    await listening.subscribe('something', () => {});
    expect(await failureOf(portOf(listening).read())).toMatch(/subscriber mode: hand over one of its own/);
  });

  test('R53: a client for one server at a Cluster says what to do', async () => {
    await using cluster = await startCluster();
    const failures = await Promise.all(cluster.nodes.map((node) => failureOf(portOf(connect(node)).read())));
    expect(failures.filter((one) => /it is a Cluster: hand over a client for one/.test(one))).toHaveLength(2);
  });
});
