/** What ioredis is asked for. */
import { anyOf, heedless, type IoRedisClient, type Wire } from './clients.ts';

interface Pipeline {
  eval(script: string, keys: number, ...keysAndArguments: string[]): Pipeline;
  wait(replicas: number, ms: number): Pipeline;
  exec(): Promise<[error: Error | null, answer: unknown][] | null>;
}

interface Connection extends IoRedisClient {
  readonly mode?: string;
  readonly stream?: { unref?(): void };
  pipeline(): Pipeline;
  connect(): Promise<unknown>;
  disconnect(): void;
  duplicate(options: object): Connection;
  on(event: string, listener: (...args: string[]) => void): unknown;
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  /** A Cluster has it. */
  nodes?(role: 'master'): Connection[];
}

/** It does not come back by itself: then it is opened anew, perhaps at another node. */
const listening = {
  ...{ lazyConnect: true, retryStrategy: null, enableOfflineQueue: true, maxRetriesPerRequest: null },
  ...{ autoResubscribe: false, keyPrefix: '', readOnly: false },
};

export function ioredis(client: IoRedisClient): Wire {
  const connection = client as Connection;
  return {
    fault() {
      if (connection.mode === 'subscriber')
        return 'the Redis client is in subscriber mode: hand over one of its own, `client.duplicate()`';
      return connection.status === 'end'
        ? 'the Redis client is closed: close the managers first, or hand over a new one'
        : undefined;
    },
    isReady() {
      if (connection.status === 'wait') heedless(connection.connect());
      return connection.status === 'ready';
    },
    run: (script, key, args) => connection.eval(script, 1, key, ...args),
    async runAndWait(script, key, args, ms) {
      const both = connection
        .pipeline()
        .eval(script, 1, key, ...args)
        .wait(1, ms);
      const answers = (await both.exec()) ?? [];
      for (const [error] of answers) if (error) throw error;
      return answers.map(([, answer]) => answer) as [unknown, unknown];
    },
    async listen(hear, lost) {
      const node = connection.nodes ? anyOf(connection.nodes('master')) : connection;
      const own = node.duplicate(listening);
      own.on('error', () => {}); // it ends then
      own.on('message', hear);
      await own.connect();
      own.on('end', lost);
      if (own.status === 'end') lost();
      own.stream?.unref?.();
      return {
        subscribe: (channels) => own.subscribe(...channels),
        unsubscribe: (channel) => own.unsubscribe(channel),
        close: () => own.disconnect(),
      };
    },
  };
}
