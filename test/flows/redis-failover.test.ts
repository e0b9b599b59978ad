/** Redis dies, forgets, stands still or loses answers, in the middle of refreshes: real servers and clients. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createTokenManager } from 'evertoken';
import { redisStore } from 'evertoken/redis';
import { describe, expect, test } from 'vitest';
import { connect, type RedisSet } from '../support/fleet/redis.ts';
import { record, short } from '../support/recorder.ts';
import { hasRedis, startRedis, startReplicated } from '../support/redis-server.ts';
import { API, createServer, ME, refresh } from '../support/tabs.ts';
import { startProxy } from '../support/tcp-proxy.ts';

type Proxy = Awaited<ReturnType<typeof startProxy>>;

/** Contexts with a client each, all by way of one proxy, before one strict server. */
function openWorld(proxy: Proxy, client: RedisSet['client']) {
  const server = createServer();
  const ends: (() => unknown)[] = [];
  /** Happens while a refresh token is at the server. */
  const world = { during: async () => {} };

  async function open() {
    const own = connect({ client, kind: 'server', ports: [proxy.port] });
    await own.connected;
    const auth = createTokenManager({
      refresh: async (context) => {
        const answer = await refresh(context);
        await world.during();
        return answer;
      },
      ...{ allow: API, fetch: server.fetch, refreshTimeout: 5_000 },
      store: redisStore('alice', { client: own.client }),
    });
    ends.push(() => auth.close(), own.end);
    const told = record(auth);
    await auth.ready;
    const send = () =>
      auth.fetch(ME).then(
        ({ status }) => status,
        (error) => error.code ?? error,
      );
    return { auth, told, send };
  }
  return Object.assign(world, {
    ...{ server, open },
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end();
    },
  });
}

const clients = ['redis', 'ioredis'] as const;
const suite = hasRedis ? describe : describe.skip;
const missing = hasRedis ? '' : 'redis-server is not installed: ';

suite(`${missing}R51, R54: the primary dies and takes a commit with it`, () => {
  test.for(clients)(
    '%s: who holds the newer tokens writes them back, and nobody presents a spent one',
    async (client) => {
      await using primary = await startRedis({ 'repl-diskless-sync-delay': '0' });
      await using replication = await startProxy(primary.port);
      await using replica = await startRedis({ replicaof: `127.0.0.1 ${replication.port}` });
      await expect.poll(() => primary.ask<string>('INFO', 'replication')).toContain('state=online');
      await using proxy = await startProxy(primary.port);
      await using world = openWorld(proxy, client);
      const { server, open } = world;
      const a = await open();
      await a.auth.signIn(server.login());
      expect(await a.send()).toBe(200);
      // The lease is on the replica, because a lease counts only then; from here on nothing reaches it.
      world.during = async () => replication.deafen(true);
      server.deny();
      expect(await a.send()).toBe(200);
      world.during = async () => {};
      proxy.shut(true);
      await primary.kill();
      expect(await replica.ask('REPLICAOF', 'NO', 'ONE')).toBe('OK');
      expect(await replica.ask<string>('HGET', 'evertoken:alice', 'value')).toContain('"rotation":0');
      proxy.target = replica.port;
      proxy.shut(false);
      // It knows nothing of the refresh, and wants one of its own.
      const b = await open();
      server.deny();
      const sent = await Promise.all([b.send(), a.send()]);
      expect([sent, server.reused]).toEqual([[200, 200], []]);
      expect(short(a.told)).not.toContain('signed-out ended');
      expect(server.presented).toHaveLength(2);
    },
  );
});

