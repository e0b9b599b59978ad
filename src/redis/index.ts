/** evertoken/redis: a store in Redis, for all processes that reach it. */
export type { IoRedisClient, NodeRedisClient, RedisClient } from './clients.ts';
export { type RedisStoreOptions, redisStore } from './redis-store.ts';
