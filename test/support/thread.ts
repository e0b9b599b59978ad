/** A worker thread with a manager of its own, over a folder that all threads share. Does what the test posts. */
import { parentPort, workerData } from 'node:worker_threads';
import {
  asTokenError,
  createTokenManager,
  type Refresh,
  refreshEndpoint,
  type TokenResponse,
  tokenStore,
} from '../../src/index.ts';
import { createFolderPort } from './thread-port.ts';

export interface ThreadData {
  folder: string;
  tokenEndpoint: string;
  clientId: string;
  api: string;
}

const { folder, tokenEndpoint, clientId, api } = workerData as ThreadData;
const told: string[] = [];
const endpoint = refreshEndpoint({ url: tokenEndpoint, clientId });
let isStuck = false;
const refresh: Refresh = (context) => (isStuck ? new Promise(() => {}) : endpoint(context));

const auth = createTokenManager({
  refresh: Object.assign(refresh, { id: endpoint.id }),
  allow: api,
  store: tokenStore(createFolderPort(folder)),
  refreshTimeout: 2_000,
});
auth.on('*', (event, payload) => {
  if (event === 'not-attached') return;
  const { cause, reason, elsewhere } = payload as { cause?: string; reason?: string; elsewhere?: boolean };
  told.push([event, cause ?? reason, elsewhere ? 'elsewhere' : ''].join(' ').trim());
});

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
  /** From now on it gets stuck in a refresh before it sends anything. */
  stick: async () => {
    isStuck = true;
  },
};
export type Act = keyof typeof acts;

parentPort?.on('message', async ({ id, act, input }: { id: number; act: Act; input: never }) => {
  parentPort?.postMessage({ id, answer: await acts[act](input) });
});
