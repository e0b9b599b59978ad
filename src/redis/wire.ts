/** Which of the clients it is that was handed over. */
import type { IoRedisClient, NodeRedisClient, RedisClient, Wire } from './clients.ts';
import { ioredis } from './ioredis.ts';
import { nodeRedis } from './node-redis.ts';

const clients = 'a client of redis (createClient) or ioredis (new Redis)';

/** @throws TypeError for anything else. */
export function wireOf(client: RedisClient): Wire {
  const has = (...methods: string[]) =>
    methods.every((method) => typeof Object(client)[method] === 'function');
  if (typeof (client as IoRedisClient).status === 'string' && has('eval', 'pipeline', 'duplicate'))
    return ioredis(client as IoRedisClient);
  // The Sentinel client of redis 5 cannot be duplicated, and need not be.
  const isNodeRedis = has('eval', 'multi') && (has('duplicate') || has('use'));
  if (typeof (client as NodeRedisClient).isOpen === 'boolean' && isNodeRedis)
    return nodeRedis(client as NodeRedisClient);
  throw new TypeError(
    `evertoken: redisStore.client is neither; expected ${clients}, which has eval, duplicate, and multi or pipeline`,
  );
}
