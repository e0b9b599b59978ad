/** Threads of one process that share a session: real contention for one folder, and no lock. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { fromSource } from '../support/from-source.ts';
import { startLoopback, times } from '../support/loopback.ts';
import type { Act, ThreadData } from '../support/thread.ts';

const THREADS = 8;

/** Asks a thread to act, and answers what came of it. */
function startThread(workerData: ThreadData) {
  const worker = new Worker(new URL('../support/thread.ts', import.meta.url), {
    workerData,
    execArgv: fromSource,
  });
  let asked = 0;
  const answers = new Map<number, (answer: unknown) => void>();
  worker.on('message', ({ id, answer }) => answers.get(id)?.(answer));
  const ask = <T>(act: Act, input?: unknown) =>
    new Promise<T>((resolve) => {
      answers.set(++asked, resolve as (answer: unknown) => void);
      worker.postMessage({ id: asked, act, input });
    });
  return { ask, worker };
}

async function startThreads() {
  const world = await startLoopback();
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-threads-'));
  const { server, api } = world;
  const data = { folder, tokenEndpoint: server.tokenEndpoint, clientId: server.clientId, api: api.url };
  const start = () => startThread(data);
  const threads = Array.from({ length: THREADS }, start);
  const all = <T>(act: Act) => Promise.all(threads.map(({ ask }) => ask<T>(act)));
  return {
    ...world,
    folder,
    all,
    threads,
    start,
    first: threads[0] as (typeof threads)[0],
    async [Symbol.asyncDispose]() {
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
      await world[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

test('R31, R51: eight threads with a dead token refresh once, each time, and all end with the new one', {
  timeout: 60_000,
}, async () => {
  await using world = await startThreads();
  const { all, first, server, api } = world;
  await first.ask('signIn', await world.login());
  for (let round = 1; round <= 20; round++) {
    const token = await first.ask<string>('token');
    await expect.poll(() => all('token'), { timeout: 20_000 }).toEqual(times(THREADS, token));
    api.deny(token);
    expect(await all('get'), `round ${round}`).toEqual(times(THREADS, 200));
    expect(server.stats, `round ${round}`).toMatchObject({ refreshes: round, reuse: 0 });
  }
});

test('R51, R52: a sign-out in one thread reaches all, with one event each, and leaves no token', {
  timeout: 60_000,
}, async () => {
  await using world = await startThreads();
  const { all, first, folder } = world;
  await first.ask('signIn', await world.login());
  const token = await first.ask<string>('token');
  await expect.poll(() => all('token'), { timeout: 20_000 }).toEqual(times(THREADS, token));
  await all('told');
  await first.ask('signOut');
  await expect.poll(() => all('token'), { timeout: 20_000 }).toEqual(times(THREADS, undefined));
  // A round trip later the listeners have heard of it.
  const [own, ...others] = await all('told');
  expect([own, ...others]).toEqual([
    ['signed-out local'],
    ...times(THREADS - 1, ['signed-out local elsewhere']),
  ]);
  const entries = (await readdir(folder)).map((name) => Number.parseInt(name, 10) || 0);
  const newest = await readFile(join(folder, `${Math.max(...entries)}.entry`), 'utf8');
  expect(newest).not.toContain(token);
});

test('R51: threads that sign in and out at the same time end with the same session', {
  timeout: 60_000,
}, async () => {
  await using world = await startThreads();
  const { all, first, threads } = world;
  await first.ask('signIn', await world.login());
  for (let round = 0; round < 10; round++) {
    const tokens = await Promise.all(times(4, 0).map(() => world.login()));
    await Promise.all(
      threads.map(({ ask }, number) => (number % 2 ? ask('signOut') : ask('signIn', tokens[number / 2]))),
    );
    await expect.poll(async () => new Set(await all('token')).size, { timeout: 20_000 }).toBe(1);
  }
});

test('R54: a thread that dies in its refresh holds the others up until its time is over', {
  timeout: 60_000,
}, async () => {
  await using world = await startThreads();
  const { first, start, server, api } = world;
  await first.ask('signIn', await world.login());
  const dying = start();
  api.deny(await first.ask<string>('token'));
  await dying.ask('stick');
  const entries = async () =>
    Math.max(...(await readdir(world.folder)).map((name) => Number.parseInt(name, 10) || 0));
  const before = await entries();
  void dying.ask('get');
  // It has taken the lease.
  await expect.poll(entries, { timeout: 10_000 }).toBeGreaterThan(before);
  await dying.worker.terminate();
  await expect.poll(() => first.ask('get'), { timeout: 30_000, interval: 500 }).toBe(200);
  expect(server.stats).toMatchObject({ refreshes: 1, reuse: 0 });
});
