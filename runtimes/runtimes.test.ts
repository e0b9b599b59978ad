/** The packed package in each runtime: the steps A to H against a strict server on loopback. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, inject, onTestFinished, test } from 'vitest';
import { listenOnLoopback } from '../examples/demo/loopback.ts';
import { startBackend } from '../test/support/backend.ts';

const { node22, node26, bun, deno, workerd } = inject('runtimes');
const project = inject('consumer');

/** What `flow` has seen in the end. */
const told = [
  ...['signed-in local', 200],
  ...['signed-out replaced', 'signed-in local', 'token-refreshed expired', 200],
  ...['token-refreshed rejected', '1 status, 200'],
  ...['signed-out local', 'not-attached signed-out', 401],
];

/** A strict server, and one that signs in, denies and revokes. */
async function start() {
  const backend = await startBackend();
  onTestFinished(backend[Symbol.asyncDispose]);
  const control = await listenOnLoopback();
  onTestFinished(control.close);
  const stats = { revoked: 0 };
  control.handle(({ url }, response) => {
    if (url === '/deny') backend.denyAll();
    if (url === '/revoke') stats.revoked++;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(url === '/login' ? backend.issue() : {}));
  });
  return { backend, stats, origins: { api: backend.origin, as: control.origin } };
}

type World = Awaited<ReturnType<typeof start>>;

function check({ backend, stats }: World, seen: unknown): void {
  expect(seen).toEqual(told);
  // Fifty were refused, and the one of the signed-out.
  expect(backend.stats).toEqual({ refreshes: 2, reuse: 0, accepted: 52, refused: 51 });
  expect(stats).toEqual({ revoked: 1 });
}

/** As a user would have it: a project with the package in `node_modules`. */
function write(name: string, text: string): void {
  cpSync('runtimes/flow.js', join(project, 'flow.mjs'));
  const manifest = { private: true, dependencies: { evertoken: '*' } };
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(project, name), text);
}

/** Prints what `flow` has seen. */
const program = (origins: object) =>
  `flow(evertoken, ${JSON.stringify(origins)}).then((seen) => console.log(JSON.stringify(seen)));`;

const formats = {
  'app.mjs': `import * as evertoken from 'evertoken'; import { flow } from './flow.mjs';`,
  'app.cjs': `const evertoken = require('evertoken'); const flow = async (...all) => (await import('./flow.mjs')).flow(...all);`,
};

const runtimes = [
  { runtime: 'Node 22', command: node22, options: [], version: /^v22\./ },
  { runtime: 'Node 24', command: process.execPath, options: [], version: /^v24\./ },
  { runtime: 'Node 26', command: node26, options: [], version: /^v26\./ },
  { runtime: 'Bun', command: bun, options: ['run'], version: /^1\./ },
  {
    runtime: 'Deno',
    command: deno,
    options: [
      'run',
      '--no-lock',
      '--cached-only',
      '--node-modules-dir=manual',
      '--allow-net',
      '--allow-read',
      '--allow-env',
    ],
    version: /^deno 2\./,
  },
].flatMap((one) => Object.entries(formats).map(([file, first]) => ({ ...one, file, first })));

const run = promisify(execFile);

test.for(runtimes)(
  '$runtime does the steps A to H: $file',
  async ({ command, options, version, file, first }, { skip }) => {
    if (!command) skip('not installed: npm ci --ignore-scripts --prefix runtimes');
    const told = await run(command, ['--version']);
    expect(told.stdout).toMatch(version);
    const world = await start();
    write(file, first + program(world.origins));
    const { stdout } = await run(command, [...options, file], { cwd: project, timeout: 50_000 });
    check(world, JSON.parse(stdout));
  },
);

/** The first line that tells a port. */
async function portOf({ stdout }: ChildProcess): Promise<number> {
  if (stdout)
    for await (const line of createInterface(stdout))
      if (line.includes('"port"')) return JSON.parse(line).port;
  throw new Error('workerd has ended');
}

/** Bundled as Wrangler does it, with the conditions that it sets. */
async function bundle(outfile: string, origins: object): Promise<void> {
  const worker = `
    import * as evertoken from 'evertoken';
    import { flow } from './flow.mjs';
    export default { fetch: async () => Response.json(await flow(evertoken, ${JSON.stringify(origins)})) };`;
  write('worker.mjs', worker);
  await build({
    entryPoints: [join(project, 'worker.mjs')],
    conditions: ['workerd', 'worker', 'browser'],
    ...{ outfile, bundle: true, format: 'esm', target: 'es2024' },
  });
}

test('workerd does the steps A to H', async ({ skip }) => {
  if (!workerd) skip('not installed: npm ci --ignore-scripts --prefix runtimes');
  const world = await start();
  const folder = join(project, 'workerd');
  mkdirSync(folder, { recursive: true });
  await bundle(join(folder, 'worker.js'), world.origins);
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = (compatibilityDate = "2026-11-01",
          modules = [(name = "worker.js", esModule = embed "worker.js")])),
        (name = "internet", network = (allow = ["private", "local"])),
      ],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );`,
  );
  const process = spawn(workerd, ['serve', '--control-fd=1', 'config.capnp'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void process.kill('SIGKILL'));
  const response = await fetch(`http://127.0.0.1:${await portOf(process)}/`);
  check(world, await response.json());
});
