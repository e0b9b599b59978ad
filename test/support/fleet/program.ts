/** Programs of the tests' own in processes of their own: one file each, asked line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { toLine } from './answers.ts';

/** The command that runs a file. */
export type Runtime = readonly [program: string, ...args: string[]];

export interface Program {
  readonly name: string;
  readonly child: ChildProcess;
  /** Resolves when it has said so. */
  readonly isReady: Promise<unknown>;
  /** Rejects with what it threw, or when it is gone. */
  ask(act: string, ...args: unknown[]): Promise<never>;
  /** Ends it as a crash does; twice is fine. */
  kill(): Promise<void>;
  /** What it wrote to standard error. */
  readonly errors: string[];
}

/** Makes one file of a program, which every runtime reads in no time. */
export async function bundle(contents: string, folder: string): Promise<string> {
  const outfile = join(folder, 'program.mjs');
  await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    ...{ bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' },
    define: { __DEVELOPMENT__: 'true' },
    // What is CommonJS asks for modules of the platform in its own way.
    banner: {
      js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`,
    },
  });
  return outfile;
}

export function startProgram(
  name: string,
  [command, ...args]: readonly string[],
  env: Record<string, string> = {},
): Program {
  const child = spawn(`${command}`, args, { env: { ...process.env, NODE_OPTIONS: '', ...env } });
  const open = new Map<number, PromiseWithResolvers<never>>();
  const ready = Promise.withResolvers<never>();
  open.set(0, ready);
  let asked = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, value, error } = JSON.parse(line);
    if (error) open.get(id)?.reject(new Error(`${name}: ${error}`));
    else open.get(id)?.resolve(value as never);
    open.delete(id);
  });
  const errors: string[] = [];
  child.stderr.on('data', (chunk) => errors.push(`${chunk}`));
  child.stdin.on('error', () => {});
  child.on('exit', (code, signal) => {
    for (const question of open.values())
      question.reject(new Error(`${name} is gone: ${signal ?? code} ${errors.join('')}`));
  });
  return {
    ...{ name, child, errors, isReady: ready.promise },
    ask(act, ...args) {
      const question = Promise.withResolvers<never>();
      open.set(++asked, question);
      child.stdin.write(toLine({ id: asked, act, args }));
      return question.promise;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
