/** Threads of one process that share a folder and a lock: messages reach them all, and a file shows at once. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { startLoopback, times } from '../support/loopback.ts';
import type { Act, ThreadData } from '../support/thread.ts';

const THREADS = 8;

/** Asks a thread to act, and answers what came of it. */
function startThread(workerData: ThreadData) {
  const worker = new Worker(new URL('../support/thread.ts', import.meta.url), { workerData });
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
  const turn = new Int32Array(new SharedArrayBuffer(4));
  const data = { folder, tokenEndpoint: server.tokenEndpoint, clientId: server.clientId, api: api.url, turn };
  const threads = Array.from({ length: THREADS }, () => startThread(data));
  const all = <T>(act: Act) => Promise.all(threads.map(({ ask }) => ask<T>(act)));
  return {
    ...world,
    folder,
    all,
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
    await expect.poll(() => all('token'), { timeout: 5_000 }).toEqual(times(THREADS, token));
    api.deny(token);
    expect(await all('get'), `round ${round}`).toEqual(times(THREADS, 200));
    expect(server.stats, `round ${round}`).toMatchObject({ refreshes: round, reuse: 0 });
  }
});

test('R51: a sign-out in one thread reaches all, with one event each, and leaves no file', async () => {
  await using world = await startThreads();
  const { all, first } = world;
  await first.ask('signIn', await world.login());
  const token = await first.ask<string>('token');
  await expect.poll(() => all('token'), { timeout: 5_000 }).toEqual(times(THREADS, token));
  await all('told');
  await first.ask('signOut');
  await expect.poll(() => all('token'), { timeout: 5_000 }).toEqual(times(THREADS, undefined));
  // A round trip later the listeners have heard of it.
  expect(await all('told')).toEqual(times(THREADS, ['signed-out']));
  expect(await readdir(world.folder)).toEqual([]);
});
