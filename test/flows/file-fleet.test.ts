/**
 * R54: processes that share a session in a file, against a strict server. `FLEET=32x60` has 32 of them for 60 s,
 * `KILLS=10000` so many kills.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { FleetOptions } from '../support/fleet/fleet.ts';
import {
  callsOfOutage,
  fleetSize,
  killHolder,
  liveOn,
  liveOnThroughKills,
  stopHolder,
  wakeAll,
} from '../support/fleet/stories.ts';
import { killMany } from '../support/kills.ts';

async function inFile(more: Partial<FleetOptions> = {}): Promise<FleetOptions> {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-fleet-file-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return {
    module: 'test/support/fleet/file-store.ts',
    store: { path: join(folder, 'session.json') },
    ...more,
  };
}

describe('processes with one file', { timeout: fleetSize.ms * 3 + 120_000 }, () => {
  test('R54: refresh once in each life of a token, and nobody fails', async () => {
    const told = await liveOn(await inFile());
    console.log('many processes:', JSON.stringify(told));
    expect(told).toMatchObject({ faults: 0, unmendable: 0, signIns: 1, traffic: { others: {} } });
    expect(told.early).toBeLessThanOrEqual(Math.ceil(told.refreshes * 0.02));
    expect(told.refreshes).toBeGreaterThan(1);
  });

  test('R54: the same while one after the other is killed; only what nobody can mend is lost', async () => {
    const told = await liveOnThroughKills(await inFile());
    console.log('the same, with kills:', JSON.stringify(told));
    expect(told.kills).toBeGreaterThan(1);
    expect(told.faults).toBe(0);
    expect(told.signIns).toBe(1 + told.unmendable);
    if (!told.unmendable) expect(told.traffic.others).toEqual({});
  });

  test('R54: where the server has a reuse interval a holder that is killed costs nothing, and nobody waits for its time', async () => {
    // Its lease would last 62 s.
    const options = await inFile({ reuseInterval: 600_000, refreshTimeout: 30_000 });
    const { ends, told } = await killHolder(options);
    expect(ends).toEqual(['refreshed', 'refreshed']);
    expect(told).toMatchObject({ forgiven: 1, unmendable: 0, signIns: 1 });
  });

  test('R54: one that stands still holds the others up until its time is over, and presents nothing when it wakes', async () => {
    const { end, callsAfter, told } = await stopHolder(
      await inFile({ reuseInterval: 600_000, refreshTimeout: 1_000 }),
    );
    expect(end).toBe('refreshed');
    expect(callsAfter).toBe(0);
    expect(told).toMatchObject({ unmendable: 0, signIns: 1 });
  });

  test('R35: while the server is down many ask hardly more often than one', async () => {
    const one = await callsOfOutage(await inFile(), 1);
    const many = await callsOfOutage(await inFile(), fleetSize.processes);
    console.log('calls of a server that is down, by one and by many:', one, many);
    // The pauses are at random moments.
    expect(many).toBeLessThanOrEqual(one * 1.1 + 2);
  });

  test('R54: five that wake after two days refresh once', async () => {
    const { statuses, told } = await wakeAll(await inFile(), 5);
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect(told).toMatchObject({ refreshes: 1, faults: 0, signIns: 1 });
  });
});

const kills = Number(process.env['KILLS'] ?? 40);

test('R51: who is killed at a random moment leaves the old entry or the new one, and nothing beside it for long', {
  timeout: 60_000 + kills * 500,
}, async () => {
  const told = await killMany(kills, 4);
  console.log('kills in the middle of replacements:', JSON.stringify(told));
  expect(told).toMatchObject({ kills, faults: [], left: [] });
});
