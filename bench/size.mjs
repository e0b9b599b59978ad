/** What a page downloads for each entry point and for the peers' minimal use, and what an import costs in Node. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { selections } from '../test/house/size.ts';
import { dist, root } from './support/build.mjs';
import { inTurns } from './support/rounds.mjs';
import { summarize } from './support/statistics.mjs';

export const plans = {
  full: { withPeers: true, rounds: 11 },
  quick: { withPeers: true, rounds: 3 },
  short: { withPeers: false, rounds: 7 },
};

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const NOTHING = 'an empty module';
const PLATFORM = "Node's own fetch, touched";
const bench = fileURLToPath(new URL('.', import.meta.url));

const titles = {
  core: 'evertoken, own refresh function',
  webStore: 'evertoken with webStore',
  refreshEndpoint: 'evertoken with refreshEndpoint',
};

/** What test/house/size.test.ts holds. */
function ownUses() {
  const fileOf = (entry) => join(dist, `${entry}.js`);
  return Object.entries(selections).map(([id, { entry, names, over = [] }]) => ({
    name: titles[id] ?? `evertoken/${id}`,
    id,
    isOver: over.length > 0,
    code: `export { ${[...over, ...names].join()} } from '${fileOf(entry)}';`,
    module: over.length ? undefined : fileOf(entry),
    // Whole, of whatever is used.
    moduleName: entry === 'index' ? 'evertoken' : undefined,
  }));
}

/** As small as their use can be; those that need a client are weighed with it. */
const peerUses = [
  ['@badgateway/oauth2-client', `export { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';`],
  ['keycloak-js', `export { default } from 'keycloak-js';`],
  ['ky, for hooks', `export { default } from 'ky';`],
  ['oidc-client-ts', `export { UserManager } from 'oidc-client-ts';`],
  [
    'alova, token authentication',
    `export { createAlova } from 'alova'; export { default } from 'alova/fetch'; export { createServerTokenAuthentication } from 'alova/client';`,
  ],
  [
    'axios-auth-refresh',
    `export { default } from 'axios'; export { createAuthRefresh } from 'axios-auth-refresh';`,
  ],
].map(([name, code]) => ({ name, code, module: /from '([^']+)'/.exec(code)[1] }));

/** Optional peers are the app's own. */
const external = Object.keys(manifest.peerDependencies);

async function withEsbuild(code) {
  const { outputFiles } = await esbuild.build({
    stdin: { contents: code, resolveDir: bench },
    external,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0].contents;
}

async function withRolldown(code) {
  const { rolldown } = await import('rolldown');
  const entry = {
    name: 'entry',
    resolveId: (id) => (id === 'entry' ? join(bench, 'entry.js') : undefined),
    load: (id) => (id === join(bench, 'entry.js') ? code : undefined),
  };
  const bundle = await rolldown({
    input: 'entry',
    external,
    platform: 'browser',
    plugins: [entry],
    logLevel: 'silent',
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  return Buffer.from(output.map(({ code }) => code ?? '').join(''));
}

const weigh = (contents) => ({
  minified: contents.length,
  gzip: gzipSync(contents, { level: 9 }).length,
  brotli: brotliCompressSync(contents, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
});

/** ms and kB of heap that an import takes in a new process. */
const script = `
  const before = process.memoryUsage().heapUsed;
  const began = performance.now();
  await import(process.argv[1]);
  const ms = performance.now() - began;
  globalThis.gc();
  console.log(JSON.stringify({ ms, kB: (process.memoryUsage().heapUsed - before) / 1000 }));`;

async function importCost(modules, rounds) {
  const heap = new Map();
  const times = await inTurns(modules, { rounds, warmUp: 1 }, async ({ name, module }) => {
    const args = ['--expose-gc', '--input-type=module', '-e', script, module];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: bench });
    const { ms, kB } = JSON.parse(stdout);
    heap.set(name, [...(heap.get(name) ?? []), kB]);
    return ms;
  });
  return modules.map(({ name }) => ({
    name,
    ms: summarize(times.map((round) => round[name])),
    kB: summarize(heap.get(name)),
  }));
}

export async function measure({ plan: { withPeers, rounds } }) {
  const uses = [...ownUses(), ...(withPeers ? peerUses : [])];
  const sizes = [];
  for (const { name, id, isOver, code } of uses) {
    const row = { name, id, isOver, esbuild: weigh(await withEsbuild(code)) };
    if (withPeers) row.rolldown = weigh(await withRolldown(code));
    sizes.push(row);
  }
  const nothing = { name: NOTHING, module: 'data:text/javascript,' };
  // Node loads its fetch when it is touched first; whoever imports ky has touched it.
  const platform = { name: PLATFORM, module: 'data:text/javascript,new Request("data:,")' };
  const google = { name: 'google-auth-library', module: 'google-auth-library' };
  // Entry points whose optional peer is not there cannot be imported; those that are built stand on what is installed.
  const whole = uses
    .filter(({ module }) => module)
    .map(({ name, moduleName = name, id, module }) => ({ name: moduleName, id, module }));
  const modules = [nothing, platform, ...whole, ...(withPeers ? [google] : [])];
  const importable = withPeers
    ? modules
    : modules.filter(({ id, name }) => id === 'core' || name === PLATFORM);
  return { sizes, imports: await importCost(importable, rounds) };
}

export function figures({ sizes }) {
  const own = sizes.filter(({ id }) => id);
  const core = own.find(({ id }) => id === 'core').esbuild.brotli;
  return own.map(({ id, isOver, esbuild: { brotli } }) => ({
    id: `size.${id}`,
    value: (brotli - (isOver ? core : 0)) / 1_000,
  }));
}

export const tables = ({ sizes, imports }) => [
  {
    title: 'Bundled for the browser, minified: bytes',
    columns: [
      '',
      'minified',
      'gzip',
      'brotli',
      ...(sizes[0].rolldown ? ['rolldown: minified', 'gzip', 'brotli'] : []),
    ],
    rows: sizes.map(({ name, esbuild, rolldown }) => [
      name,
      ...Object.values(esbuild),
      ...(rolldown ? Object.values(rolldown) : []),
    ]),
  },
  {
    title: 'import() in a new process of Node',
    columns: ['', 'ms', 'p10', 'p90', 'kB of heap'],
    rows: imports.map(({ name, ms, kB }) => [name, ms.median, ms.p10, ms.p90, kB.median]),
  },
];
