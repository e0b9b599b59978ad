/** Redis as it is installed, on loopback, in a temporary folder: one server, a primary with replicas and Sentinels, a Cluster. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

/** Whether it is installed; where it has to be, a missing one is no skip. */
export const hasRedis =
  process.env['EVERTOKEN_REDIS'] === 'required' ||
  !spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).error;

/** A port that is free, and whose bus port of a Cluster is, too. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    if (port < 55_000) return port;
  }
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Server {
  readonly port: number;
  readonly url: string;
  readonly child: ChildProcess;
  /** Asks as `redis-cli` does. */
  ask<T = unknown>(...command: string[]): Promise<T>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Ends it at once, as a loss of power does. */
  kill(): Promise<void>;
  /** Ends it, and writes what it is set to write. */
  stop(): Promise<void>;
  /** Starts it again, with what it has written. */
  start(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

async function until(isSo: () => Promise<unknown>, claim: string, ms = 30_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > end) throw new Error(`not in ${ms} ms: ${claim}`);
    await sleep(25);
  }
}

/** @param options - As in `redis.conf`, such as `{ appendonly: 'yes' }`. */
export async function startRedis(
  options: Record<string, string | string[]> = {},
  program: 'redis-server' | 'redis-sentinel' = 'redis-server',
): Promise<Server> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'evertoken-redis-'));
  const settings = { port: `${port}`, bind: '127.0.0.1', dir: folder, save: '', ...options };
  const lines = Object.entries(settings).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name} ${one || '""'}`),
  );
  const file = join(folder, 'redis.conf');
  const usual = program === 'redis-server' ? lines : lines.filter((line) => !line.startsWith('save'));
  writeFileSync(file, `${usual.join('\n')}\n`);
  let child: ChildProcess;

  async function ask<T>(...command: string[]): Promise<T> {
    const socket = {
      host: '127.0.0.1',
      port,
      reconnectStrategy: false as const,
      connectTimeout: 2_000,
      socketTimeout: 5_000,
    };
    const client = createClient({ socket, RESP: 2 }).on('error', () => {});
    await client.connect();
    try {
      return (await client.sendCommand(command)) as T;
    } finally {
      client.destroy();
    }
  }

  async function start(): Promise<void> {
    child = spawn(program, [file], { stdio: 'ignore' });
    running.add(child);
    await until(async () => (await ask('PING')) === 'PONG', `${program} answers`);
  }

  async function end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const one = child;
    if (one.exitCode !== null || one.signalCode !== null) return;
    const ended = new Promise((resolve) => one.once('exit', resolve));
    one.kill('SIGCONT');
    one.kill(signal);
    await ended;
    running.delete(one);
  }

  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get child() {
      return child;
    },
    ...{ ask, start },
    signal: (name) => void child.kill(name),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const isInSync = async ({ ask }: Server) => /master_link_status:up/.test(await ask('INFO', 'replication'));

/** A primary with its replicas. */
export async function startReplicated(replicas = 1, options: Record<string, string> = {}) {
  const usual = { 'repl-diskless-sync': 'yes', 'repl-diskless-sync-delay': '0', ...options };
  const primary = await startRedis(usual);
  const others: Server[] = [];
  for (let count = 0; count < replicas; count++)
    others.push(await startRedis({ ...usual, replicaof: `127.0.0.1 ${primary.port}` }));
  for (const replica of others) await until(() => isInSync(replica), 'the replica is in sync');
  return {
    ...{ primary, replicas: others },
    async [Symbol.asyncDispose]() {
      await Promise.all([primary, ...others].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

/** The same, watched by three Sentinels, which take a primary that has not answered for a second for dead. */
export async function startSentinels(options: Record<string, string> = {}) {
  const servers = await startReplicated(1, options);
  const { port } = servers.primary;
  const sentinel = {
    sentinel: [
      `monitor main 127.0.0.1 ${port} 2`,
      'down-after-milliseconds main 1000',
      'failover-timeout main 4000',
    ],
  };
  const sentinels: Server[] = [];
  for (let count = 0; count < 3; count++) sentinels.push(await startRedis(sentinel, 'redis-sentinel'));
  const knows = async ({ ask }: Server) => {
    const [, , , ...rest] = await ask<string[]>('SENTINEL', 'MASTER', 'main');
    const about = ['', '', '', ...rest];
    const of = (name: string) => about[about.indexOf(name) + 1];
    return of('num-slaves') === '1' && of('num-other-sentinels') === '2';
  };
  for (const one of sentinels) await until(() => knows(one), 'the Sentinels know each other');
  return {
    ...servers,
    sentinels,
    /** The port of the primary, as the Sentinels have it. */
    leader: async () =>
      Number((await sentinels[0]?.ask<string[]>('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'main'))?.[1]),
    async [Symbol.asyncDispose]() {
      await Promise.all(sentinels.map((one) => one[Symbol.asyncDispose]()));
      await servers[Symbol.asyncDispose]();
    },
  };
}

/** Three primaries that share the slots, each with as many replicas as are asked for. */
export async function startCluster(replicas = 0) {
  const settings = {
    'cluster-enabled': 'yes',
    'cluster-node-timeout': '2000',
    'repl-diskless-sync-delay': '0',
  };
  const nodes: Server[] = [];
  for (let count = 0; count < 3 * (1 + replicas); count++) nodes.push(await startRedis(settings));
  const [first] = nodes as [Server];
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const create = ['--cluster', 'create', ...addresses, '--cluster-yes', '--cluster-replicas', `${replicas}`];
  const { status, stdout, stderr } = spawnSync('redis-cli', create, { encoding: 'utf8' });
  if (status) throw new Error(`${stdout}${stderr}`);
  const isUp = async ({ ask }: Server) => /cluster_state:ok/.test(await ask('CLUSTER', 'INFO'));
  for (const node of nodes) await until(() => isUp(node), 'the Cluster is up');
  return {
    nodes,
    first,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}
