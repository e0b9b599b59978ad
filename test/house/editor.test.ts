/** What an editor shows: our own words of `auth.fetch`, not those of the platform's, and the members of what is handed over. */
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, inject, test } from 'vitest';

const name = join(inject('consumer'), 'hover.ts').replaceAll('\\', '/');

/** What was parsed once serves all services. */
const registry = ts.createDocumentRegistry();

/** The compiler as an editor asks it, about one line. */
function open(line: string, types: Pick<ts.CompilerOptions, 'lib' | 'types'>) {
  const text = `import type { TokenManager } from 'evertoken'; declare const auth: TokenManager; ${line}`;
  const host: ts.LanguageServiceHost = {
    getCurrentDirectory: () => inject('consumer'),
    readFile: ts.sys.readFile,
    fileExists: ts.sys.fileExists,
    getScriptFileNames: () => [name],
    // A name has one text, but for ours.
    getScriptVersion: (path) => (path === name ? line : ''),
    getScriptSnapshot(path) {
      const found = path === name ? text : ts.sys.readFile(path);
      return found === undefined ? undefined : ts.ScriptSnapshot.fromString(found);
    },
    getCompilationSettings: () => ({
      strict: true,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      typeRoots: [resolve('node_modules/@types')],
      ...types,
    }),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  };
  return { text, service: ts.createLanguageService(host, registry) };
}

/** What is shown at the last `fetch` of a line, and within its brackets. */
function hover(...line: Parameters<typeof open>): string[] {
  const { text, service } = open(...line);
  const { documentation } = service.getQuickInfoAtPosition(name, text.lastIndexOf('fetch')) ?? {};
  const { items = [] } = service.getSignatureHelpItems(name, text.lastIndexOf('(') + 1, undefined) ?? {};
  return [documentation, items[0]?.documentation].map((parts) => ts.displayPartsToString(parts));
}

describe.for([
  ['in a page', { lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], types: [] }],
  ['in Node', { lib: ['lib.es2022.d.ts'], types: ['node'] }],
] as const)('%s', ([, { lib, types }]) => {
  test.for([
    ['the property', 'export const own = auth.fetch;', 1],
    ['a call', "export const call = auth.fetch('x');", 2],
    ['a call of what was passed around', "const { fetch } = auth; export const call = fetch('x');", 2],
  ] as const)('%s', ([, line, count]) => {
    const ours =
      "Like the platform's `fetch`; requests to allowed URLs carry a good token. Can be passed around on its own.";
    const shown = hover(line, { lib: [...lib], types: [...types] }).filter(Boolean);
    expect(shown).toEqual(Array(count).fill(ours));
  });

  test('signIn completes the members of a token response', () => {
    const { text, service } = open('auth.signIn({ });', { lib: [...lib], types: [...types] });
    const { entries = [] } = service.getCompletionsAtPosition(name, text.lastIndexOf(' }'), undefined) ?? {};
    const names = entries.map((entry) => entry.name);
    expect(names).toEqual(expect.arrayContaining(['access_token', 'expires_in', 'accessToken', 'expiresAt']));
  });
});
