/** Which client it is that was handed over. */
import { expect, test } from 'vitest';
import type { RedisClient } from '../../src/redis/clients.ts';
import { wireOf } from '../../src/redis/wire.ts';

const noop = () => {};
const nodeRedis = { isOpen: false, eval: noop, multi: noop, duplicate: noop };
const ioredis = { status: 'end', eval: noop, pipeline: noop, multi: noop, duplicate: noop };

test('a client of redis and one of ioredis are told apart', () => {
  expect(wireOf(nodeRedis as unknown as RedisClient).fault()).toMatch(/client\.connect\(\)/);
  expect(wireOf(ioredis as unknown as RedisClient).fault()).toMatch(/is closed/);
});

// createSentinel of redis 5.
test('a Sentinel client that cannot be duplicated is one', () => {
  const client = { ...nodeRedis, duplicate: undefined, use: noop };
  expect(wireOf(client as unknown as RedisClient).fault()).toMatch(/client\.connect\(\)/);
});

test.each([
  ['nothing', {}],
  ['a pool, which cannot listen', { ...nodeRedis, duplicate: undefined }],
  ['a client of long ago', { connected: true, eval: noop, multi: noop, duplicate: noop }],
  ['a client of something else', { status: 'ready', get: noop, set: noop }],
])('%s is refused, with the names of what is allowed', (_what, client) => {
  const open = () => wireOf(client as unknown as RedisClient);
  expect(open).toThrow(TypeError);
  expect(open).toThrow(
    'evertoken: redisStore.client is neither; expected a client of redis (createClient) or ioredis (new Redis), which has eval, duplicate, and multi or pipeline',
  );
});
