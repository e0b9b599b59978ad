/** Fleets of real processes over a real Redis, before a strict authorization server. */
import { describe, expect, test } from 'vitest';
import type { FleetOptions } from '../support/fleet/fleet.ts';
import type { RedisSet } from '../support/fleet/redis.ts';
import {
  callsOfOutage,
  fleetSize,
  killHolder,
  liveOn,
  liveOnThroughKills,
  type Told,
  wakeAll,
} from '../support/fleet/stories.ts';
import { hasRedis, type Server, startRedis, startSentinels } from '../support/redis-server.ts';

const over = (store: RedisSet): FleetOptions => ({ module: 'test/support/fleet/redis.ts', store });

/** A fleet over one server, with one of the clients. */
async function withServer<T>(
  client: RedisSet['client'],
  tell: (options: FleetOptions, server: Server) => Promise<T>,
  settings: Record<string, string> = {},
): Promise<T> {
  await using server = await startRedis(settings);
  return await tell(over({ client, kind: 'server', ports: [server.port] }), server);
}

/** On a busy machine a token of a second is over before it arrives (401), and Redis may be slow: no session is lost by that. */
const lost = ({ traffic }: Told) =>
  Object.keys(traffic.others).filter((end) => !['401', 'refresh-failed'].includes(end));

const suite = hasRedis ? describe : describe.skip;
const missing = hasRedis ? '' : 'redis-server is not installed: ';
const { processes } = fleetSize;
const timeout = fleetSize.ms * 3 + 120_000;

suite(`${missing}${processes} processes over one Redis, tokens that live a second`, { timeout }, () => {
  test.for(['redis', 'ioredis'] as const)(
    'R31, R54: %s: one refresh for each life, no reuse, no lost session',
    async (client) => {
      const told = await withServer(client, (options) => liveOn(options));
      console.log(`${client}, ${processes} processes: ${JSON.stringify(told)}`);
      expect([told.faults, told.reuses.length, lost(told), told.signIns]).toEqual([0, 0, [], 1]);
      // One that was refused late may be young.
      expect(told.early).toBeLessThanOrEqual(2 + told.refreshes * 0.1);
      expect(told.refreshes).toBeGreaterThan(1);
    },
  );

  test('R54: one of them is killed every two seconds: no reuse that somebody could have avoided', async () => {
    const told = await withServer('redis', (options) =>
      liveOnThroughKills({ ...options, refreshTimeout: 2_000 }),
    );
    console.log(`killed, ${processes} processes: ${JSON.stringify(told)}`);
    expect(told.kills).toBeGreaterThan(1);
    expect(told.faults).toBe(0);
    expect(told.signIns).toBe(1 + told.unmendable);
  });

  test('R54: with a reuse interval at the server that costs no session', async () => {
    const told = await withServer('redis', (options) =>
      liveOnThroughKills({ ...options, refreshTimeout: 2_000, reuseInterval: 60_000 }),
    );
    expect([told.faults, told.unmendable, told.signIns]).toEqual([0, 0, 1]);
  });

  test('R51: Redis is killed and started again in between: no reuse, no lost session', async () => {
    const settings = { appendonly: 'yes', appendfsync: 'everysec' };
    const told = await withServer(
      'ioredis',
      (options, server) =>
        liveOnThroughKills(options, async (_fleet, round) => {
          if (round) return;
          await server.kill();
          await server.start();
        }),
      settings,
    );
    console.log(`restarted, ${processes} processes: ${JSON.stringify(told)}`);
    expect(told.faults).toBe(0);
    expect(told.signIns).toBe(1 + told.unmendable);
  });

  test('R51: Sentinels fail over in between: no reuse, no lost session', async () => {
    await using redis = await startSentinels();
    const ports = redis.sentinels.map(({ port }) => port);
    const told = await liveOnThroughKills(
      over({ client: 'redis', kind: 'sentinels', ports }),
      async (_, round) => {
        if (!round) await redis.primary.kill();
      },
    );
    console.log(`failed over, ${processes} processes: ${JSON.stringify(told)}`);
    expect(told.faults).toBe(0);
    expect(told.signIns).toBe(1 + told.unmendable);
    expect(await redis.leader()).toBe(redis.replicas[0]?.port);
  });

  test('R35: while the authorization server is down they ask hardly more often than one process', async () => {
    const one = await withServer('redis', (options) => callsOfOutage(options, 1));
    const all = await withServer('redis', (options) => callsOfOutage(options, processes));
    console.log(`outage: one process ${one} calls, ${processes} processes ${all}`);
    expect(all).toBeLessThanOrEqual(one * 1.1 + 2);
  });
});

suite(`${missing}processes over one Redis`, () => {
  test('R13, R31: that wake after two days refresh once, and all have a good token', async () => {
    const { statuses, told } = await withServer('redis', (options) => wakeAll(options, 5));
    expect([statuses, told.calls, told.reuses]).toEqual([Array(5).fill(200), 1, []]);
  });

  test('R34, R54: wait for a holder that has died as long as is said, and present nothing meanwhile', async () => {
    const { ends, ms, told } = await withServer('redis', (options) =>
      killHolder({ ...options, refreshTimeout: 2_000 }),
    );
    expect([ends, told.reuses]).toEqual([['refresh-failed', 'refresh-failed'], []]);
    expect(ms).toBeGreaterThan(1_900);
  });
});
