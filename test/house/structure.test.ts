/** Where things stand: folders, platform APIs, sizes of files and functions, tests beside the source. */
import { posix } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { claims, code, functions, imports, lineCount, list, parse } from './source.ts';

const sources = new Map(list('src').map((path) => [path.replace(/\.ts$/, ''), parse('src', path)]));
/** What runs of each, see `code()`. */
const running = new Map([...sources].map(([name, file]) => [name, code(file)]));
const folderOf = (name: string): string => name.split('/').slice(0, -1).join('/');

/** What all parts stand on: the words of the package, and the few things that everybody says or checks alike. */
const foundation = [
  ...[
    'api',
    'bounded',
    'check',
    'claims',
    'development',
    'errors',
    'nearest',
    'own',
    'retry-after',
    'summary',
    'token-form',
  ],
  'types',
];

/** What imports nothing, so that a further entry point may have its own copy. */
const leaves = ['bounded', 'own', 'retry-after', 'development', 'nearest', 'request/inside'];

/** Entry points that are stores: each brings its own copy of what joins contexts, and of what that stands on. */
const storeEntries = ['node', 'redis'];

/**
 * Which part may import which, type imports included. A part is a folder, the foundation, or a file beside it. The core
 * never meets `store`: that comes with the store that a user hands over.
 */
const edges: Record<string, string[]> = {
  foundation: [],
  platform: ['foundation'],
  session: ['foundation', 'platform'],
  request: ['foundation', 'platform', 'session'],
  store: ['foundation', 'platform', 'session'],
  advice: ['foundation', 'platform', 'request', 'steps'],
  steps: ['foundation', 'request', 'session'],
  options: ['foundation', 'request'],
  core: ['foundation', 'options', 'platform', 'request', 'session'],
  endpoint: ['foundation', 'platform', 'request'],
  'refresh-endpoint': ['endpoint', 'foundation', 'platform'],
  'revoke-endpoint': ['endpoint', 'foundation'],
  'token-manager': ['advice', 'core', 'foundation', 'options', 'request', 'session'],
  index: [
    ...['endpoint', 'foundation', 'refresh-endpoint', 'request', 'revoke-endpoint', 'store'],
    'token-manager',
  ],
};

/** The further entry points: folders with an `index.ts`, which nobody imports. */
const entries = [...sources.keys()]
  .filter((name) => posix.basename(name) === 'index' && folderOf(name))
  .map(folderOf);

/** What they may import. */
const partOfStores = ['foundation', 'platform', 'store'];

const partOf = (name: string): string => folderOf(name) || (foundation.includes(name) ? 'foundation' : name);

/** Each dependency has one file that imports it. */
const packages: Record<string, string> = {
  ky: 'refresh-endpoint',
  'jwt-decode': 'claims',
  mitt: 'session/events',
  dpop: 'dpop/proof',
  oauth4webapi: 'oidc/protocol',
  react: 'react/hooks',
  'env-paths': 'node/default-path',
  preact: 'devtools/dom',
};

/**
 * Each platform API has one file that touches it, and one more in an entry point that needs it too; the patterns meet
 * `code()`, where tokens stand apart.
 */
const platform: { api: string; owner: string; pattern: RegExp; others?: string[] }[] = [
  {
    api: 'navigator.locks',
    owner: 'platform/locks',
    pattern: /\bnavigator \??\. locks\b/,
    others: ['oidc/turn', 'idle/sign-out-when-idle'],
  },
  {
    api: 'BroadcastChannel',
    owner: 'platform/channel',
    pattern: /\bBroadcastChannel\b/,
    others: ['oidc/popup'],
  },
  {
    api: 'timers',
    owner: 'platform/timers',
    pattern: /\b(?:set|clear)(?:Timeout|Interval)\b/,
    others: ['oidc/page', 'testing/wait', 'idle/sign-out-when-idle', 'react/session', 'devtools/page'],
  },
  {
    api: 'performance',
    owner: 'platform/timers',
    pattern: /\bperformance\b/,
    others: ['testing/entry-checks'],
  },
  {
    api: "the page's URL",
    owner: 'request/target',
    pattern: /\bdocument \??\. baseURI\b|(?<!popup \. )\blocation\b(?! :)/,
    others: ['oidc/page', 'testing/cookie'],
  },
  {
    api: 'events of document and window',
    owner: 'platform/page',
    // Listening to what ends a wait is no event of the page; `timers` listens to nothing else.
    pattern:
      /\bdocument\b(?! \??\. baseURI)|\bwindow\b|(?<!(?:closed|signal) \??\. )\b(?:add|remove)EventListener\b/i,
    others: ['platform/timers', 'oidc/popup', 'idle/sign-out-when-idle', 'devtools/page'],
  },
  {
    api: 'indexedDB',
    owner: 'store/indexed-db',
    pattern: /\bindexedDB\b/,
    others: ['dpop/keys'],
  },
  {
    api: 'sessionStorage',
    owner: 'store/tab',
    pattern: /\bsessionStorage\b/,
    others: ['oidc/oidc-client'],
  },
  {
    api: 'crypto.subtle',
    owner: 'store/seal',
    pattern: /\bsubtle\b/,
    others: ['dpop/dpop', 'dpop/keys', 'oidc/protocol', 'store/encrypted', 'testing/signer'],
  },
  { api: 'random ids', owner: 'session/changes', pattern: /\brandomUUID\b/ },
  {
    api: 'reports',
    owner: 'session/events',
    pattern: /\breportError\b|\bconsole\b/,
    others: ['development', 'idle/sign-out-when-idle'],
  },
];

