/** What docs/troubleshooting.md says and shows, run as it stands there. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  bearer,
  createTokenManager,
  type Explanation,
  explain,
  memoryStore,
  TokenError,
  type TokenManager,
  type TokenManagerOptions,
} from 'evertoken';
import * as vite from 'vite';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { runRecipe } from '../support/recipe.ts';

const PATH = 'docs/troubleshooting.md';
const API = 'https://api.example.com';
const tokens = { access_token: 'access', refresh_token: 'refresh' };

/** Signed in; every request is answered. */
async function open(options: Partial<TokenManagerOptions> = {}, isSignedIn = true): Promise<TokenManager> {
  vi.stubGlobal('fetch', async () => new Response());
  const auth = createTokenManager({ refresh: async () => tokens, allow: API, ...options });
  onTestFinished(() => auth.close());
  if (isSignedIn) await auth.signIn(tokens);
  return auth;
}

interface Case {
  /** A manager that attaches nothing to this request. */
  cause(): Promise<TokenManager>;
  request?: readonly [url: string, init?: RequestInit];
  /** One that attaches its token to the same request, or to the one beside it. */
  cure?(): Promise<TokenManager>;
  cured?: string;
}

const own = { headers: { authorization: 'Bearer sdk' } };
const login = { url: `${API}/account`, startsSession: true };
const offline = async () => Promise.reject(new TypeError('Failed to fetch'));

const cases: Record<Exclude<Explanation['reason'], 'attached'>, Case> = {
  'not-allowed': { cause: () => open({ allow: `${API}/v2` }), cure: () => open({ allow: `${API}/v1` }) },
  excepted: {
    cause: () => open({ allow: { url: API, except: '/v1' } }),
    cure: () => open({ allow: { url: API, except: '/v1/public' } }),
  },
  insecure: {
    request: ['http://api.example.com/v1'],
    cause: () => open({ allow: ({ hostname }) => hostname === 'api.example.com' }),
    cure: () => open({ allow: 'http://api.example.com' }),
  },
  'no-page': { request: ['/v1'], cause: () => open(), cure: () => open(), cured: `${API}/v1` },
  'own-header': {
    request: [`${API}/v1`, own],
    cause: () => open(),
    cure: () => open({ attach: bearer({ replace: true }) }),
  },
  'sign-in': {
    request: [`${API}/account`],
    cause: () => open({ capture: [login] }),
    cure: () => open({ capture: [{ ...login, method: 'POST' }] }),
  },
  'signed-out': { cause: () => open({}, false), cure: () => open() },
  'no-token': {
    async cause() {
      vi.useFakeTimers();
      onTestFinished(() => void vi.useRealTimers());
      const auth = await open({ refresh: offline, allow: { url: API, token: 'optional' } }, false);
      await auth.signIn({ ...tokens, expires_in: 1 });
      await vi.advanceTimersByTimeAsync(2_000);
      await auth.refresh().catch(() => {});
      return auth;
    },
  },
  unknown: { cause: () => open({ store: memoryStore() }, false), cure: () => open({ store: memoryStore() }) },
  closed: {
    async cause() {
      const auth = await open();
      auth.close();
      return auth;
    },
  },
};

describe('R72: docs/troubleshooting.md, my request has no token', () => {
  test.for(Object.entries(cases))(
    '%s: the cause leads to it, and the cure away from it',
    async ([reason, { cause, request, cure, cured }]) => {
      const [url, init] = request ?? [`${API}/v1`];
      expect(readFileSync(PATH, 'utf8')).toMatch(
        new RegExp(`^(\\| \`${reason}\` \\||Two more.*\`${reason}\`)`, 'm'),
      );
      const auth = await cause();
      const told: string[] = [];
      auth.on('not-attached', (event) => told.push(event.reason));
      expect(explain(auth, url, init)).toMatchObject({ attaches: false, reason });
      if (reason === 'unknown' || reason === 'closed') expect(told).toEqual([]);
      else {
        await auth.fetch(url, init);
        expect(told).toEqual([reason]);
      }
      if (!cure) return;
      expect(explain(await cure(), cured ?? url, init)).toMatchObject({ attaches: true });
    },
  );

  test('the code there says what differs', () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    vi.stubGlobal('fetch', async () => new Response());
    const { auth, why } = runRecipe<{ auth: TokenManager; why: Explanation }>(
      PATH,
      'My request has no token',
    );
    onTestFinished(() => auth.close());
    const nearest = { rule: 'http://127.0.0.1:3000', differsBy: 'host' };
    expect(why).toMatchObject({ attaches: false, reason: 'not-allowed', nearest });
    void auth.fetch('http://localhost:3000/me?id=1');
    expect(warn.mock.calls).toEqual([['no token for http://localhost:3000/me: not-allowed']]);
  });
});

