/** Real processes with a manager each, over one store: started, asked, stopped, woken and killed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundle, type Program, type Runtime, startProgram } from './program.ts';
import { type StrictServer, type StrictServerOptions, startStrictServer } from './server.ts';
import type { Traffic, WorkerActs, WorkerInput } from './worker.ts';

export interface FleetOptions extends StrictServerOptions {
  /** A module whose export `open` opens the store in a process: it gets `store`. */
  module: string;
  /** What `open` is told; has to survive JSON. */
  store: unknown;
  /** The command that runs a file. @default this Node */
  runtime?: Runtime;
  refreshTimeout?: number;
}

/** One process. */
export interface Member extends Omit<Program, 'ask'> {
  ask<A extends keyof WorkerActs>(
    act: A,
    ...args: Parameters<WorkerActs[A]>
  ): Promise<Awaited<ReturnType<WorkerActs[A]>>>;
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
  const contents = `import { open } from ${JSON.stringify(resolve(module))};
    import { work } from ${JSON.stringify(resolve('test/support/fleet/worker.ts'))};
    work(open);`;
  const file = await bundle(contents, folder);
  const server: StrictServer = await startStrictServer(options);
  const { tokenEndpoint, api } = server;
  const members = new Set<Member>();
  let started = 0;

  async function start(own: Pick<FleetOptions, 'runtime'> = {}): Promise<Member> {
    const name = `${++started}`;
    const input: WorkerInput = { name, tokenEndpoint, api, store, refreshTimeout };
    const command = [...(own.runtime ?? runtime), file];
    const env = { WORKER: JSON.stringify(input) };
    const member = startProgram(name, command, env) as Omit<Program, 'ask'> as Member;
    members.add(member);
    member.child.on('exit', () => members.delete(member));
    await member.isReady;
    return member;
  }

  async function kill(member: Member): Promise<void> {
    // The server may be told what the process asked for before it died only after that.
    server.killed(member.name);
    await member.kill();
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
