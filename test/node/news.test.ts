/** R52: news of a file, also where its folder cannot be watched. */
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { watchPath } from '../../src/node/news.ts';
import { createFolder } from '../support/folder.ts';

const { fails } = vi.hoisted(() => ({ fails: { watch: false } }));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  const watch = (...args: unknown[]) => {
    if (fails.watch) throw new Error('ENOSPC: too many are watched');
    return (real.watch as (...args: unknown[]) => unknown)(...args);
  };
  return { ...real, watch };
});

function start() {
  const path = join(createFolder(), 'own', 'x');
  const listener = vi.fn();
  const end = watchPath(path, listener);
  onTestFinished(end);
  return { path, listener, end };
}

test('tells of the file, and of no other in its folder', async () => {
  const { path, listener, end } = start();
  writeFileSync(`${path}.other`, '');
  writeFileSync(path, '');
  await expect.poll(() => listener.mock.calls.length).toBeGreaterThan(0);
  end();
  end();
});

test('where nothing can be watched the file is looked at', async () => {
  fails.watch = true;
  onTestFinished(() => {
    fails.watch = false;
  });
  const { path, listener } = start();
  let text = '';
  const write = () => {
    text += '.';
    writeFileSync(path, text);
    return listener.mock.calls.length;
  };
  await expect.poll(write).toBeGreaterThan(0);
});

test('a folder that is removed is told, and what is put there again', async () => {
  const { path, listener } = start();
  rmSync(dirname(path), { recursive: true });
  await expect.poll(() => listener.mock.calls.length).toBeGreaterThan(0);
});
