/** A thread with a manager of its own over a store that all threads share. Does what it is asked. */
import { parentPort, workerData } from 'node:worker_threads';
import { load } from './build.mjs';
import { count, createActs } from './context.mjs';
import { createSharedPort } from './shared-port.mjs';

const { createTokenManager, refreshEndpoint, tokenStore } = await load();
const { memory, url, tokenEndpoint } = workerData;

const counts = { calls: 0, locks: 0, timers: 0 };
const port = createSharedPort(memory);
for (const method of ['read', 'replace']) count(port, method, counts, 'calls');
count(navigator.locks, 'request', counts, 'locks');
count(globalThis, 'setTimeout', counts, 'timers');

const auth = createTokenManager({
  refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'bench' }),
  allow: new URL(tokenEndpoint).origin,
  store: tokenStore(port),
});

const acts = {
  ...createActs(auth, url, counts),
  work() {
    const { active } = performance.eventLoopUtilization();
    return active / 1_000;
  },
};

parentPort.on('message', async ({ id, act, args }) => {
  try {
    parentPort.postMessage({ id, value: await acts[act](...args) });
  } catch (error) {
    parentPort.postMessage({ id, error: error.code ?? `${error}` });
  }
});
