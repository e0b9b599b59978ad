/** The code of docs/devtools.md, built as it stands there by the tools that it is for, and run. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { expect, inject, onTestFinished, test } from 'vitest';
import { blocks } from './blocks.ts';
import { node } from './run.ts';

const [inVite = '', inWebpack = '', element = '', own = ''] = Object.values(blocks('docs/devtools.md'));
const require = createRequire(import.meta.url);
const tool = (name: string) => JSON.stringify(pathToFileURL(require.resolve(name)).href);

const compiled = (text: string) =>
  ts.transpileModule(text, {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  }).outputText;

/** Which of these builds have the panel in them; each answers all that it has written. */
function builtWith(builder: string, main: string): boolean[] {
  const app = join(inject('consumer'), 'panel');
  rmSync(app, { recursive: true, force: true });
  mkdirSync(app);
  onTestFinished(() => rmSync(app, { recursive: true, force: true }));
  writeFileSync(join(app, 'index.html'), '<script type="module" src="/main.ts"></script>');
  writeFileSync(join(app, 'main.ts'), main);
  writeFileSync(join(app, 'main.js'), compiled(main));
  const story = `
    import { readdirSync, readFileSync } from 'node:fs';
    const app = process.cwd() + '/panel';
    ${builder}
    const found = [];
    for (const mode of ['development', 'production']) {
      process.env.NODE_ENV = mode;
      const out = app + '/' + mode;
      await build(mode, out);
      const files = readdirSync(out, { recursive: true }).filter((name) => name.endsWith('.js'));
      found.push(files.some((name) => readFileSync(out + '/' + name, 'utf8').includes('evertoken-devtools')));
    }
    console.log(JSON.stringify(found));`;
  return JSON.parse(node('panel.mjs', story).split('\n').at(-1) ?? '');
}

test('docs/devtools.md, Vite: the panel is in what is developed, and not in what is shipped', () => {
  const builder = `
    import { build as vite } from ${tool('vite')};
    const build = (mode, outDir) => vite({ root: app, mode, logLevel: 'error', build: { outDir, target: 'esnext' } });`;
  expect(builtWith(builder, inVite)).toEqual([true, false]);
});

test('docs/devtools.md, webpack: the panel is in what is developed, and not in what is shipped', () => {
  const builder = `
    import webpack from ${tool('webpack')};
    const build = (mode, path) => new Promise((resolve, reject) =>
      webpack({ mode, context: app, entry: './main.js', output: { path } }, (error, stats) =>
        error ?? stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve()));`;
  expect(builtWith(builder, inWebpack)).toEqual([true, false]);
});

test('docs/devtools.md: a tool of your own hears what managers do; a server has no element to define', () => {
  const story = `
    import { createTokenManager } from 'evertoken';
    const told = [];
    console.debug = (step, detail) => told.push([step, typeof detail]);
    ${compiled(element)}
    ${compiled(own)}
    const auth = createTokenManager({ allow: 'https://api.example.com', refresh: async () => ({}) });
    await auth.signIn({ access_token: 'secret' });
    console.log(JSON.stringify(told));`;
  const lines = node('tool.mjs', story, inject('consumer'), '--conditions=development').split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual([
    ['created', 'object'],
    ['signed-in', 'object'],
  ]);
});
