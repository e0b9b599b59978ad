/** A Cluster moves a slot to another node while its session is in use. */
import { Cluster } from 'ioredis';
import { createCluster } from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hubOf } from '../../src/redis/hub.ts';
import { createPort } from '../../src/redis/port.ts';
import { wireOf } from '../../src/redis/wire.ts';
import { hasRedis, type Server, startCluster } from '../support/redis-server.ts';

const key = 'evertoken:x';

async function connect(name: string, ports: number[]) {
  if (name === 'ioredis') {
    const client = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })));
    onTestFinished(() => client.disconnect());
    return client;
  }
  const client = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.destroy());
  return client;
}

async function open(name: string, replicas: number) {
  const cluster = await startCluster(replicas);
  const roles = await Promise.all(cluster.nodes.map(({ ask }) => ask<unknown[]>('ROLE')));
  const primaries = cluster.nodes.filter((_, index) => roles[index]?.[0] === 'master');
  const client = await connect(
    name,
    primaries.map(({ port }) => port),
  );
  const port = createPort(
    hubOf(client, () => wireOf(client)),
    key,
    undefined,
  );
  const slot = `${await cluster.first.ask<number>('CLUSTER', 'KEYSLOT', key)}`;
  const set = ({ ask }: Server, ...how: string[]) => ask('CLUSTER', 'SETSLOT', slot, ...how);
  /** Moves the slot of the entry step by step. */
  async function move() {
    const keys = primaries.map(({ ask }) => ask<string[]>('CLUSTER', 'GETKEYSINSLOT', slot, '9'));
    const at = (await Promise.all(keys)).findIndex((found) => found.length);
    const [from, to] = [primaries[at], primaries[(at + 1) % 3]] as [Server, Server];
    const [source = '', target = ''] = await Promise.all(
      [from, to].map(({ ask }) => ask<string>('CLUSTER', 'MYID')),
    );
    await set(to, 'IMPORTING', source);
    await set(from, 'MIGRATING', target);
    return {
      moveKey: () => from.ask('MIGRATE', '127.0.0.1', `${to.port}`, key, '0', '5000'),
      async end() {
        for (const one of [to, from, ...primaries]) await set(one, 'NODE', target);
      },
    };
  }
  return { cluster, port, move };
}

const suite = describe.skipIf(!hasRedis);

suite(hasRedis ? 'R51: while a slot moves' : 'redis-server is not installed: a moving slot', () => {
  test.for(['redis', 'ioredis'].flatMap((name) => [0, 1].map((replicas) => ({ name, replicas }))))(
    '$name, $replicas replicas each: an entry is replaced as a whole, by leases too',
    async ({ name, replicas }) => {
      const { cluster, port, move } = await open(name, replicas);
      await using _ = cluster;
      await port.replace(undefined, { version: '1', value: 'old', keepFor: 60_000 });
      const slot = await move();
      expect(await port.replace('1', { version: '2', value: 'new' })).toBe(true);
      expect(await port.read()).toMatchObject({ version: '2', value: 'new' });
      expect(await slot.moveKey()).toBe('OK');
      // Under another node: no age, and no lease for a while.
      expect(await port.read()).toEqual({ version: '2', value: 'new' });
      expect(await port.replace('2', { version: '3', value: 'lease' }, true)).toBe(true);
      expect(await port.replace('3', { version: '4', value: 'newer' })).toBe(true);
      await slot.end();
      expect(await port.replace('4', { version: '5', value: 'lease' }, true)).toBe(true);
      expect(await port.read()).toMatchObject({ version: '5', value: 'lease' });
    },
  );
});