describe('docs/troubleshooting.md, the development build', () => {
  /** A project with a package that has two builds, in the place of this one. */
  function createProject(): string {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'evertoken-builds-')));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const installed = join(folder, 'node_modules', 'evertoken');
    mkdirSync(installed, { recursive: true });
    const pair = (ending: string) => ({
      development: `./development.${ending}`,
      default: `./production.${ending}`,
    });
    const exports = { '.': { import: pair('mjs'), require: pair('cjs') } };
    writeFileSync(
      join(installed, 'package.json'),
      JSON.stringify({ name: 'evertoken', version: '1.0.0', exports }),
    );
    for (const build of ['development', 'production']) {
      writeFileSync(join(installed, `${build}.mjs`), `export const build = '${build}';`);
      writeFileSync(join(installed, `${build}.cjs`), `exports.build = '${build}';`);
    }
    writeFileSync(join(folder, 'server.js'), "console.log(require('evertoken').build);");
    writeFileSync(join(folder, 'page.js'), "export { build } from 'evertoken';");
    return folder;
  }

  test('R73: Node chooses it when it is told, as the page says', () => {
    const cwd = createProject();
    const [, command = ''] = /^```sh\nnode (.*)\n```/m.exec(readFileSync(PATH, 'utf8')) ?? [];
    const run = (args: string[]) => execFileSync(process.execPath, args, { cwd, encoding: 'utf8' }).trim();
    expect(run(['server.js'])).toBe('production');
    expect(run(command.split(' '))).toBe('development');
  });

  const jest = resolve('node_modules/jest/bin/jest.js');
  test.skipIf(!existsSync(jest))(
    'R73: Jest, where it is installed, chooses it with the configuration there',
    () => {
      const cwd = createProject();
      const [, config = ''] = /^```js\n([\s\S]*?)^```/m.exec(readFileSync(PATH, 'utf8')) ?? [];
      writeFileSync(join(cwd, 'package.json'), '{}');
      writeFileSync(join(cwd, 'production.config.mjs'), 'export default {};');
      writeFileSync(join(cwd, 'jest.config.mjs'), config);
      writeFileSync(
        join(cwd, 'build.test.js'),
        "test('', () => expect(require('evertoken').build).toBe(process.env.BUILD));",
      );
      for (const build of ['production', 'development']) {
        const file = `${build === 'production' ? build : 'jest'}.config.mjs`;
        const env = { ...process.env, BUILD: build };
        execFileSync(process.execPath, [jest, '--config', file], { cwd, env, stdio: 'pipe' });
      }
    },
  );

  test('R73: Vite chooses it for what it renders on the server, with the configuration there', async () => {
    const root = createProject();
    const recipe = runRecipe<{ default: vite.UserConfig }>(
      PATH,
      'The development build in Vite’s server rendering',
      {},
      { vite },
    );
    const render = async (config: vite.UserConfig) => {
      const quiet = { root, configFile: false, logLevel: 'silent', mode: 'development' } as const;
      const server = await vite.createServer({
        ...config,
        ...quiet,
        server: { middlewareMode: true, ws: false },
      });
      const { build } = await server.ssrLoadModule('/page.js');
      await server.close();
      return build;
    };
    expect(await render({})).toBe('production');
    expect(await render(recipe.default)).toBe('development');
  });
});

test('docs/troubleshooting.md, signed out: the listener says why', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue();
  vi.stubGlobal('fetch', async () => Response.json({ error: 'invalid_grant' }, { status: 400 }));
  const { auth } = runRecipe<{ auth: TokenManager }>(PATH, 'I am signed out all the time');
  onTestFinished(() => auth.close());
  await auth.signIn(tokens);
  await expect(auth.refresh()).rejects.toThrow();
  expect(warn.mock.calls).toEqual([['signed out: ended', expect.any(TokenError)]]);
});

describe('docs/troubleshooting.md, auth.fetch in the place of the global fetch', () => {
  test('R7: with the original handed over, every request of the program carries the token', async () => {
    const sent: [url: string, authorization: string | null][] = [];
    vi.stubGlobal('fetch', async (input: RequestInfo | URL, init?: RequestInit) => {
      const { url, headers } = new Request(input, init);
      sent.push([url, headers.get('authorization')]);
      return new Response();
    });
    const { auth } = runRecipe<{ auth: TokenManager }>(PATH, 'auth.fetch in the place of the global fetch');
    onTestFinished(() => auth.close());
    await auth.signIn(tokens);
    await fetch(`${API}/me`);
    await fetch('https://other.example/');
    expect(sent).toEqual([
      [`${API}/me`, 'Bearer access'],
      ['https://other.example/', null],
    ]);
  });

  test('R7: without it the request is a TypeError that says so', async () => {
    const auth = await open();
    vi.stubGlobal('fetch', auth.fetch);
    await expect(fetch(`${API}/me`)).rejects.toThrow(
      /options\.fetch is auth\.fetch; expected the original one/,
    );
  });
});
