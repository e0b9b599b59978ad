/** Real processes with a manager each, over one store: started, asked, stopped, woken and killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { type StrictServer, type StrictServerOptions, startStrictServer } from './server.ts';
import type { Traffic, WorkerActs, WorkerInput } from './worker.ts';

export interface FleetOptions extends StrictServerOptions {
  /** A module whose export `open` opens the store in a process: it gets `store`. */
  module: string;
  /** What `open` is told; has to survive JSON. */
  store: unknown;
  /** The command that runs a file. @default this Node */
  runtime?: readonly [program: string, ...args: string[]];
  refreshTimeout?: number;
}

/** One process. */
export interface Member {
  readonly name: string;
  readonly child: ChildProcess;
  ask<A extends keyof WorkerActs>(
    act: A,
    ...args: Parameters<WorkerActs[A]>
  ): Promise<Awaited<ReturnType<WorkerActs[A]>>>;
  /** What it wrote to standard error. */
  readonly errors: string[];
}

/** One file, which every runtime reads in no time. */
async function bundle(module: string, folder: string): Promise<string> {
  const outfile = join(folder, 'worker.mjs');
  await build({
    stdin: {
      contents: `import { open } from ${JSON.stringify(resolve(module))};
        import { work } from ${JSON.stringify(resolve('test/support/fleet/worker.ts'))};
        work(open);`,
      resolveDir: process.cwd(),
    },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' },
    define: { __DEVELOPMENT__: 'true' },
    // What is CommonJS asks for modules of the platform in its own way.
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
  });
  return outfile;
}

function createMember(name: string, child: ChildProcess): Member & { isReady: Promise<unknown> } {
  const open = new Map<number, PromiseWithResolvers<never>>();
  const ready = Promise.withResolvers<never>();
  open.set(0, ready);
  let asked = 0;
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
    const { id, value, error } = JSON.parse(line);
    if (error) open.get(id)?.reject(new Error(`${name}: ${error}`));
    else open.get(id)?.resolve(value as never);
    open.delete(id);
  });
  const errors: string[] = [];
  child.stderr?.on('data', (chunk) => errors.push(`${chunk}`));
  child.stdin?.on('error', () => {});
  child.on('exit', (code, signal) => {
    for (const question of open.values())
      question.reject(new Error(`${name} is gone: ${signal ?? code} ${errors.join('')}`));
  });
  return {
    ...{ name, child, errors, isReady: ready.promise },
    ask(act, ...args) {
      const question = Promise.withResolvers<never>();
      open.set(++asked, question);
      child.stdin?.write(`${JSON.stringify({ id: asked, act, args })}\n`);
      return question.promise;
    },
  };
}

/** Adds up what came of the requests of several processes. */
export function sum(all: readonly Traffic[]): Traffic {
  const total: Traffic = { served: 0, others: {} };
  for (const { served, others } of all) {
    total.served += served;
    for (const [end, count] of Object.entries(others)) total.others[end] = (total.others[end] ?? 0) + count;
  }
  return total;
}

/** Starts a strict server; to be held with `await using`, which ends it and all processes. */
export async function startFleet(options: FleetOptions) {
  const { module, store, refreshTimeout, runtime = [process.execPath] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'evertoken-fleet-'));
  const file = await bundle(module, folder);
  const server: StrictServer = await startStrictServer(options);
  const { tokenEndpoint, api } = server;
  const members = new Set<Member>();
  let started = 0;

  async function start(own: Pick<FleetOptions, 'runtime'> = {}): Promise<Member> {
    const name = `${++started}`;
    const input: WorkerInput = { name, tokenEndpoint, api, store, refreshTimeout };
    const [program, ...args] = own.runtime ?? runtime;
    const child = spawn(program, [...args, file], {
      env: { ...process.env, NODE_OPTIONS: '', WORKER: JSON.stringify(input) },
    });
    const member = createMember(name, child);
    members.add(member);
    child.on('exit', () => members.delete(member));
    await member.isReady;
    return member;
  }

  async function kill(member: Member): Promise<void> {
    // The server may be told what the process asked for before it died only after that.
    server.killed(member.name);
    if (member.child.exitCode !== null || member.child.signalCode) return;
    const gone = once(member.child, 'exit');
    member.child.kill('SIGKILL');
    await gone;
  }

  return {
    server,
    /** Those that live. */
    members: members as ReadonlySet<Member>,
    start,
    startMany: (count: number) => Promise.all(Array.from({ length: count }, () => start())),
    kill,
    /** Stands still until `wake`, wherever it just is. */
    stop: (member: Member) => void member.child.kill('SIGSTOP'),
    wake: (member: Member) => void member.child.kill('SIGCONT'),
    askAll: <A extends keyof WorkerActs>(act: A, ...args: Parameters<WorkerActs[A]>) =>
      Promise.all([...members].map((member) => member.ask(act, ...args))),
    async [Symbol.asyncDispose]() {
      await Promise.all([...members].map(kill));
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}

export type Fleet = Awaited<ReturnType<typeof startFleet>>;
