/** Kills processes in the middle of replacements, at random moments, and looks at the entry after each. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFilePort } from '../../src/node/file-store.ts';
import { bundle } from './fleet/program.ts';

export interface Killed {
  kills: number;
  /** How often the entry was neither the old one nor the new one, or an older one than was confirmed. */
  faults: string[];
  /** Replacements that were confirmed. */
  confirmed: number;
  /** Files beside the entry at the end, after one more process has replaced it. */
  left: string[];
}

/** @param beside - So many processes replace at the same time. */
export async function killMany(count: number, beside: number): Promise<Killed> {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-kills-'));
  const path = join(folder, 'entry', 'session.json');
  await mkdir(join(folder, 'entry'), { mode: 0o700 });
  const contents = `import { run } from ${JSON.stringify(resolve('test/support/kill-process.ts'))};
    run(process.argv[2]);`;
  const program = await bundle(contents, folder);
  const told: Killed = { kills: 0, faults: [], confirmed: 0, left: [] };
  let newest = 0;

  async function look(): Promise<void> {
    const least = newest;
    const value = (await createFilePort(path).read())?.value ?? '0  end';
    const number = Number(value.split(' ')[0]);
    if (!value.endsWith(' end') || !(number >= least)) told.faults.push(`${least}: ${value.slice(0, 40)}`);
  }

  async function killOne(): Promise<void> {
    const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const gone = once(child, 'close');
    const ready = Promise.withResolvers<void>();
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { id, value } = JSON.parse(line);
      if (!id) ready.resolve();
      else {
        told.confirmed++;
        newest = Math.max(newest, value);
      }
    });
    await ready.promise;
    await sleep(Math.random() * 25);
    child.kill('SIGKILL');
    await gone;
    told.kills++;
    await look();
  }

  let begun = 0;
  const line = async () => {
    while (begun++ < count && !told.faults.length) await killOne();
  };
  await Promise.all(Array.from({ length: beside }, line));
  const port = createFilePort(path);
  const { version } = (await port.read()) ?? {};
  await port.replace(version, { version: 'last', value: 'last' });
  await sleep(200);
  told.left = (await readdir(join(folder, 'entry'))).filter((name) => name !== 'session.json');
  await rm(folder, { recursive: true });
  return told;
}
