/** Four processes, one Redis, one session: they refresh once for all. Starts Redis itself; with `WORKER` set it is one of the four. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createTokenManager, refreshEndpoint, type TokenManager } from 'evertoken';
import { redisStore } from 'evertoken/redis';
import { createClient } from 'redis';
import { startServers } from './support/servers.ts';

interface Worker {
  readonly name: string;
  readonly socket: string;
  readonly api: string;
  readonly tokenEndpoint: string;
}

/** One process: this is what you write. */
async function open({ socket, api, tokenEndpoint }: Worker) {
  const client = createClient({ socket: { path: socket, tls: false } }); // yours: `url: 'redis://redis.internal'`
  client.on('error', () => {}); // a manager tells of it as `store-failed`
  await client.connect();
  const auth = createTokenManager({
    refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'spa' }),
    allow: api,
    store: redisStore('tenant-42', { client }),
  });
  return { auth, client };
}

async function work(worker: Worker): Promise<void> {
  const { auth, client } = await open(worker);
  auth.on('token-refreshed', ({ cause, elsewhere }) => {
    if (!elsewhere) console.log(`${worker.name}: refreshed (${cause})`);
  });
  const statuses = new Map<number, number>();
  for (const from = Date.now(); Date.now() - from < 5_000; await sleep(100)) {
    const { status } = await auth.fetch(`${worker.api}/items`);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  console.log(
    `${worker.name}:`,
    ...[...statuses].map(([status, count]) => `${count} requests answered ${status}`),
  );
  await end(auth, client);
}

/** A refresh that is on the wire still stores what it gets. */
async function end(auth: TokenManager, client: { close(): Promise<unknown> }): Promise<void> {
  auth.close();
  await sleep(1_000);
  await client.close();
}

/** Redis, in a folder that goes with it; `undefined` where it is not installed. */
async function startRedis() {
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-fleet-'));
  const socket = join(folder, 'redis.sock');
  const args = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', ''];
  const server = spawn('redis-server', args, { stdio: 'ignore' });
  const isInstalled = await new Promise((resolve) => {
    server.once('spawn', () => resolve(true));
    server.once('error', () => resolve(false));
  });
  const stop = async () => {
    if (isInstalled) {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill();
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  if (isInstalled) return { socket, stop };
  await stop();
  return undefined;
}

async function main(): Promise<void> {
  const redis = await startRedis();
  if (!redis) {
    console.log('redis-server is not installed: `apt-get install redis-server`, `brew install redis`');
    return;
  }
  const { api, tokenEndpoint, login, stop } = await startServers();
  const worker = { name: 'first', socket: redis.socket, api, tokenEndpoint };
  const { auth, client } = await open(worker);
  await auth.signIn(await login());

  const start = (name: string) => {
    const env = { ...process.env, WORKER: JSON.stringify({ ...worker, name }) };
    const file = fileURLToPath(import.meta.url);
    const child = spawn(process.execPath, [...process.execArgv, file], { stdio: 'inherit', env });
    return new Promise((resolve) => child.once('exit', resolve));
  };
  await Promise.all(['one', 'two', 'three', 'four'].map(start));
  await end(auth, client);
  await stop();
  await redis.stop();
}

const { WORKER } = process.env;
await (WORKER ? work(JSON.parse(WORKER)) : main());
