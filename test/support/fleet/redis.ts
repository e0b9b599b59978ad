/** How a process of a fleet opens a store in Redis. */
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster, createSentinel } from 'redis';
import type { TokenStore } from '../../../src/index.ts';
import { redisStore } from '../../../src/redis/index.ts';

/** Which client, and where it connects. */
export interface RedisSet {
  readonly client: 'redis' | 'ioredis';
  readonly kind: 'server' | 'sentinels' | 'cluster';
  readonly ports: readonly number[];
  readonly encryptionKey?: string;
}

const host = '127.0.0.1';

/** A client of that kind, which connects. */
export function connect({ client, kind, ports }: RedisSet) {
  const [port = 0] = ports;
  const nodes = ports.map((one) => ({ host, port: one }));
  if (client === 'ioredis') {
    const own =
      kind === 'cluster'
        ? new Cluster(nodes)
        : kind === 'sentinels'
          ? new Redis({ sentinels: nodes, name: 'main' })
          : new Redis(port, host);
    own.on('error', () => {});
    return { client: own, end: async () => own.disconnect() };
  }
  const own =
    kind === 'cluster'
      ? createCluster({ rootNodes: nodes.map((socket) => ({ socket })) })
      : kind === 'sentinels'
        ? createSentinel({ name: 'main', sentinelRootNodes: nodes })
        : createClient({ socket: { host, port } });
  own.on('error', () => {});
  const connected = own.connect();
  return { client: own, connected, end: async () => own.destroy() };
}

export function open(set: RedisSet): TokenStore {
  const { encryptionKey } = set;
  return redisStore('fleet', {
    client: connect(set).client,
    ...(encryptionKey && { encryptionKey: Buffer.from(encryptionKey, 'hex') }),
  });
}
