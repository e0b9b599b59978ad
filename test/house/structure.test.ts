/** Where things stand: layers, platform APIs, sizes of files and functions, tests beside the source. */
import { posix } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { claims, code, functions, imports, lineCount, list, parse } from './source.ts';

/** From the lowest layer to the highest. A file imports only from layers below its own. */
const layers = [
  ['errors', 'check'],
  ['types'],
  ['contracts'], // what the parts know of each other
  ['timers'], // the rest of the pure layer waits with it
  ['expiry', 'token-response', 'challenge', 'allow', 'bearer', 'replay', 'cool-down'],
  ['refresh-endpoint', 'events', 'storage', 'lock', 'ledger', 'channel', 'wake'],
  ['session'], // a state that others work on
  ['sync'],
  ['options', 'commit', 'refresher', 'scheduler', 'auth-fetch', 'capture'],
  ['token-manager'],
  ['index'],
];

/** The further entry points: each has a folder of its own, and knows nothing of the others but the public types. */
const entries: Record<string, string[][]> = {
  dpop: [['keys', 'follow', 'proof'], ['resource-requests', 'token-requests'], ['dpop'], ['index']],
  firebase: [['refuse'], ['return-secure-token', 'identity-toolkit'], ['index']],
  indexeddb: [['seal'], ['indexed-db-storage'], ['index']],
  oidc: [
    ['attempt'],
    ['oidc-error', 'options', 'callback', 'page'],
    ['transactions', 'popup', 'requests'],
    ['protocol'],
    ['oidc-client'],
    ['index'],
  ],
};

/** Each dependency has one file that imports it. */
const packages: Record<string, string> = {
  ky: 'refresh-endpoint',
  'jwt-decode': 'expiry',
  mitt: 'events',
  dpop: 'dpop/proof',
  'idb-keyval': 'indexeddb/indexed-db-storage',
  oauth4webapi: 'oidc/protocol',
};

/** Each platform API has one file that touches it; the patterns meet `code()`, where tokens stand apart. */
const platform: { api: string; owner: string; pattern: RegExp; others?: string[] }[] = [
  { api: 'navigator.locks', owner: 'lock', pattern: /\bnavigator \??\. locks\b/ },
  {
    api: 'timers',
    owner: 'timers',
    pattern: /\b(?:set|clear)(?:Timeout|Interval)\b/,
    others: ['oidc/page'],
  },
  {
    api: "the page's URL",
    owner: 'allow',
    pattern: /\bdocument \??\. baseURI\b|(?<!popup \. )\blocation\b(?! :)/,
    others: ['oidc/page'],
  },
  {
    api: 'events of document and window',
    owner: 'wake',
    // Listening to an AbortSignal is no event of the page; `timers` listens to nothing else.
    pattern: /\bdocument\b(?! \??\. baseURI)|\bwindow\b|(?<!signal \??\. )\b(?:add|remove)EventListener\b/i,
    others: ['timers', 'oidc/popup'],
  },
];

const rules = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 25, 26, 27, 30, 31],
  ...[32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 50, 51, 52, 53, 54, 55, 56, 60, 61, 62, 70, 71],
];

const sources = new Map(list('src').map((path) => [path.replace(/\.ts$/, ''), parse('src', path)]));
const folderOf = (name: string): string => name.split('/').slice(0, -1).join('/');
const layersOf = (name: string): string[][] => (folderOf(name) ? (entries[folderOf(name)] ?? []) : layers);
const layerOf = (name: string): number =>
  layersOf(name).findIndex((names) => names.includes(posix.basename(name)));

/** What `check` says about each source file, one line each. */
function complaints(check: (file: ts.SourceFile, name: string) => string[]): string[] {
  return [...sources].flatMap(([name, file]) => check(file, name).map((text) => `src/${name}.ts ${text}`));
}

