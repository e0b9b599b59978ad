/** A worker thread with a manager of its own, over a folder that all threads share. Does what the test posts. */
import { parentPort, workerData } from 'node:worker_threads';
import { createStorage } from 'unstorage';
import fsDriver from 'unstorage/drivers/fs';
import { asTokenError, createTokenManager, refreshEndpoint, type TokenResponse } from '../../src/index.ts';
import { createThreadLock } from './thread-lock.ts';

export interface ThreadData {
  folder: string;
  tokenEndpoint: string;
  clientId: string;
  api: string;
  /** Shared memory: 1 while a thread has the lock. */
  turn: Int32Array;
}

const { folder, tokenEndpoint, clientId, api, turn } = workerData as ThreadData;
const told: string[] = [];
const auth = createTokenManager({
  refresh: refreshEndpoint({ url: tokenEndpoint, clientId }),
  allow: api,
  storage: createStorage({ driver: fsDriver({ base: folder }) }),
  name: 'threads',
  lock: createThreadLock(turn),
});
auth.on('*', (event, payload) => told.push(`${event} ${'cause' in payload ? payload.cause : ''}`.trim()));

const acts = {
  signIn: (tokens: TokenResponse) => auth.signIn(tokens),
  signOut: () => auth.signOut(),
  get: async () =>
    auth.fetch(`${api}/item`).then(
      ({ status }) => status,
      (error: unknown) => asTokenError(error)?.code ?? `${error}`,
    ),
  token: async () => auth.tokens?.accessToken,
  told: async () => told.splice(0),
};
export type Act = keyof typeof acts;

parentPort?.on('message', async ({ id, act, input }: { id: number; act: Act; input: never }) => {
  parentPort?.postMessage({ id, answer: await acts[act](input) });
});
