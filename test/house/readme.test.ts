/** What the README and the pages of `docs/` promise: their code compiles, their links lead somewhere, figures are measured. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { blocks } from './blocks.ts';
import { compile } from './compile.ts';
import { heldOf, sizeOf } from './size.ts';

/** Where the files are on the web. */
const repository = manifest.homepage.replace('#readme', '/blob/main/');
/** Where pictures are, for the page of the registry has none of them. */
const raw = repository.replace('github.com', 'raw.githubusercontent.com').replace('/blob/', '/');

const readme = readFileSync('README.md', 'utf8');
const proseOf = (text: string) => text.replace(/^```[\s\S]*?^```/gm, '');
const prose = proseOf(readme);
const pages = readdirSync('docs')
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);

/** The anchor that a heading gets, as GitHub makes it. */
const anchorOf = (heading: string): string =>
  heading
    .replace(/[`*]|\]\(.*?\)|\[/g, '')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');

function anchors(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
}

const own = { evertoken: [resolve('dist/index.d.ts')], 'evertoken/*': [resolve('dist/*.d.ts')] };

/** What the compiler says of the code of a page. */
const errorsOf = (page: string, paths: Record<string, string[]> = own) =>
  compile(blocks(page), {
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    jsx: ts.JsxEmit.ReactJSX,
    allowJs: true,
    checkJs: true,
    types: ['node'],
    skipLibCheck: true,
    paths,
  });

test('docs/react.md: the code compiles with the types of React 18, too', () => {
  const types = resolve('interop-react18/node_modules/@types/react');
  const paths = { ...own, react: [types], 'react/*': [join(types, '*')] };
  expect(errorsOf('docs/react.md', paths)).toEqual([]);
  expect(errorsOf('docs/react.md', { ...paths, react: [join(types, 'missing')] })).not.toEqual([]);
});

describe.for(['README.md', ...pages])('%s', (page) => {
  test('every code block compiles on its own, strictly, against the built package', () => {
    // One page has figures only.
    if (page !== 'docs/performance.md') expect(Object.keys(blocks(page)).length).toBeGreaterThan(0);
    expect(errorsOf(page)).toEqual([]);
  });

  test('links into the repository lead to files and headings that exist', () => {
    const prose = proseOf(readFileSync(page, 'utf8'));
    const markdown = [...prose.matchAll(/\]\(<?([^)\s>]+)/g)];
    const html = [...prose.matchAll(/\b(?:href|src|srcset)="([^"]+)"/g)];
    const references = [...prose.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)];
    const targets = [...markdown, ...html, ...references].map(([, target = '']) =>
      target.replace(raw, repository),
    );
    const broken = targets
      .filter((target) => target.startsWith(repository) || !/^[a-z]+:/i.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#');
        const local = path.startsWith(repository) ? path.slice(repository.length) : join(dirname(page), path);
        const file = path ? local : page;
        return !existsSync(file) || (anchor && file.endsWith('.md') && !anchors(file).includes(anchor));
      });
    expect(broken).toEqual([]);
    // The page of the registry shows the README, and has none of the files beside it.
    const relative = targets.filter((target) => !/^#|^https:/.test(target));
    if (page === 'README.md') expect(relative).toEqual([]);
  });
});

describe('README', () => {
  test('says how the package is installed before it is used', () => {
    const install = readme.indexOf(`npm install ${manifest.name}\n`);
    expect(install).toBeGreaterThan(0);
    expect(install).toBeLessThan(readme.indexOf("from 'evertoken'"));
  });

  test.for(['npm ci && npm start', 'npm ci && npm test', 'npm ci && npm run demo'])(
    'tells the command `%s`',
    (command) => {
      expect(readme).toContain(command);
    },
  );

  test.for(['core', 'webStore', 'refreshEndpoint'] as const)(
    'the figure between <!-- size:%s --> and <!-- /size --> is the one that bench/budgets.json holds',
    (name) => {
      const figures = [...readme.matchAll(new RegExp(`<!-- size:${name} -->(.*?)<!-- /size -->`, 'g'))];
      const held = sizeOf(heldOf(name));
      expect(figures.length, `no <!-- size:${name} -->${held}<!-- /size --> in README.md`).toBeGreaterThan(0);
      for (const [, figure] of figures) expect(figure).toBe(held);
    },
  );

  test('every size it gives in kB of brotli stands between those marks', () => {
    const loose = prose
      .replace(/<!-- size:\w+ -->.*?<!-- \/size -->/g, '')
      .split('\n')
      .filter((line) => /brotli/i.test(line) && /\d ?kB\b/i.test(line));
    expect(loose).toEqual([]);
  });
});
