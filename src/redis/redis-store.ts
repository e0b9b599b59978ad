/** A store in Redis: whoever reaches it shares a session, on however many machines. */
import { checkMembers } from '../check.ts';
import { named } from '../development.ts';
import { encrypted } from '../store/encrypted.ts';
import { terms } from '../store/terms.ts';
import { createStore } from '../store/token-store.ts';
import type { EncryptionKey, StorePort, TokenStore } from '../types.ts';
import type { RedisClient } from './clients.ts';
import { hubOf } from './hub.ts';
import { createPort } from './port.ts';
import { wireOf } from './wire.ts';

export interface RedisStoreOptions {
  /**
   * A client of `redis` (5 and later) or `ioredis` (5 and later): one server, Sentinel or Cluster. It may serve the rest of
   * the app, too; where Redis has replicas, each refresh holds its connection up until one of them has the lease (at most
   * 500 ms), so give the store one of its own there.
   */
  client: RedisClient;
  /**
   * 32 bytes, or a `CryptoKey` for AES-GCM: nobody who reads Redis reads a token. Of several the first one writes, all
   * read, so keys change without a sign-out.
   *
   * @default the entry is plain text
   */
  encryptionKey?: EncryptionKey | readonly EncryptionKey[] | undefined;
  /**
   * While Redis cannot be reached:
   *
   * - `wait`: a refresh is `refresh-failed`, because another process may be at it; good tokens are used.
   * - `alone`: it is made all the same. For a single process.
   *
   * @default 'wait'
   */
  whenDown?: 'wait' | 'alone' | undefined;
}

/** Two names would be one where a half of a surrogate pair becomes U+FFFD. */
function checkName(name: string): void {
  checkMembers('redisStore', { name }, { name: 'string' });
  if (!name.isWellFormed())
    throw new TypeError('evertoken: redisStore.name has half of a surrogate pair; expected whole characters');
}

/**
 * Keeps the session in Redis, for all processes and machines that reach it: one refresh, one sign-out, and no refresh
 * token spent twice. A request with a good token makes no call of Redis, a refresh three.
 *
 * @param name - Of the session: each tenant or user has one. The key in Redis is `evertoken:` and the name.
 * @throws TypeError for an empty name, a `client` of another kind, a wrong `encryptionKey`, or an unknown option.
 *
 * @example
 * import { createTokenManager, refreshEndpoint } from 'evertoken';
 * import { redisStore } from 'evertoken/redis';
 * import { createClient } from 'redis';
 *
 * const client = await createClient({ url: 'redis://redis.internal' }).on('error', console.error).connect();
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'service' }),
 *   allow: 'https://api.example.com',
 *   store: redisStore('tenant-42', { client }),
 * });
 */
export function redisStore(name: string, options: RedisStoreOptions): TokenStore {
  checkName(name);
  const { client, encryptionKey, whenDown } = checkMembers('redisStore', options, {
    client: 'object',
    encryptionKey: 'undefined or object or array or string or empty',
    whenDown: "undefined or 'wait' or 'alone'",
  });
  const hub = hubOf(client, () => wireOf(client));
  const key = `evertoken:${name}`;
  const open = () => createPort(hub, key, whenDown);
  const seal = (port: StorePort) =>
    encryptionKey === undefined ? port : encrypted(port, key, encryptionKey);
  seal(open()); // a wrong key is named at once
  const store = createStore(() => seal(open()), terms);
  return __DEVELOPMENT__ ? named(store, `redis ${name}`) : store;
}
