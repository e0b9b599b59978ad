/** R73: which build is chosen by whom, tried with the tools themselves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { node } from './run.ts';

const peered = inject('peered');
const names = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace('.', 'evertoken'));

/** Those that a page can have: `evertoken/node` needs a file system. */
const forPages = names.filter((name) => name !== 'evertoken/node');

/** The files that stand for entry points in one format. */
const files = (build: 'production' | 'development', ending: 'js' | 'cjs', of = names) =>
  of.map((name) => {
    const folder = build === 'production' ? 'dist' : 'dist/development';
    return `${folder}/${name.slice('evertoken/'.length) || 'index'}.${ending}`;
  });

/** What a program answers to `say`, with the files of the package named from its folder on. */
function ask(name: string, text: string, ...options: string[]): unknown {
  const first = `
    const say = (value) => {
      const relative = (_, text) => typeof text === 'string' ? text.replace(/.*node_modules.evertoken./, '') : text;
      console.log(JSON.stringify(value, relative));
    };
    const names = ${JSON.stringify(names)};`;
  const lines = node(name, first + text, peered, ...options).split('\n');
  return JSON.parse(lines.at(-1) ?? '');
}

const require = createRequire(import.meta.url);
/** A tool of ours, as a program elsewhere imports it. */
const tool = (name: string) => JSON.stringify(pathToFileURL(require.resolve(name)).href);

mkdirSync(join(peered, 'app'), { recursive: true });
writeFileSync(
  join(peered, 'app', 'main.js'),
  forPages.map((name, index) => `export * as _${index} from '${name}';`).join('\n'),
);
writeFileSync(join(peered, 'app', 'main.cjs'), forPages.map((name) => `require('${name}');`).join('\n'));
writeFileSync(join(peered, 'app', 'index.html'), '<script type="module" src="/main.js"></script>');

test.for([
  ['production', []],
  ['development', ['--conditions=development']],
] as const)('Node: %s with %j', ([build, options]) => {
  const esm = 'say(names.map((name) => import.meta.resolve(name)));';
  const cjs = 'say(names.map((name) => require.resolve(name)));';
  expect(ask('node.mjs', esm, ...options)).toEqual(files(build, 'js'));
  expect(ask('node.cjs', cjs, ...options)).toEqual(files(build, 'cjs'));
});

describe('esbuild chooses production, unless it is told the condition', () => {
  test.for([
    ['browser', 'main.js', 'js', 'production', ''],
    ['node', 'main.js', 'js', 'production', ''],
    ['node', 'main.cjs', 'cjs', 'production', ''],
    ['browser', 'main.js', 'js', 'development', "conditions: ['development'],"],
  ] as const)('for %s, of %s', ([platform, entry, ending, chosen, option]) => {
    const story = `
      import { build } from ${tool('esbuild')};
      const { metafile } = await build({ entryPoints: ['app/${entry}'], platform: '${platform}', bundle: true, metafile: true,
        write: false, outdir: 'out', format: 'esm', ${option} });
      say(Object.keys(metafile.inputs).filter((path) => path.includes('node_modules/evertoken/')));`;
    expect(ask('esbuild.mjs', story)).toEqual(expect.arrayContaining(files(chosen, ending, forPages)));
  });
});

describe('webpack chooses', () => {
  test.for(['production', 'development'] as const)('%s in its mode of that name', (mode) => {
    const story = `
      import webpack from ${tool('webpack')};
      const compile = (entry) => new Promise((resolve, reject) => {
        const compiler = webpack({ mode: '${mode}', entry: './app/' + entry, output: { path: '/out' }, devtool: false });
        compiler.outputFileSystem = { mkdir: (_, done) => done(), stat: (_, done) => done(new Error('none')), writeFile: (_, __, done) => done(),
          join: (...path) => path.join('/') };
        compiler.run((error, stats) => {
          if (error ?? stats.hasErrors()) reject(error ?? new Error(stats.toString()));
          resolve([...stats.compilation.modules].flatMap((module) => [module, ...module.modules ?? []]).map(({ resource }) => resource));
        });
      });
      const found = await Promise.all([compile('main.js'), compile('main.cjs')]);
      say(found.map((paths) => [...new Set(paths)].filter((path) => path?.includes('/evertoken/dist/')).sort()));`;
    const [esm, cjs] = ask('webpack.mjs', story) as [string[], string[]];
    expect(esm).toEqual(expect.arrayContaining(files(mode, 'js', forPages)));
    expect(cjs).toEqual(expect.arrayContaining(files(mode, 'cjs', forPages)));
    const other =
      mode === 'production' ? files('development', 'js', forPages) : files('production', 'js', forPages);
    expect(esm.filter((path) => other.includes(path))).toEqual([]);
  });
});

