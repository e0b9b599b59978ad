/** A file shared by processes of one runtime: Bun and Deno, where they are on the path. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Runtime } from '../support/fleet/program.ts';
import { killHolder, wakeAll } from '../support/fleet/stories.ts';

const runtimes: [name: string, runtime: Runtime][] = [
  ['Node', [process.execPath]],
  ['Bun', ['bun']],
  ['Deno', ['deno', 'run', '--allow-all']],
];

const isThere = ([program]: Runtime) => spawnSync(program, ['--version']).status === 0;

describe.for(runtimes)('%s', ([, runtime]) => {
  const inFile = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'evertoken-runtime-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const store = { path: join(folder, 'session.json') };
    return { module: 'test/support/fleet/file-store.ts', store, runtime, reuseInterval: 600_000 };
  };

  test.runIf(isThere(runtime))('R54: five that wake refresh once', async () => {
    const { statuses, told } = await wakeAll(await inFile(), 5);
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect(told).toMatchObject({ refreshes: 1, reuses: [] });
  });

  test.runIf(isThere(runtime))('R54: nobody waits for a holder that was killed', async () => {
    // Its lease would last 62 s, and nobody would wait so long.
    const { ends } = await killHolder({ ...(await inFile()), refreshTimeout: 30_000 });
    expect(ends).toEqual(['refreshed', 'refreshed']);
  });
});
