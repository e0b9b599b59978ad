/** The code of docs/server-rendering.md for hot reload in webpack, run as it stands there with webpack's own updates. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { expect, inject, onTestFinished, test } from 'vitest';
import { recipeOf } from '../support/recipe.ts';
import { node } from './run.ts';

const require = createRequire(import.meta.url);

/** A module that can be replaced, and keeps every manager that it was given. */
const main = `import { auth } from './auth.js';
(globalThis.managers ??= []).push(auth);
globalThis.check = () => module.hot.check(true);
module.hot.accept();`;

test('docs/server-rendering.md, webpack: the session goes on over hot reloads, and no manager is left behind', () => {
  const app = join(inject('consumer'), 'hot');
  rmSync(app, { recursive: true, force: true });
  mkdirSync(app);
  onTestFinished(() => rmSync(app, { recursive: true, force: true }));
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(recipeOf('docs/server-rendering.md', 'Hot reload in webpack'), {
    compilerOptions,
  });
  writeFileSync(join(app, 'auth.js'), outputText);
  writeFileSync(join(app, 'main.js'), main);
  const webpack = JSON.stringify(pathToFileURL(require.resolve('webpack')).href);
  const story = `
    import { appendFileSync } from 'node:fs';
    import { createRequire } from 'node:module';
    import webpack from ${webpack};
    const compiler = webpack({ mode: 'development', target: 'node', devtool: false, context: process.cwd() + '/hot', entry: './main.js',
      output: { path: process.cwd() + '/hot/out', filename: 'main.cjs' }, plugins: [new webpack.HotModuleReplacementPlugin()] });
    let tell;
    const built = () => new Promise((resolve, reject) => {
      tell = (error, stats) => error ?? stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve();
    });
    const first = built();
    compiler.watch({ poll: 50, aggregateTimeout: 20 }, (error, stats) => tell(error, stats));
    await first;
    createRequire(import.meta.url)('./hot/out/main.cjs');
    await managers[0].signIn({ access_token: 'token', refresh_token: 'refresh' });
    for (let times = 0; times < 3; times++) {
      // A build that changes nothing has no update.
      while (managers.length === times + 1) {
        const next = built();
        appendFileSync('hot/auth.js', '// saved ' + times + '\\n');
        await next;
        await check();
      }
    }
    const tokens = await Promise.all(managers.map((auth) => auth.getAccessToken()));
    console.log(JSON.stringify([managers.length, new Set(managers).size, tokens]));
    process.exit();`;
  const lines = node('webpack-hot.mjs', story).split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual([4, 1, Array(4).fill('token')]);
});
