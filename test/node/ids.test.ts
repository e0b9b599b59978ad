/** Ids say which process has made a file, as far as that can be told. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createId, digest, ID, isFromHere, isOrphan } from '../../src/node/ids.ts';

test('each is made once, and is a part of a file name', () => {
  const all = Array.from({ length: 100 }, createId);
  expect(new Set(all).size).toBe(100);
  for (const id of all) expect(id).toMatch(new RegExp(`^${ID}$`));
});

test('a process that runs is no orphan, one that has ended is; what another machine made is not judged', () => {
  const id = createId();
  expect([isFromHere(id), isOrphan(id)]).toEqual([true, false]);
  const { pid } = spawnSync(process.execPath, ['--version']);
  const dead = id.replace(`-${process.pid}-`, `-${pid}-`);
  expect(isOrphan(dead)).toBe(true);
  const elsewhere = dead.replace(/^....../, (here) => (here === '000000' ? '111111' : '000000'));
  expect([isFromHere(elsewhere), isOrphan(elsewhere)]).toEqual([false, false]);
});

test('a digest shows nothing of its text', () => {
  expect(digest('text')).toMatch(/^[0-9a-f]{16}$/);
  expect(digest('text')).not.toBe(digest('Text'));
});
