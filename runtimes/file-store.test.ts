/** A file shared by processes of one runtime. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import type { Runtime } from '../test/support/fleet/program.ts';
import { killHolder, wakeAll } from '../test/support/fleet/stories.ts';

const { node22, bun, deno } = inject('runtimes');

const runtimes: [name: string, program: string, runtime: Runtime][] = [
  ['Node 22', node22, [node22]],
  ['Node 24', process.execPath, [process.execPath]],
  ['Bun', bun, [bun]],
  ['Deno', deno, [deno, 'run', '--allow-all']],
];

describe.for(runtimes)('%s', ([, program, runtime]) => {
  const inFile = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'evertoken-runtime-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const store = { path: join(folder, 'session.json') };
    return { module: 'test/support/fleet/file-store.ts', store, runtime, reuseInterval: 600_000 };
  };

  test.runIf(program)('R54: five that wake refresh once', async () => {
    const { statuses, told } = await wakeAll(await inFile(), 5);
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect(told).toMatchObject({ refreshes: 1, reuses: [] });
  });

  test.runIf(program)('R54: nobody waits for a holder that was killed', async () => {
    // Its lease would last 62 s, and nobody would wait so long.
    const { ends } = await killHolder({ ...(await inFile()), refreshTimeout: 30_000 });
    expect(ends).toEqual(['refreshed', 'refreshed']);
  });
});
