/** The lines of docs/clients.md under the strictest compiler: each client takes `auth.fetch` as it is. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { blocks } from '../test/house/blocks.ts';
import { compile } from '../test/house/compile.ts';

const strictest: ts.CompilerOptions = {
  lib: ['lib.es2024.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node'],
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  // Those of the clients are theirs.
  skipLibCheck: true,
};
const own = { evertoken: [resolve('src/index.ts')] };

/** Of tRPC: its type for `fetch` does not take the platform's own under this flag. test/house compiles without it. */
const isTheirs = (error: string) => /HTTP(?:Batch(?:Stream)?)?LinkOptions<any>/.test(error);

test('the lines for each client compile', () => {
  const errors = compile(blocks('docs/clients.md'), { ...strictest, paths: own });
  expect(errors.filter((error) => !isTheirs(error))).toEqual([]);
});

test('those for ky compile with the types of ky 1 too', () => {
  const ofKy = Object.entries(blocks('docs/clients.md')).filter(([, text]) => text.includes("from 'ky'"));
  expect(ofKy).toHaveLength(1);
  const ofKy1 = ofKy.map(([path, text]) => [path, text.replace("from 'ky'", "from 'ky1'")]);
  expect(compile(Object.fromEntries(ofKy1), { ...strictest, paths: own })).toEqual([]);
});

test('each client of the page has a file whose calls are run', () => {
  const sections = readFileSync('docs/clients.md', 'utf8').split(/^## /m).slice(1);
  const headings = sections.filter((text) => text.includes('\n```ts\n')).map((text) => text.split('\n')[0]);
  const files = readdirSync('interop/clients').map((name) => readFileSync(`interop/clients/${name}`, 'utf8'));
  const run = files.map((text) => /heading: '(.+)'/.exec(text)?.[1]);
  expect(headings.length).toBeGreaterThan(20);
  expect(run.sort()).toEqual(headings.sort());
});