suite(`${missing}R51: Redis comes back empty`, () => {
  test.for(clients)(
    '%s: the session goes on, also where that happens in the middle of a refresh',
    async (client) => {
      await using redis = await startRedis();
      await using proxy = await startProxy(redis.port);
      await using world = openWorld(proxy, client);
      const { server, open } = world;
      const [a, b] = [await open(), await open()];
      await a.auth.signIn(server.login());
      await expect.poll(() => b.auth.status).toBe('signed-in');
      world.during = async () => {
        world.during = async () => {};
        await redis.kill();
        await redis.start();
      };
      server.deny();
      const sent = await Promise.all([a.send(), sleep(200).then(b.send)]);
      // Who could not take the lease is told so, and it works a little later.
      await expect.poll(() => Promise.all([a.send(), b.send()]), { timeout: 60_000 }).toEqual([200, 200]);
      expect(sent).toContain(200);
      expect(server.reused).toEqual([]);
      const c = await open();
      expect([await c.send(), c.auth.sessionId]).toEqual([200, a.auth.sessionId]);
    },
  );

  test('FLUSHALL and eviction end no session', async () => {
    await using redis = await startRedis({ maxmemory: '3mb', 'maxmemory-policy': 'allkeys-lru' });
    await using proxy = await startProxy(redis.port);
    await using world = openWorld(proxy, 'redis');
    const { server, open } = world;
    const [a, b] = [await open(), await open()];
    await a.auth.signIn(server.login());
    await expect.poll(() => b.auth.status).toBe('signed-in');
    await redis.ask('FLUSHALL');
    server.deny();
    expect(await Promise.all([a.send(), b.send()])).toEqual([200, 200]);
    for (let count = 0; (await redis.ask('EXISTS', 'evertoken:alice')) && count < 300; count++)
      await redis.ask('SET', `other-${count}`, 'x'.repeat(50_000));
    expect(await redis.ask('EXISTS', 'evertoken:alice')).toBe(0);
    server.deny();
    expect(await Promise.all([a.send(), b.send()])).toEqual([200, 200]);
    expect([server.reused, a.auth.status, b.auth.status]).toEqual([[], 'signed-in', 'signed-in']);
  });
});

suite(`${missing}R53: Redis stands still`, () => {
  test.for(clients)(
    '%s: good tokens are used, a refresh fails for now, and afterwards it works',
    async (client) => {
      await using redis = await startRedis();
      await using proxy = await startProxy(redis.port);
      await using world = openWorld(proxy, client);
      const { server, open } = world;
      const a = await open();
      await a.auth.signIn(server.login());
      redis.signal('SIGSTOP');
      expect(await a.send()).toBe(200);
      server.deny();
      const failure = await a.auth.fetch(ME).catch((error) => error);
      expect(failure).toMatchObject({ code: 'refresh-failed', retryAt: expect.any(Number) });
      expect([server.presented, a.auth.status]).toEqual([[], 'signed-in']);
      await expect.poll(() => a.told.map(([event]) => event)).toContain('store-failed');
      redis.signal('SIGCONT');
      await expect.poll(() => a.send(), { timeout: 90_000, interval: 500 }).toBe(200);
      expect([server.presented.length, server.reused]).toEqual([1, []]);
    },
  );

  test('its replicas do: a lease does not count, nothing is presented, and afterwards it works', async () => {
    await using redis = await startReplicated();
    const { primary, replicas } = redis;
    await using proxy = await startProxy(primary.port);
    await using world = openWorld(proxy, 'redis');
    const { server, open } = world;
    const a = await open();
    await a.auth.signIn(server.login());
    replicas[0]?.signal('SIGSTOP');
    server.deny();
    const failure = await a.auth.fetch(ME).catch((error) => error);
    expect(failure).toMatchObject({ code: 'refresh-failed' });
    expect(`${failure.message} ${failure.cause?.message}`).toMatch(/no replica of Redis has confirmed/);
    expect(server.presented).toEqual([]);
    replicas[0]?.signal('SIGCONT');
    await expect.poll(() => a.send(), { timeout: 60_000, interval: 500 }).toBe(200);
    expect([server.presented.length, server.reused]).toEqual([1, []]);
  });
});

suite(`${missing}R51: answers are lost, and a client asks again`, () => {
  test.for(clients)('%s: no token is spent twice, and no session lost', async (client) => {
    await using redis = await startRedis();
    await using proxy = await startProxy(redis.port);
    await using world = openWorld(proxy, client);
    const { server, open } = world;
    const [a, b] = [await open(), await open()];
    await a.auth.signIn(server.login());
    await expect.poll(() => b.auth.status).toBe('signed-in');
    for (let round = 1; round <= 10; round++) {
      let answers = 0;
      // One answer of the three of a refresh, or news, goes lost with its connection.
      const lose = () => {
        if (++answers > 1) return;
        proxy.deafen(false);
        proxy.cut();
      };
      proxy.onLost = lose;
      if (round % 3 === 0) world.during = async () => proxy.deafen(true);
      else setTimeout(() => proxy.deafen(true), round % 3);
      server.deny();
      await Promise.all([a.send(), b.send()]);
      proxy.deafen(false);
      world.during = async () => {};
      await expect
        .poll(() => Promise.all([a.send(), b.send()]), { timeout: 60_000, message: `round ${round}` })
        .toEqual([200, 200]);
    }
    expect([server.reused, a.auth.status, b.auth.status]).toEqual([[], 'signed-in', 'signed-in']);
    for (const { told } of [a, b]) expect(short(told).filter((one) => /signed-out/.test(one))).toEqual([]);
  });
});
