/** The clients that can be handed over, as far as they are called here: no types of theirs are needed. */

/** A client of `redis` (node-redis): `createClient()`, `createCluster()`, `createSentinel()`. */
export interface NodeRedisClient {
  readonly isOpen: boolean;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  multi(): unknown;
}

/** A client of `ioredis`: `new Redis()`, also with `sentinels`, or `new Cluster()`. */
export interface IoRedisClient {
  readonly status: string;
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  pipeline(): unknown;
}

export type RedisClient = NodeRedisClient | IoRedisClient;

/** A connection of our own, for news. */
export interface Ear {
  subscribe(channels: string[]): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  close(): void;
}

/** What is asked of a client, whichever it is. */
export interface Wire {
  /** Why nothing can be asked of it, if that does not pass by itself. */
  fault(): string | undefined;
  /** Whether what is asked now is sent now. One that waits to be asked begins to connect. */
  isReady(): boolean;
  run(script: string, key: string, args: string[]): Promise<unknown>;
  /** The same, and on the same connection behind it the number of replicas that have it, which is waited for. */
  runAndWait(script: string, key: string, args: string[], ms: number): Promise<[unknown, unknown]>;
  /**
   * Opens a connection for news.
   *
   * @param lost - Called when some may have been missed; then another one is opened.
   */
  listen(hear: (channel: string, message: string) => void, lost: () => void): Promise<Ear>;
}

const noop = () => {};

/** One of several, so that not all processes listen at the same node. */
export function anyOf<T>(all: readonly T[]): T {
  if (!all.length) throw new Error('no node of the Cluster is known');
  return all[Math.floor(Math.random() * all.length)] as T;
}

/** What nobody waits for may fail. */
export const heedless = (promise: unknown): void => void Promise.resolve(promise).catch(noop);
