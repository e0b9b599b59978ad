/** The programs that the drivers start: nothing of them stays behind, whatever goes wrong. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { guarded, type ProcessGroup, startGroup } from './support/process-group.ts';

/** Starts a child that does not heed a request to end, and lives on itself. */
const parent = `(trap '' TERM; exec sleep 600) & echo "child $!" >&2; exec sleep 600`;

/** Ended processes may still wait for somebody to ask how they ended. */
const isRunning = (pid: string): boolean =>
  /^[^Z]/.test(spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout);

/** A program in a group, and what is seen of it. */
function watch() {
  const seen = { folder: '', child: '' };
  const start = {
    name: 'Parent',
    command(folder: string) {
      seen.folder = folder;
      return guarded('sh', '-c', parent);
    },
  };
  async function connect(group: ProcessGroup): Promise<ProcessGroup> {
    const [, child = ''] = await group.said(/child (\d+)\n/);
    seen.child = child;
    return group;
  }
  return { seen, start, connect };
}

test('what a program has started ends with it, and its folder is gone', async () => {
  const { seen, start, connect } = watch();
  const group = await startGroup(start, connect);
  expect(isRunning(seen.child)).toBe(true);
  expect(existsSync(seen.folder)).toBe(true);
  await group.end();
  await expect.poll(() => isRunning(seen.child)).toBe(false);
  expect(existsSync(seen.folder)).toBe(false);
});

test('so it is when nobody gets through to the program', async () => {
  const { seen, start, connect } = watch();
  const failing = startGroup(start, async (group) => {
    await connect(group);
    throw new Error('no answer');
  });
  await expect(failing).rejects.toThrow('no answer');
  await expect.poll(() => isRunning(seen.child)).toBe(false);
  expect(existsSync(seen.folder)).toBe(false);
});

test('a program that ends while it starts is named, with its last words', async () => {
  const start = { name: 'Parent', command: () => guarded('sh', '-c', 'echo no screen >&2; exit 3') };
  const failing = startGroup(start, () => new Promise(() => {}));
  await expect(failing).rejects.toThrow('Parent ended with 3: no screen');
});

test('a program that is not there is named', async () => {
  const start = { name: 'Parent', command: () => ['no-such-program'] };
  await expect(startGroup(start, () => new Promise(() => {}))).rejects.toThrow('no-such-program');
});

test('a program ends when the process that has started it is killed', async () => {
  const source = `import { guarded, startGroup } from ${JSON.stringify(new URL('support/process-group.ts', import.meta.url).href)};
    const start = { name: 'Parent', command: () => guarded('sh', '-c', 'echo "itself $$" >&2; exec sleep 600') };
    const [, itself] = await startGroup(start, (group) => group.said(/itself (\\d+)\\n/));
    console.log(itself);`;
  // The folder is not removed, for there is nobody to do it.
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-killed-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const starter = spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', source], {
    env: { ...process.env, TMPDIR: folder },
  });
  const [line] = await once(starter.stdout, 'data');
  const itself = String(line).trim();
  expect(isRunning(itself)).toBe(true);
  starter.kill('SIGKILL');
  await expect.poll(() => isRunning(itself)).toBe(false);
});