describe('layers', () => {
  test('every source file has its place', () => {
    const lost = complaints((_, name) =>
      layerOf(name) < 0
        ? [
            'is in no layer: put its name into `layers` or `entries` in test/house/structure.test.ts, as low as it can stand',
          ]
        : [],
    );
    expect(lost).toEqual([]);
    const inFolders = Object.entries(entries).flatMap(([folder, its]) =>
      its.flat().map((name) => `${folder}/${name}`),
    );
    const missing = [...layers.flat(), ...inFolders].filter((name) => !sources.has(name));
    expect(missing, 'in `layers` or `entries`, but no file in src/: remove the name').toEqual([]);
  });

  test('imports, those of types included, go to lower layers only, so there is no circle', () => {
    const wrong = complaints((file, name) =>
      imports(file)
        .filter((path) => path.startsWith('.'))
        .filter((path) => {
          const target = posix.join(folderOf(name), path.replace(/\.ts$/, ''));
          if (folderOf(target) !== folderOf(name)) return !folderOf(name) || target !== 'types';
          return layerOf(target) < 0 || layerOf(target) >= layerOf(name);
        })
        .map(
          (path) => `imports ${path}, which is not in a layer below: hand the function in, or move it down`,
        ),
    );
    expect(wrong).toEqual([]);
  });

  test('each dependency is imported by one file, and nothing else is', () => {
    const found = complaints((file) =>
      [...new Set(imports(file))].filter((path) => !path.startsWith('.')).map((path) => `imports ${path}`),
    );
    const expected = Object.entries(packages).map(([path, owner]) => `src/${owner}.ts imports ${path}`);
    expect(found.sort()).toEqual(expected.sort());
  });

  test.for(platform)('$api: one file touches it, $owner', ({ owner, pattern, others = [] }) => {
    const touching = [...sources].filter(([, file]) => pattern.test(code(file))).map(([name]) => name);
    expect(touching.filter((name) => !others.includes(name))).toEqual(sources.has(owner) ? [owner] : []);
  });
});

describe('sizes', () => {
  test('no file has more than 250 lines, the contracts 300; half of them have fewer than 120', () => {
    const long = complaints((file, name) => {
      const lines = lineCount(file);
      return lines > (name === 'types' ? 300 : 250)
        ? [`has ${lines} lines: it holds more than one noun`]
        : [];
    });
    expect(long).toEqual([]);
    const sorted = [...sources.values()].map(lineCount).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(120);
  });

  test('no function has more than 60 lines, but for a factory that fills its file', () => {
    const long = complaints((file) =>
      functions(file)
        .filter(({ lines }) => lines > 60)
        .map(({ name, lines }) => `has a function of ${lines} lines: ${name}`),
    );
    expect(long).toEqual([]);
  });
});

describe('reading', () => {
  test('every file opens with a sentence that says what it is', () => {
    const silent = complaints(({ text }) =>
      /^(?:\/\*\*|\/\/) ?\S/.test(text) ? [] : ['opens without a sentence that says what it is'],
    );
    expect(silent).toEqual([]);
  });

  test.for(['index', ...Object.keys(entries).map((folder) => `${folder}/index`)])(
    'the entry point %s is a list of named exports and nothing else',
    (entry) => {
      const others = sources
        .get(entry)
        ?.statements.filter(
          (statement) =>
            !ts.isExportDeclaration(statement) ||
            !statement.moduleSpecifier ||
            !statement.exportClause ||
            !ts.isNamedExports(statement.exportClause),
        );
      expect(others?.map((statement) => statement.getText())).toEqual([]);
    },
  );
});

describe('tests', () => {
  const tests = list('test').filter((path) => path.endsWith('.test.ts'));

  test('stand beside the source: test/x.test.ts for every src/x.ts, and none without', () => {
    const missing = [...sources.keys()]
      .filter((name) => !['index', 'types', 'contracts'].includes(name) && !tests.includes(`${name}.test.ts`))
      .map((name) => `test/${name}.test.ts`);
    expect(missing, 'missing').toEqual([]);
    const elsewhere = /^(?:flows|contexts|house)\//;
    const alone = tests.filter((path) => !elsewhere.test(path) && !sources.has(path.replace('.test.ts', '')));
    expect(
      alone,
      'without a source file of their name; a story over several parts goes to test/flows/',
    ).toEqual([]);
  });

  test('name every rule of the design, in a title or beside the test', () => {
    const said = tests
      .filter((path) => !path.startsWith('house/'))
      .flatMap((path) => claims(parse('test', path)))
      .join('\n');
    const unnamed = rules
      .filter((rule) => !new RegExp(`\\bR${rule}\\b`).test(said))
      .map((rule) => `R${rule}`);
    expect(unnamed, 'rules that no test names').toEqual([]);
  });
});
