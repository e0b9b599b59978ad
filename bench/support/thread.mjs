/** A thread with a manager of its own over a folder that all threads share. Does what it is asked. */
import { parentPort, workerData } from 'node:worker_threads';
import { createStorage } from 'unstorage';
import fsDriver from 'unstorage/drivers/fs';
import { createThreadLock } from '../../test/support/thread-lock.ts';
import { load } from './build.mjs';

const { createTokenManager, refreshEndpoint } = await load();
const { folder, url, tokenEndpoint, turn } = workerData;

const counts = { reads: 0, locks: 0, timers: 0 };
const driver = fsDriver({ base: folder });
const storage = createStorage({ driver });
const getItem = storage.getItem.bind(storage);
storage.getItem = (key) => {
  counts.reads++;
  return getItem(key);
};
const request = navigator.locks.request.bind(navigator.locks);
navigator.locks.request = (...args) => {
  counts.locks++;
  return request(...args);
};
const { setTimeout: later } = globalThis;
globalThis.setTimeout = (...args) => {
  counts.timers++;
  return later(...args);
};

const lock = turn && createThreadLock(turn);
const countedLock = (...args) => {
  counts.locks++;
  return lock(...args);
};

const now = () => performance.timeOrigin + performance.now();
let changedAt = 0;
const auth = createTokenManager({
  refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'bench' }),
  allow: new URL(tokenEndpoint).origin,
  storage,
  name: 'threads',
  lock: turn && countedLock,
});
auth.subscribe(() => {
  changedAt = now();
});

const acts = {
  signIn: (tokens) => auth.signIn(tokens),
  ready: () => auth.ready.then(() => auth.tokens?.accessToken),
  burst: (count) =>
    Promise.all(
      Array.from({ length: count }, () =>
        auth.fetch(url).then(
          ({ status }) => status,
          (error) => error.code,
        ),
      ),
    ),
  refresh: () => auth.refresh().then(({ accessToken }) => ({ accessToken, at: changedAt })),
  has: (token) =>
    new Promise((resolve) => {
      const look = () => auth.tokens?.accessToken === token && resolve(changedAt);
      auth.subscribe(look);
      look();
    }),
  takeCounts() {
    const taken = { ...counts };
    for (const what in counts) counts[what] = 0;
    return taken;
  },
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
