/** R59: redisStore is a store, over real clients and servers, from processes too. */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StorePort } from 'evertoken';
import { describeStore, type Runner, type StoreSubject } from 'evertoken/testing';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { hubOf } from '../../src/redis/hub.ts';
import { createPort } from '../../src/redis/port.ts';
import { wireOf } from '../../src/redis/wire.ts';
import { encrypted } from '../../src/store/encrypted.ts';
import { connect, type RedisSet } from '../support/fleet/redis.ts';
import { fromSource } from '../support/from-source.ts';
import { hasRedis, type Server, startCluster, startRedis, startSentinels } from '../support/redis-server.ts';
import { startProxy } from '../support/tcp-proxy.ts';
import { type Ask, createRemotePort } from '../support/worker-remote.ts';

const runner: Runner = { describe, test };
const key = 'evertoken:suite';
const says = { watch: true, age: true, forgets: true };

/** Where a suite runs: it is there when the tests run. */
interface Place extends AsyncDisposable {
  readonly kind: RedisSet['kind'];
  readonly ports: readonly number[];
  /** Servers that may have the entry. */
  readonly servers: readonly Server[];
  /** Spoils what lies between the clients and it. */
  readonly proxy?: Awaited<ReturnType<typeof startProxy>>;
}

const places: Record<string, () => Promise<Place>> = {
  async 'one server'() {
    const server = await startRedis();
    const proxy = await startProxy(server.port);
    return {
      ...{ kind: 'server', ports: [proxy.port], servers: [server], proxy },
      async [Symbol.asyncDispose]() {
        await proxy[Symbol.asyncDispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  },
  async Sentinels() {
    const all = await startSentinels();
    return {
      ...{ kind: 'sentinels', ports: all.sentinels.map(({ port }) => port), servers: [all.primary] },
      [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
    };
  },
  async 'a Cluster'() {
    const all = await startCluster();
    return {
      ...{ kind: 'cluster', ports: all.nodes.map(({ port }) => port), servers: all.nodes },
      [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
    };
  },
};

const portOf = (client: Parameters<typeof wireOf>[0]) =>
  createPort(
    hubOf(client, () => wireOf(client)),
    key,
    undefined,
  );

/** What can be done to one server. */
function faultsOf(place: () => Place): Partial<StoreSubject> {
  const server = () => place().servers[0] as Server;
  const proxy = () => place().proxy as NonNullable<Place['proxy']>;
  const put = (...command: string[]) =>
    async function damage() {
      await server().ask('DEL', key);
      await server().ask(...command);
    };
  return {
    damage: {
      'a text': put('SET', key, 'a text'),
      'a list': put('RPUSH', key, 'one', 'two'),
      'a hash of others': put('HSET', key, 'field', 'value'),
      'a hash without a value': put('HSET', key, 'version', '1'),
      'one that goes by itself': async () => {
        await put('SET', key, 'a text', 'PX', '60000')();
      },
    },
    async fail(mode) {
      server().signal('SIGCONT');
      await server().ask('ACL', 'SETUSER', 'default', mode === 'throw' ? '-eval' : '+eval');
      if (mode === 'hang') server().signal('SIGSTOP');
    },
    loseAnswer() {
      proxy().deafen(true);
      proxy().onLost = () => {
        proxy().deafen(false);
        proxy().cut();
      };
    },
  };
}

function subjectOf(client: RedisSet['client'], place: () => Place): StoreSubject {
  const ends: (() => Promise<void>)[] = [];
  let own: ReturnType<typeof connect> | undefined;
  return {
    says,
    async reset() {
      for (const { ask } of place().servers) await ask('FLUSHALL').catch(() => {});
      const { kind, ports } = place();
      own = connect({ client, kind, ports });
      ends.push(own.end);
      await own.connected;
    },
    // Managers of one program share a client.
    open: () => portOf((own as ReturnType<typeof connect>).client),
    async forget() {
      for (const { ask } of place().servers) await ask('FLUSHALL');
    },
    async close() {
      for (const end of ends.splice(0)) await end();
    },
  };
}

/** Contexts in processes of their own. */
function inProcesses(client: RedisSet['client'], place: () => Place): StoreSubject {
  const children = new Map<StorePort, ChildProcess>();
  const askOf = (child: ChildProcess): Ask => {
    const open = new Map<number, PromiseWithResolvers<never>>();
    let count = 0;
    child.on('message', ({ id, value, error }: { id: number; value: never; error?: string }) => {
      if (error) open.get(id)?.reject(new Error(error));
      else open.get(id)?.resolve(value);
      open.delete(id);
    });
    child.on('exit', () => {
      for (const question of open.values()) question.reject(new Error('the process is gone'));
    });
    return (act, ...args) => {
      const question = Promise.withResolvers<never>();
      open.set(++count, question);
      child.send({ id: count, act, args }, (error) => error && question.reject(error));
      return question.promise;
    };
  };
  const asks = new Map<StorePort, Ask>();
  return {
    ...{ says, times: 50 },
    async reset() {
      for (const { ask } of place().servers) await ask('FLUSHALL').catch(() => {});
    },
    async open() {
      const { kind, ports } = place();
      const set = JSON.stringify({ client, kind, ports } satisfies RedisSet);
      const file = new URL('../support/redis-process.ts', import.meta.url);
      const child = fork(file, [set], { execArgv: fromSource });
      const ask = askOf(child);
      const port = await createRemotePort(ask);
      children.set(port, child);
      asks.set(port, ask);
      return port;
    },
    async kill(port) {
      children.get(port)?.kill('SIGKILL');
      await sleep(20);
    },
    race: (contexts, times) =>
      Promise.all(contexts.map((context) => (asks.get(context) as Ask)('increment', times))),
    close() {
      for (const child of children.values()) child.kill('SIGKILL');
      children.clear();
      asks.clear();
    },
  };
}

const suites = Object.entries(places).flatMap(([where, start]) =>
  (['redis', 'ioredis'] as const).map((client) => ({ where, start, client })),
);

describe.skipIf(!hasRedis)(hasRedis ? 'R59' : 'redis-server is not installed: R59', () => {
  describe.for(suites)('$client, $where', ({ where, start, client }) => {
    let place: Place;
    beforeAll(async () => {
      place = await start();
    });
    afterAll(() => place?.[Symbol.asyncDispose]());

    const isOne = where === 'one server';
    const subject = subjectOf(client, () => place);
    describeStore('redisStore', { ...subject, ...(isOne && faultsOf(() => place)) }, runner);
    if (isOne) {
      const seal = (port: StorePort) => encrypted(port, key, new Uint8Array(32).fill(1));
      const open = async () => seal(await subject.open());
      describeStore('redisStore with an encryptionKey', { ...subject, open }, runner);
      describeStore(
        'redisStore in processes',
        inProcesses(client, () => place),
        runner,
      );
    }
  });
});
