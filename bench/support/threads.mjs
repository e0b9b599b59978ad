/** Worker threads of this process that share a folder. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

function start(workerData) {
  const worker = new Worker(new URL('./thread.mjs', import.meta.url), {
    workerData,
    execArgv: ['--no-warnings'],
  });
  const open = new Map();
  let asked = 0;
  worker.on('message', ({ id, value, error }) => {
    if (error) open.get(id).reject(new Error(error));
    else open.get(id).resolve(value);
    open.delete(id);
  });
  const ask = (act, ...args) =>
    new Promise((resolve, reject) => {
      open.set(++asked, { resolve, reject });
      worker.postMessage({ id: asked, act, args });
    });
  return { ask, work: () => ask('work'), end: () => worker.terminate() };
}

/** @param hasOwnLock - Whether they are given a lock, instead of Node's Web Locks. */
export async function openThreads(hasOwnLock) {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-bench-'));
  const threads = [];
  const turn = hasOwnLock ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
  return {
    async open({ url, tokenEndpoint }) {
      const thread = start({ folder, url, tokenEndpoint, turn });
      threads.push(thread);
      return thread;
    },
    async close() {
      await Promise.all(threads.map(({ end }) => end()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
