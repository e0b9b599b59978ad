/** What node-redis is asked for. */
import { anyOf, heedless, type NodeRedisClient, type Wire } from './clients.ts';

type Hear = (message: string, channel: string) => void;

interface Batch {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Batch;
  wait(replicas: number, ms: number): Batch;
  execAsPipeline(): Promise<unknown[]>;
}

interface Subscribing {
  subscribe(channels: string[], hear: Hear): Promise<unknown>;
  unsubscribe(channel: string, hear: Hear): Promise<unknown>;
  on(event: string, listener: (event: { type?: string }) => void): unknown;
  off(event: string, listener: (event: { type?: string }) => void): unknown;
}

interface Connection extends NodeRedisClient, Subscribing {
  readonly isReady?: boolean;
  readonly isPubSubActive?: boolean;
  readonly options?: { RESP?: number; socket?: object };
  multi(): Batch;
  connect(): Promise<unknown>;
  destroy(): void;
  unref(): void;
  duplicate(options: object): Connection;
  /** A Cluster has them. */
  readonly masters?: unknown[];
  nodeClient?(master: unknown): Promise<Connection>;
  /** A Sentinel client has it. */
  use?: unknown;
}

/** Its own subscription finds the new primary; what was told meanwhile is lost. */
function atSentinel(client: Connection, hear: Hear, lost: () => void) {
  const onChange = ({ type }: { type?: string }) => type === 'MASTER_CHANGE' && lost();
  const own = new Set<string>();
  client.on('topology-change', onChange);
  return {
    subscribe(channels: string[]) {
      for (const channel of channels) own.add(channel);
      return client.subscribe(channels, hear);
    },
    unsubscribe(channel: string) {
      own.delete(channel);
      return client.unsubscribe(channel, hear);
    },
    close() {
      client.off('topology-change', onChange);
      for (const channel of own) heedless(client.unsubscribe(channel, hear));
    },
  };
}

/** A connection of its own. It does not come back by itself: then it is opened anew, perhaps at another node. */
async function atNode(node: Connection, hear: Hear, lost: () => void) {
  const socket = { ...node.options?.socket, reconnectStrategy: false };
  const own = node.duplicate({ socket, clientSideCache: undefined });
  own.unref();
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    lost();
  };
  own.on('error', () => {
    if (own.isReady !== true) end();
  });
  own.on('end', end);
  await own.connect();
  return {
    subscribe: (channels: string[]) => own.subscribe(channels, hear),
    unsubscribe: (channel: string) => own.unsubscribe(channel, hear),
    close() {
      isOver = true;
      own.destroy();
    },
  };
}

export function nodeRedis(client: NodeRedisClient): Wire {
  const connection = client as Connection;
  const optionsOf = (key: string, args: string[]) => ({ keys: [key], arguments: args });
  return {
    fault() {
      if (!connection.isOpen)
        return 'the Redis client is not connected: `await client.connect()` first, and close the managers before it';
      return connection.isPubSubActive && connection.options?.RESP === 2
        ? 'the Redis client is in subscriber mode: hand over one of its own, `client.duplicate()`'
        : undefined;
    },
    isReady: () => connection.isReady ?? true,
    run: (script, key, args) => connection.eval(script, optionsOf(key, args)),
    async runAndWait(script, key, args, ms) {
      const both = connection.multi().eval(script, optionsOf(key, args)).wait(1, ms);
      return (await both.execAsPipeline()) as [unknown, unknown];
    },
    async listen(hear, lost) {
      const heard: Hear = (message, channel) => hear(channel, message);
      if (connection.use) return atSentinel(connection, heard, lost);
      const node = connection.nodeClient
        ? await connection.nodeClient(anyOf(connection.masters ?? []))
        : connection;
      return atNode(node, heard, lost);
    },
  };
}