const rules = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 25, 26, 27, 30, 31],
  ...[32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59],
  ...[60, 61, 62, 70, 71, 72, 73],
];

/** What `check` says about each source file, one line each. */
function complaints(check: (file: ts.SourceFile, name: string) => string[]): string[] {
  return [...sources].flatMap(([name, file]) => check(file, name).map((text) => `src/${name}.ts ${text}`));
}

/** The files of this package that a file imports. */
const neighbours = (file: ts.SourceFile, name: string) =>
  imports(file)
    .filter(({ path }) => path.startsWith('.'))
    .map(({ path, isType }) => ({ target: posix.join(folderOf(name), path.replace(/\.ts$/, '')), isType }));

describe('imports, those of types included,', () => {
  test('go where the table lets them, and the table lets nobody go where nobody goes', () => {
    const found = new Map<string, Set<string>>();
    for (const [name, file] of sources) {
      const own = partOf(name);
      const targets = neighbours(file, name).map(({ target }) => partOf(target));
      found.set(own, new Set([...(found.get(own) ?? []), ...targets.filter((target) => target !== own)]));
    }
    for (const entry of entries) found.delete(entry);
    const graph = Object.fromEntries([...found].map(([part, targets]) => [part, [...targets].sort()]));
    expect(
      graph,
      '`edges` in test/house/structure.test.ts; DESIGN: hand the function in, or move it down',
    ).toEqual(edges);
  });

  test('of a further entry point take nothing from outside its folder but public types and what stands alone, stores the wing', () => {
    const wrong = complaints((file, name) =>
      neighbours(file, name)
        .filter(({ target }) => folderOf(target) !== folderOf(name) && entries.includes(folderOf(name)))
        .filter(({ target }) => !leaves.includes(target))
        .filter(
          ({ target }) => !(storeEntries.includes(folderOf(name)) && partOfStores.includes(partOf(target))),
        )
        .filter(({ target, isType }) => !isType || !['types', 'api'].includes(target))
        .map(({ target }) => `imports ${target}: each entry point loads nothing of the others`),
    );
    expect(wrong).toEqual([]);
  });

  test('go round in no circle', () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (name: string, path: string[]) => {
      const start = path.indexOf(name);
      if (start >= 0) circles.push([...path.slice(start), name].join(' -> '));
      const file = sources.get(name);
      if (start >= 0 || done.has(name) || !file) return;
      for (const { target } of neighbours(file, name)) visit(target, [...path, name]);
      done.add(name);
    };
    for (const name of sources.keys()) visit(name, []);
    expect(circles).toEqual([]);
  });

  test('of each dependency stand in one file, and there are no others', () => {
    const found = complaints((file, name) =>
      imports(file)
        .filter(({ path }) => !path.startsWith('.'))
        // The platform's own, where there is no other.
        .filter(({ path }) => !(path.startsWith('node:') && folderOf(name) === 'node'))
        .map(({ path }) => `imports ${path}`),
    );
    const expected = Object.entries(packages).map(([path, owner]) => `src/${owner}.ts imports ${path}`);
    expect(found.sort()).toEqual(expected.sort());
  });
});

describe('who touches what', () => {
  test.for(platform)('$api: one file, $owner', ({ owner, pattern, others = [] }) => {
    const touching = [...running].filter(([, text]) => pattern.test(text)).map(([name]) => name);
    expect(touching.filter((name) => !others.includes(name))).toEqual([owner]);
    expect(
      others.filter((name) => !touching.includes(name)),
      'does not, so need not be named',
    ).toEqual([]);
  });

  test('the words lease and version are those of the stores: the core is of one context', () => {
    const isStore = (name: string) => name === 'types' || name.startsWith('store/');
    const core = (name: string) => !isStore(name) && !entries.includes(folderOf(name));
    const wrong = complaints(({ text }, name) =>
      core(name) ? (text.match(/.*(?:(?<![a-z])(?:lease|version)|Lease|Version).*/g) ?? []) : [],
    );
    expect(wrong).toEqual([]);
  });
});

describe('sizes', () => {
  test('no file has more than 250 lines; half of them have fewer than 120', () => {
    const long = complaints((file) =>
      lineCount(file) > 250 ? [`has ${lineCount(file)} lines: it holds more than one noun`] : [],
    );
    expect(long).toEqual([]);
    const sorted = [...sources.values()].map(lineCount).sort((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(120);
  });

  test('no function has more than 60 lines; a factory counts without the functions it wires, and stays under 100', () => {
    const long = complaints((file) =>
      functions(file)
        .filter(({ lines, own }) => own >= 100 || (own === lines && lines > 60))
        .map(
          ({ name, lines, own }) => `has a function of ${own} lines, ${lines} with what it wires: ${name}`,
        ),
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

  test.for(['index', ...entries.map((folder) => `${folder}/index`)])(
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

  test('stand beside the source: test/x.test.ts for every src/x.ts, test/x-more.test.ts where that is long, and no other', () => {
    const missing = [...sources.keys()]
      .filter((name) => !['index', 'types', 'api'].includes(name) && !tests.includes(`${name}.test.ts`))
      .map((name) => `test/${name}.test.ts`);
    expect(missing, 'missing').toEqual([]);
    const elsewhere = /^(?:flows|contexts|house)\//;
    const isOf = (name: string, path: string) => path === `${name}.test.ts` || path.startsWith(`${name}-`);
    const alone = tests.filter(
      (path) => !elsewhere.test(path) && ![...sources.keys()].some((name) => isOf(name, path)),
    );
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
