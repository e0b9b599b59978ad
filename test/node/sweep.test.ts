/** What killed processes have left behind goes; what living ones need stays. */
import { spawnSync } from 'node:child_process';
import { linkSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createId } from '../../src/node/ids.ts';
import { sweep } from '../../src/node/sweep.ts';
import { createVersionedFile } from '../../src/node/versioned-file.ts';
import { createFolder } from '../support/folder.ts';

const { pid } = spawnSync(process.execPath, ['--version']);
const deadId = () => createId().replace(`-${process.pid}-`, `-${pid}-`);
const foreignId = () => createId().replace(/^....../, 'ffffff');

test('drafts and sockets of dead processes go, others stay, for a day where nobody can tell', async () => {
  const folder = createFolder();
  const put = (name: string) => writeFileSync(join(folder, name), '', { mode: 0o600 });
  const foreign = `x.${foreignId()}`;
  const kept = [
    `x.${createId()}`,
    `x.${createId()}.sock`,
    `x.lock.${deadId()}`,
    foreign,
    'x.json',
    'xy',
    'x.bak',
  ];
  for (const name of [...kept, `x.${deadId()}`, `x.${deadId()}.sock`]) put(name);
  const file = createVersionedFile(join(folder, 'x'), false);
  await file.replace(undefined, { version: 'v', value: 'v' });
  await sweep(file);
  expect(readdirSync(folder).sort()).toEqual(['x', ...kept].sort());
  const old = Date.now() / 1_000 - 25 * 3_600;
  utimesSync(join(folder, foreign), old, old);
  await sweep(file);
  expect(readdirSync(folder)).not.toContain(foreign);
});

test('what a dead process has claimed follows; what it claimed of a file that is gone does not', async () => {
  const folder = createFolder();
  const path = join(folder, 'x');
  const file = createVersionedFile(path, false);
  await file.replace(undefined, { version: 'first', value: '1' });
  const { id } = (await file.load()) ?? {};
  const next = deadId();
  writeFileSync(
    `${path}.${next}`,
    readFileSync(path, 'utf8').replace(`${id}`, next).replace('first', 'next'),
    {
      mode: 0o600,
    },
  );
  linkSync(`${path}.${next}`, `${path}.${id}.next`);
  const late = deadId();
  writeFileSync(`${path}.${late}`, '', { mode: 0o600 });
  linkSync(`${path}.${late}`, `${path}.${deadId()}.next`);
  await sweep(file);
  expect((await file.load())?.version).toBe('next');
  expect(readdirSync(folder)).toEqual(['x']);
});
