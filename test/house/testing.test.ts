/** docs/testing.md: its recipes for Vitest and Jest, and its store, run as they stand there against the packed package. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, inject, test } from 'vitest';
import { recipeOf } from '../support/recipe.ts';

const require = createRequire(import.meta.url);

/** A project with one file, in the given folder of the consumer's. */
function project(kind: 'consumer' | 'peered', name: string, file: string, text: string): string {
  const folder = join(inject(kind), name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), file.endsWith('.cjs') ? '{}' : '{ "type": "module" }');
  writeFileSync(join(folder, file), text);
  return folder;
}

function run(cwd: string, ...args: string[]) {
  const env = { ...process.env, NODE_ENV: undefined, VITEST: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}

const block = (heading: string) => recipeOf('docs/testing.md', heading);

test('Vitest, with the handlers of msw', () => {
  const cwd = project('peered', 'with-vitest', 'app.test.ts', block('Vitest'));
  const vitest = join(require.resolve('vitest/package.json'), '..', 'vitest.mjs');
  const { status, text } = run(cwd, vitest, 'run', '--root', cwd, '--no-color');
  expect(status, text).toBe(0);
  expect(text).toMatch(/Tests +2 passed \(2\)/);
});

test('Jest, which finds the CommonJS build and no msw', () => {
  const options = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const cwd = project('consumer', 'with-jest', 'app.test.cjs', ts.transpile(block('Jest'), options));
  const config = JSON.stringify({
    rootDir: cwd,
    testMatch: ['**/*.cjs'],
    testEnvironment: require.resolve('jest-environment-node'),
  });
  const args = [require.resolve('jest/bin/jest'), '--ci', '--runInBand', '--config', config];
  const { status, text } = run(cwd, ...args, '--cacheDirectory', join(cwd, 'cache'));
  expect(status, text).toBe(0);
  expect(text).toMatch(/Tests: +1 passed, 1 total/);
});

test('R59: the suite of stores runs in any runner, and where there is no msw', () => {
  const cwd = project('consumer', 'with-node', 'store.test.ts', block('A store of your own'));
  const { status, text } = run(cwd, '--test', '--test-reporter=tap', 'store.test.ts');
  expect(status, text).toBe(0);
  expect(text).toContain('ok 1 - a row of my database is a store');
  expect(text).toMatch(/# pass \d\d/);
});
