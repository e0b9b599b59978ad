/** R54: a lock that is free as soon as its holder is dead; what cannot be told counts as no lock. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createLock } from '../../src/node/lock.ts';
import { createVersionedFile } from '../../src/node/versioned-file.ts';
import { createFolder } from '../support/folder.ts';

const never = () => new AbortController().signal;

function create() {
  const path = join(createFolder(), 'own', 'x.lock');
  const file = createVersionedFile(path, false);
  const hold = (address: string, more = {}) =>
    file.replace(undefined, {
      version: 'held',
      value: JSON.stringify({ host: hostname(), address, at: Date.now(), ...more }),
    });
  return { path, file, hold, lock: createLock(file), beside: () => readdirSync(dirname(path)) };
}

test('nothing stays behind, whatever the task comes to', async () => {
  const { lock, beside } = create();
  expect(await lock(async () => 'done', { signal: never() })).toBe('done');
  await expect(lock(() => Promise.reject(new Error('no')), { signal: never() })).rejects.toThrow('no');
  expect(beside()).toEqual([]);
});

test('where nobody listens any more it is free', async () => {
  const { lock, hold, path } = create();
  await hold(`${path}.dead.sock`);
  expect(await lock(async () => 'done', { signal: never() })).toBe('done');
});

test('a broken file, as after a loss of power, holds nobody up', async () => {
  const { lock, path } = create();
  mkdirSync(dirname(path), { mode: 0o700 });
  writeFileSync(path, '\0\0', { mode: 0o600 });
  expect(await lock(async () => 'done', { signal: never() })).toBe('done');
});

test.each([
  ['on another machine', { host: 'elsewhere' }, /held on another machine/],
  ['where it cannot be asked', { address: '/dev/null/x' }, /ENOTDIR/],
])('held %s it is refused at once', async (_what, more, message) => {
  const { lock, hold } = create();
  await hold('', more);
  await expect(lock(async () => 'done', { signal: never() })).rejects.toThrow(message);
});

test('a lock of yesterday, under another name of the machine, is none', async () => {
  const { lock, hold } = create();
  await hold('', { host: 'elsewhere', at: Date.now() - 25 * 3_600_000 });
  expect(await lock(async () => 'done', { signal: never() })).toBe('done');
});

test('somebody else’s file in its place is left alone', async () => {
  const { lock, path } = create();
  mkdirSync(dirname(path), { mode: 0o700 });
  writeFileSync(path, 'mine', { mode: 0o600 });
  await expect(lock(async () => 'done', { signal: never() })).rejects.toThrow(/somebody else has a file/);
});

test('a holder that says nothing stands still, and is not waited for', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { lock, hold, path } = create();
  await hold(`${path}.sock`);
  const connected = Promise.withResolvers<void>();
  const silent: Server = createServer(() => connected.resolve());
  onTestFinished(() => void silent.close());
  await new Promise<void>((resolve) => void silent.listen(`${path}.sock`, resolve));
  const waiting = lock(async () => 'done', { signal: never() });
  const outcome = expect(waiting).rejects.toThrow(/stands still/);
  await connected.promise;
  await vi.advanceTimersByTimeAsync(3_000);
  await outcome;
});

test('a path that is too long for a socket has no lock', async () => {
  const file = createVersionedFile(join(createFolder(), 'x'.repeat(80), 'x.lock'), false);
  await expect(createLock(file)(async () => 'done', { signal: never() })).rejects.toThrow(
    /too long for a socket/,
  );
});
