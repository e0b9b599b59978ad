/** What redisStore costs: `node --expose-gc bench/redis.mjs`, after a build, where redis-server is installed. Prints figures for docs/fleet.md. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { createTokenManager } from '../dist/index.js';
import { redisStore } from '../dist/redis.js';

const folder = mkdtempSync(join(tmpdir(), 'evertoken-bench-'));
const socket = join(folder, 'redis.sock');
const args = ['--port', '0', '--unixsocket', socket, '--dir', folder, '--save', ''];
const server = spawn('redis-server', args, { stdio: 'ignore' });
await sleep(500);

const token = (name, number) => `${name}-${number}-${'x'.repeat(800)}`;

async function heapInUse() {
  for (let pass = 0; pass < 6; pass++) {
    await sleep(50);
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}

/** A refresh that is always good, and an API that is never asked. */
const refresh = Object.assign(async ({ tokens }) => ({ ...answerOf(tokens?.refreshToken ?? 'r') }), {
  id: 'bench',
});
let issued = 0;
const answerOf = () => ({
  access_token: token('a', ++issued),
  refresh_token: token('r', issued),
  expires_in: 86_400,
});

async function measure(name, client, ask) {
  const count = 10_000;
  const open = async (number, store) => {
    const auth = createTokenManager({ refresh, allow: 'https://api.example.com', ...(store && { store }) });
    if (number !== undefined) await auth.signIn(answerOf());
    return auth;
  };
  const managers = [];
  const fill = async (hasStore) => {
    const all = [];
    for (let number = 0; number < count; number++) {
      all.push(open(number, hasStore ? redisStore(`${name}-${number}`, { client }) : undefined));
      if (number % 500 === 499) await Promise.all(all);
    }
    managers.push(...(await Promise.all(all)));
  };
  await fill(false); // code, caches
  for (const auth of managers.splice(0)) auth.close();
  const before = await heapInUse();
  await fill(false);
  const alone = await heapInUse();
  const own = managers.splice(0);
  const from = performance.now();
  const middle = await heapInUse();
  await fill(true);
  const opened = performance.now() - from;
  await sleep(2_000);
  const shared = await heapInUse();
  console.log(name, {
    'kB per manager without a store, its tokens included': (alone - before) / count / 1_000,
    'kB per manager with redisStore': (shared - middle) / count / 1_000,
    'µs to open and sign in': (opened * 1_000) / count,
    connections: (await ask()).match(/connected_clients:(\d+)/)[1],
  });
  for (const auth of own) auth.close();
  const refreshes = 5_000;
  const start = performance.now();
  for (let from = 0; from < refreshes; from += 100)
    await Promise.all(managers.slice(from, from + 100).map((auth) => auth.refresh()));
  const ms = performance.now() - start;
  console.log(name, { 'refreshes per second of this process': Math.round((refreshes / ms) * 1_000) });
  for (const auth of managers) auth.close();
}

const nodeRedis = createClient({ socket: { path: socket, tls: false } });
await nodeRedis.connect();
await measure('redis', nodeRedis, () => nodeRedis.info('clients'));
const io = new Redis(socket);
await measure('ioredis', io, () => io.info('clients'));
const usage = await io.info('memory');
const keys = await io.dbsize();
const stats = await io.info('commandstats');
console.log({ keys, 'bytes per session in Redis': Number(/used_memory:(\d+)/.exec(usage)[1]) / keys });
console.log(/cmdstat_eval:.*/.exec(stats)[0]);
await nodeRedis.close();
io.disconnect();
server.kill();
rmSync(folder, { recursive: true, force: true });
