/** Worker threads of this process that share a store. */
import { Worker } from 'node:worker_threads';
import { createSharedMemory } from './shared-port.mjs';

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

export function openThreads() {
  const memory = createSharedMemory();
  const threads = [];
  return {
    async open({ url, tokenEndpoint }) {
      const thread = start({ memory, url, tokenEndpoint });
      threads.push(thread);
      return thread;
    },
    close: () => Promise.all(threads.map(({ end }) => end())),
  };
}
