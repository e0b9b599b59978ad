/** R73, R57: two builds in two formats, which may meet in one program. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Options } from 'tsup';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import config from '../../tsup.config.ts';
import { node } from './run.ts';

const dist = join(inject('consumer'), 'node_modules', 'evertoken', 'dist');
const folders = { production: dist, development: join(dist, 'development') };

/** The script files of a build with their texts. */
const textsOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => /\.c?js$/.test(name))
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

describe('the exports', () => {
  const { './package.json': _, ...entries } = manifest.exports;

  test.for(Object.entries(entries))(
    '%s: two formats, each with its types and its own pair',
    ([path, found]) => {
      const name = path.slice(2) || 'index';
      const pair = (ending: string, types: string) => ({
        types: `./dist/${name}.${types}`,
        development: `./dist/development/${name}.${ending}`,
        default: `./dist/${name}.${ending}`,
      });
      expect(found).toEqual({ import: pair('js', 'd.ts'), require: pair('cjs', 'd.cts') });
      // The first condition that fits is taken, so their order says something.
      expect(Object.keys(found.import)).toEqual(['types', 'development', 'default']);
      expect(Object.keys(found.require)).toEqual(['types', 'development', 'default']);
    },
  );

  test.for(Object.entries(folders))('the %s build imports nothing of the other', ([, folder]) => {
    const texts = textsOf(folder).map(({ text }) => text);
    const imported = texts.flatMap((text) => [
      ...text.matchAll(/(?:from |import |require\()["'](\.[^"']*)["']/g),
    ]);
    expect(imported.map(([, path]) => path).filter((path) => !/^\.\/[^/]+$/.test(`${path}`))).toEqual([]);
  });

  test('no build leaves the choice open, and what development says is gone in production', () => {
    const open = Object.values(folders)
      .flatMap(textsOf)
      .filter(({ text }) => text.includes('__DEVELOPMENT__'));
    const talking = textsOf(folders.production).filter(({ text }) =>
      /\[evertoken\]|evertoken\.(?:devtools|development)/.test(text),
    );
    expect([open, talking].map((files) => files.map(({ name }) => name))).toEqual([[], []]);
  });

  test.for(['production', 'development'])('a warning of a part, %s', async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'evertoken-part-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const entry = join(folder, 'part.ts');
    writeFileSync(
      entry,
      `import { warn } from ${JSON.stringify(resolve('src/development.ts'))};
      export function part(isWrong) { if (__DEVELOPMENT__ && isWrong) warn('part', 'Mend it.'); return isWrong; }`,
    );
    const isDevelopment = name === 'development';
    const own = (config as Options[]).find(
      ({ define }) => define?.['__DEVELOPMENT__'] === `${isDevelopment}`,
    );
    await build({
      ...own,
      entry: [entry],
      outDir: folder,
      config: false,
      clean: false,
      dts: false,
      silent: true,
    });
    for (const { text } of textsOf(folder)) expect(/warn|Mend/.test(text)).toBe(isDevelopment);
    expect(textsOf(folder)).toHaveLength(2);
  });
});