describe('Vite', () => {
  test('`vite build` chooses production', () => {
    const story = `
      import { build } from ${tool('vite')};
      const seen = [];
      const plugin = { name: 'seen', moduleParsed: ({ id }) => void seen.push(id) };
      await build({ root: 'app', logLevel: 'error', plugins: [plugin], build: { write: false } });
      say(seen.filter((id) => id.includes('/evertoken/dist/')).sort());`;
    expect(ask('vite-build.mjs', story)).toEqual(files('production', 'js', forPages).sort());
  });

  test.for([
    ['production for what it renders itself', 'dist', ''],
    ['or development, if it is told so', 'dist/development', "externalConditions: ['development']"],
  ] as const)('its development server chooses development for the page, %s', ([, folder, option]) => {
    const story = `
      const pages = ${JSON.stringify(forPages)};
      import { createServer } from ${tool('vite')};
      const server = await createServer({ root: 'app', logLevel: 'error', server: { middlewareMode: true, ws: false },
        optimizeDeps: { noDiscovery: true }, ssr: { resolve: { ${option} } } });
      const { pluginContainer } = server.environments.client;
      const page = await Promise.all(pages.map((name) => pluginContainer.resolveId(name, process.cwd() + '/app/main.js')));
      const rendered = await server.ssrLoadModule('/main.js');
      // Loaded by Node itself, so that they are the very modules that Node has.
      const load = (name) => import('./node_modules/evertoken/${folder}/' + (name.split('/')[1] ?? 'index') + '.js');
      const own = await Promise.all(pages.map(load));
      const isNodes = own.map((module, index) => Object.keys(module).every((key) => module[key] === rendered['_' + index][key]));
      await server.close();
      say([page.map(({ id }) => id.replace(/\\?.*/, '')), isNodes]);`;
    const [page, isNodes] = ask('vite-server.mjs', story) as [string[], boolean[]];
    expect(page).toEqual(files('development', 'js', forPages));
    expect(isNodes).toEqual(forPages.map(() => true));
  });

  test('what the server bundles beforehand is the development build', () => {
    const story = `
      import { createServer } from ${tool('vite')};
      import { readdirSync, readFileSync } from 'node:fs';
      const server = await createServer({ root: 'app', logLevel: 'error', cacheDir: process.cwd() + '/cache', server: { middlewareMode: true, ws: false },
        optimizeDeps: { include: names, force: true } });
      await server.environments.client.depsOptimizer.init();
      await server.environments.client.depsOptimizer.scanProcessing;
      const { metadata } = server.environments.client.depsOptimizer;
      say(names.map((name) => (metadata.optimized[name] ?? metadata.discovered[name]).src));
      await server.close();`;
    expect(ask('vite-deps.mjs', story)).toEqual(files('development', 'js'));
  });
});

test('Vitest chooses development', () => {
  writeFileSync(
    join(peered, 'app', 'a.test.js'),
    `test('a', () => console.log('FOUND', JSON.stringify(${JSON.stringify(names)}.map((name) => import.meta.resolve(name)))))`,
  );
  const story = `
    import { startVitest } from ${tool('vitest/node')};
    const lines = [];
    const reporter = { onUserConsoleLog: ({ content }) => lines.push(content) };
    const vitest = await startVitest('test', [], { root: 'app', globals: true, reporters: [reporter], watch: false });
    await vitest.close();
    say(JSON.parse(lines.find((line) => line.startsWith('FOUND')).slice(5)));`;
  expect(ask('vitest.mjs', story)).toEqual(files('development', 'js'));
});
