/** What a store that joins processes has to live through: told of each such store, with the size that a run can bear. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fleet, type FleetOptions, type Member, startFleet, sum } from './fleet.ts';
import type { FleetStats } from './server.ts';
import type { Traffic } from './worker.ts';

/** Many processes for a minute, where somebody asks for it: `FLEET=32x60`. */
const [, size = '8', seconds = '8'] = /^(\d+)x(\d+)$/.exec(process.env['FLEET'] ?? '') ?? [];

export const fleetSize = { processes: Number(size), ms: Number(seconds) * 1_000 };

/** How a story ended. */
export interface Told extends FleetStats {
  traffic: Traffic;
  kills: number;
  /** Reuses that somebody could have avoided. */
  faults: number;
  /** Sessions that nobody could have saved. */
  unmendable: number;
  /** Reuses that the server forgave. */
  forgiven: number;
}

const tell = ({ stats }: Fleet['server'], traffic: Traffic, kills = 0): Told => ({
  ...stats,
  ...{ traffic, kills },
  faults: stats.reuses.filter((one) => !one.isUnmendable).length,
  unmendable: stats.reuses.filter((one) => one.isUnmendable && !one.isForgiven).length,
  forgiven: stats.reuses.filter((one) => one.isForgiven).length,
});

/** Processes of which the first has signed in. */
async function openWith(fleet: Fleet, count: number): Promise<Member> {
  const first = await fleet.start();
  await first.ask('signIn', fleet.server.login());
  await fleet.startMany(count - 1);
  await fleet.askAll('ready');
  return first;
}

/** Traffic of all processes over many lives of a token. Nobody may be refused for good, or refresh without need. */
export async function liveOn(options: FleetOptions): Promise<Told> {
  await using fleet = await startFleet(options);
  await openWith(fleet, fleetSize.processes);
  await fleet.askAll('begin', 100);
  await sleep(fleetSize.ms);
  return tell(fleet.server, sum(await fleet.askAll('end')));
}

/**
 * The same while a random process is killed every 2 s and another one starts. Where the server has ended the session
 * somebody signs in again.
 */
export async function liveOnThroughKills(
  options: FleetOptions,
  trouble?: (fleet: Fleet, round: number) => unknown,
): Promise<Told> {
  await using fleet = await startFleet(options);
  await openWith(fleet, fleetSize.processes);
  await fleet.askAll('begin', 100);
  let kills = 0;
  for (const from = Date.now(); Date.now() - from < fleetSize.ms; ) {
    const all = [...fleet.members];
    const [victim, witness] = all.sort(() => Math.random() - 0.5) as [Member, Member];
    await trouble?.(fleet, kills);
    await fleet.kill(victim);
    kills++;
    const [next] = await Promise.all([fleet.start(), sleep(2_000)]);
    if ((await witness.ask('status')) === 'signed-out') await witness.ask('signIn', fleet.server.login());
    await next.ask('begin', 100);
  }
  return tell(fleet.server, sum(await fleet.askAll('end')), kills);
}

/** The authorization server answers 503 for a while: how often it was called meanwhile. */
export async function callsOfOutage(options: FleetOptions, processes: number): Promise<number> {
  await using fleet = await startFleet(options);
  await openWith(fleet, processes);
  await fleet.askAll('begin', 100);
  fleet.server.out(true);
  await sleep(fleetSize.ms);
  return fleet.server.stats.outageCalls;
}

/** All processes stand still, two days pass, and all ask at once. */
export async function wakeAll(options: FleetOptions, processes: number) {
  await using fleet = await startFleet({ lifetime: 3_600_000, ...options });
  await openWith(fleet, processes);
  const twoDays = 2 * 24 * 3_600_000;
  await fleet.askAll('pass', twoDays);
  for (const member of fleet.members) fleet.stop(member);
  fleet.server.pass(twoDays);
  const answers = fleet.askAll('get');
  for (const member of fleet.members) fleet.wake(member);
  return { statuses: await answers, told: tell(fleet.server, { served: 0, others: {} }) };
}

/** Begins a refresh that is on the wire, and lasts; answers the others. */
async function openRefreshing(fleet: Fleet): Promise<{ holder: Member; others: Member[] }> {
  const holder = await openWith(fleet, 3);
  holder.ask('refresh').catch(() => {});
  while (!fleet.server.stats.calls) await sleep(5);
  return { holder, others: [...fleet.members].filter((member) => member !== holder) };
}

/** The holder of the lease is killed in the middle of its refresh: what becomes of the others, and how long it takes. */
export async function killHolder(options: FleetOptions) {
  await using fleet = await startFleet({ lifetime: 3_600_000, delay: 500, ...options });
  const { holder, others } = await openRefreshing(fleet);
  await fleet.kill(holder);
  const from = performance.now();
  const ends = await Promise.all(others.map((other) => other.ask('refresh')));
  return { ends, ms: performance.now() - from, told: tell(fleet.server, { served: 0, others: {} }) };
}

/** It stands still, until another one has refreshed. */
export async function stopHolder(options: FleetOptions) {
  await using fleet = await startFleet({ lifetime: 3_600_000, delay: 500, ...options });
  const { holder, others } = await openRefreshing(fleet);
  fleet.stop(holder);
  const from = performance.now();
  const [other] = others as [Member];
  let end = '';
  while (end !== 'refreshed' && performance.now() - from < 60_000) end = await other.ask('refresh');
  const ms = performance.now() - from;
  const before = fleet.server.stats.calls;
  fleet.wake(holder);
  const token = await other.ask('token');
  while ((await holder.ask('token')) !== token) await sleep(20);
  return {
    end,
    ms,
    callsAfter: fleet.server.stats.calls - before,
    told: tell(fleet.server, { served: 0, others: {} }),
  };
}