describe('all four in one program', () => {
  const paths = ['index.js', 'development/index.js', 'index.cjs', 'development/index.cjs'];
  const load = `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const copies = await Promise.all([${paths.map((path) => {
      const file = join(dist, path);
      return path.endsWith('.cjs')
        ? `require(${JSON.stringify(file)})`
        : `import(${JSON.stringify(pathToFileURL(file).href)})`;
    })}]);
    const allow = 'https://api.example.com';
    const say = (value) => console.log(JSON.stringify(value));
    const settled = () => new Promise((resolve) => setTimeout(resolve, 50));`;

  test('are four, and each has classes of its own', () => {
    const story = `say(new Set(copies.map(({ TokenError }) => TokenError)).size);`;
    expect(node('four.mjs', load + story)).toBe('4');
  });

  test('managers of all in a memoryStore of any are one session: one refresh, one sign-out', () => {
    const story = `
      const outcomes = [];
      for (const maker of copies) {
        const store = maker.memoryStore();
        let refreshes = 0;
        const refresh = async () => ({ access_token: 'new' + ++refreshes, refresh_token: 'r', expires_in: 3600 });
        const managers = copies.map(({ createTokenManager }) => createTokenManager({ refresh, allow, store }));
        await managers[0].signIn({ access_token: 'old', refresh_token: 'r', expires_in: 3600 });
        await settled();
        const joined = managers.map(({ tokens }) => tokens?.accessToken);
        await Promise.all(managers.map((manager) => manager.refresh()));
        const refreshed = managers.map(({ tokens }) => tokens?.accessToken);
        await managers[3].signOut();
        await settled();
        const statuses = managers.map(({ status }) => status);
        outcomes.push([joined, refreshed, refreshes, statuses].map((each) => [...new Set([each].flat())].join()));
        for (const manager of managers) manager.close();
      }
      say(outcomes);`;
    const right = ['old', 'new1', '1', 'signed-out'];
    expect(JSON.parse(node('memory.mjs', load + story))).toEqual([right, right, right, right]);
  });

  test('managers of all, each with a store of its own copy under one name, are one session', () => {
    const story = `
      const items = new Map();
      const storage = { getItem: (k) => items.get(k), setItem: (k, v) => items.set(k, v), removeItem: (k) => items.delete(k) };
      const refresh = async () => ({ access_token: 'new', refresh_token: 'r', expires_in: 3600 });
      const managers = copies.map(({ createTokenManager, keyValueStore }) =>
        createTokenManager({ refresh, allow, store: keyValueStore('shop', storage) }));
      const told = [];
      managers[2].on('signed-in', ({ elsewhere }) => told.push(elsewhere));
      await managers[1].signIn({ access_token: 'a' });
      await settled();
      say([managers.map(({ tokens }) => tokens?.accessToken), new Set(managers.map(({ sessionId }) => sessionId)).size, told]);`;
    expect(JSON.parse(node('named.mjs', load + story))).toEqual([['a', 'a', 'a', 'a'], 1, [true]]);
  });

  test('each knows the errors of each, and takes the end of a session from it', () => {
    const story = `
      const outcomes = [];
      for (const thrower of copies) for (const copy of copies) {
        const error = new thrower.TokenError('session-ended');
        const refresh = async () => { throw new Error('wrapped', { cause: error }); };
        const auth = copy.createTokenManager({ refresh, allow });
        await auth.signIn({ access_token: 'a', refresh_token: 'r' });
        const { code } = await auth.refresh().catch((error) => error);
        outcomes.push([copy.asTokenError(error) === error, code, auth.status].join());
      }
      say([outcomes.length, ...new Set(outcomes)]);`;
    expect(JSON.parse(node('errors.mjs', load + story))).toEqual([16, 'true,session-ended,signed-out']);
  });

  test('what one makes serves the managers of all: refreshEndpoint, bearer', () => {
    const story = `
      const outcomes = [];
      for (const maker of copies) for (const copy of copies) {
        const answers = [Response.json({ access_token: 'new' }), Response.json({ error: 'invalid_grant' }, { status: 400 })];
        const fetch = async (url, init) => {
          if (String(url.url ?? url).endsWith('/token')) return answers.shift();
          return new Response('', { status: new Headers(init.headers).get('x-token') === 'new' ? 200 : 401 });
        };
        const refresh = maker.refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' });
        const auth = copy.createTokenManager({ refresh, allow, fetch, attach: maker.bearer({ header: 'x-token', scheme: '' }) });
        await auth.signIn({ access_token: 'old', refresh_token: 'r' });
        const { status } = await auth.fetch('https://api.example.com/me');
        const error = await auth.refresh().catch((error) => error);
        outcomes.push([status, error.code, auth.status].join());
      }
      say([outcomes.length, ...new Set(outcomes)]);`;
    expect(JSON.parse(node('makers.mjs', load + story))).toEqual([16, '200,session-ended,signed-out']);
  });
});
