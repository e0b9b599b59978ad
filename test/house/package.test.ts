/** What users install: the packed files, their types, how they load, what they depend on. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import ts from 'typescript';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import lock from '../../package-lock.json' with { type: 'json' };
import { compile } from './compile.ts';
import { node } from './run.ts';
import { list } from './source.ts';

const consumer = inject('consumer');
const peered = inject('peered');
const installed = join(consumer, 'node_modules', 'evertoken');
/** The root, and each folder of `src/` with an `index.ts`. */
const entries = list('src')
  .filter((path) => /^(?:[^/]+\/)?index\.ts$/.test(path))
  .map((path) => path.replace(/\/?index\.ts$/, '') || 'index');

/** Packs the package once more, with the choice of one condition made; attw knows no conditions of its own. */
function packFor(condition: string, folder: string): string {
  cpSync(installed, folder, { recursive: true });
  // `JSON.stringify` meets each object of conditions.
  const choose = (_name: string, value: unknown) => {
    const { types, [condition]: file } = Object(value) as Record<string, unknown>;
    return types && file ? { types, default: file } : value;
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, choose));
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: folder,
    shell: process.platform === 'win32',
  });
  return join(folder, `${manifest.name}-${manifest.version}.tgz`);
}

describe('packed files', () => {
  const packed = readdirSync(installed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(installed.length + 1)
        .replaceAll('\\', '/'),
    );

  test('are the build and the papers, nothing else', () => {
    const papers = ['README.md', 'LICENSE', 'CHANGELOG.md', 'package.json'];
    const built = entries.flatMap((entry) => [
      ...['js', 'cjs', 'd.ts', 'd.cts'].map((ending) => `dist/${entry}.${ending}`),
      ...['js', 'cjs'].map((ending) => `dist/development/${entry}.${ending}`),
    ]);
    expect(packed).toEqual(expect.arrayContaining([...built, ...papers]));
    const others = packed.filter(
      (path) => !papers.includes(path) && !/^dist\/(?:development\/)?[^/]+\.(?:c?js|d\.c?ts)$/.test(path),
    );
    expect(others).toEqual([]);
  });

  describe.for(['default', 'development'])('as who sets the condition %s finds them', (condition) => {
    let folder = '';
    let tarball = '';
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'evertoken-condition-'));
      tarball = packFor(condition, folder);
      return () => rmSync(folder, { recursive: true });
    });

    test('publint has nothing to say', async () => {
      const { buffer } = Uint8Array.from(readFileSync(tarball));
      const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
      expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
    });

    test('the types are not wrong', () => {
      const command = [resolve('node_modules/@arethetypeswrong/cli/dist/index.js'), tarball];
      const options = ['--profile', 'node16', '--format', 'ascii', '--no-color', '--no-emoji'];
      const { status, stdout, stderr } = spawnSync(process.execPath, [...command, ...options], {
        encoding: 'utf8',
      });
      expect(status, stdout + stderr).toBe(0);
      expect(stdout).not.toMatch(/no types/i);
    });
  });

  test.for(packed.filter((path) => /\.d\.c?ts$/.test(path)))('%s names no dependency', (path) => {
    const lines = readFileSync(join(installed, path), 'utf8').split('\n');
    // Comments say which peer to install, and examples import it.
    const named = /\b(?:ky|mitt|jwt-decode)\b|['"](?:dpop|oauth4webapi)['"]|^(?! \*).*['"]msw\b/i;
    expect(lines.filter((line) => named.test(line))).toEqual([]);
  });
});

describe('types', () => {
  const dpop = `
    import { createTokenManager, type Refresh } from 'evertoken';
    import { type Dpop, dpop } from 'evertoken/dpop';
    declare const refresh: Refresh;
    export const proofs: Dpop = dpop('shop', { alg: 'ES256', keyPair: undefined });
    export const bound = createTokenManager({
      refresh: proofs.refresh(refresh), allow: 'https://api.example.com', attach: proofs });
    export const undo: () => void = proofs.follow(bound);
    export const send: Promise<Response> = proofs.wrap(fetch)('https://as.example.com/token', { method: 'POST' });`;
  const devtools = `
    import type { TokenManager } from 'evertoken';
    import { type DevtoolsOptions, defineDevtools, mountDevtools } from 'evertoken/devtools';
    declare const auth: TokenManager;
    const options: DevtoolsOptions = { managers: { shop: auth }, theme: undefined, open: true };
    export const undo: () => void = mountDevtools(options);
    defineDevtools();`;
  const firebase = `
    import { createTokenManager } from 'evertoken';
    import { identityToolkit, returnSecureToken } from 'evertoken/firebase';
    const toolkit = identityToolkit({ apiKey: 'key', emulatorOrigin: undefined });
    export const auth = createTokenManager({ ...toolkit, allow: 'https://api.example.com' });
    export const body: string = returnSecureToken({ method: 'POST', body: '{}' }).body;`;
  const idle = `
    import { createTokenManager, type Refresh } from 'evertoken';
    import { type IdleOptions, type IdleWarning, signOutWhenIdle } from 'evertoken/idle';
    declare const refresh: Refresh;
    const auth = createTokenManager({ refresh, allow: 'https://api.example.com' });
    const onWarn = ({ remaining, cause }: IdleWarning): string => cause + remaining;
    const options: IdleOptions = { after: 1, maxAge: undefined, onWarn, onActive: () => 1 };
    export const stop: () => void = signOutWhenIdle(auth, options);`;
  const react = `
    import { createTokenManager, type Refresh, type TokenManager } from 'evertoken';
    import { AuthProvider, RequireSession, type Session, useAuth, useSession, useTokenEvent } from 'evertoken/react';
    import { createElement } from 'react';
    declare const refresh: Refresh;
    const auth = createTokenManager({ refresh, allow: 'https://api.example.com' });
    function Inside() {
      const { status, claims, retryAt, reason }: Session = useSession();
      const found: TokenManager = useAuth();
      useTokenEvent(found, 'signed-out', (event) => event.elsewhere);
      useTokenEvent(undefined, '*', (event, payload) => [event, payload]);
      return createElement('p', null, status, claims.name, retryAt, reason);
    }
    const fallback = ({ reason }: Session) => reason ?? null;
    export const app = createElement(AuthProvider, { auth },
      createElement(RequireSession, { fallback, pending: undefined }, createElement(Inside)));`;
  const fileStores = `
    import { createTokenManager, type Refresh } from 'evertoken';
    import { fileStore, type FileStoreOptions } from 'evertoken/node';
    declare const refresh: Refresh;
    const options: FileStoreOptions = { path: undefined, encryptionKey: [new Uint8Array(32)] };
    export const auth = createTokenManager({ refresh, allow: 'https://api.example.com', store: fileStore('tool', options) });`;
  const oidc = `
    import { createTokenManager } from 'evertoken';
    import { createOidcClient, OidcError, type OidcErrorCode, type SignInResult } from 'evertoken/oidc';
    const issuer = 'https://as.example.com';
    const client = createOidcClient({ issuer, clientId: 'spa', redirectUri: 'https://app.example.com/', storage: sessionStorage });
    const { refresh, revoke } = client;
    export const auth = createTokenManager({ refresh, revoke, allow: 'https://api.example.com' });
    auth.on('step-up-required', ({ challenge }) => client.signInRedirect({ challenge, returnTo: location.href }));
    export const result: Promise<SignInResult | undefined> = client.handleRedirect();
    result.then((taken) => taken && auth.signIn(taken.tokens));
    export const code = (error: unknown): OidcErrorCode | false => error instanceof OidcError && error.code;`;

  // Of its msw, because that is not imported: neither by the package, nor by its types.
  const testing = `
    import { createAuthorizationServer, describeStore, type StoreSubject } from 'evertoken/testing';
    declare const http: { all(path: RegExp | string, resolver: (info: { request: Request; params: { id: string } }) => Response | void | Promise<Response | void>): 'handler' };
    const server = createAuthorizationServer({ accessTokenLifetime: 500, reuseInterval: undefined });
    export const handlers: 'handler'[] = [...server.handlers(http), http.all('/me', server.guard(({ params, session }) => Response.json([params['id'], session.subject])))];
    server.failNextRefresh('invalid_grant', { times: 2 });
    export const outcomes: ('done' | 'refused' | 'reused' | 'failed')[] = server.refreshes.map(({ outcome }) => outcome);
    declare const subject: StoreSubject;
    declare const runner: { describe(name: string, body: () => void): void; test(name: string, body: () => Promise<void>): void };
    describeStore('a row', subject, runner);`;

  const { ESNext, Node16, NodeNext } = ts.ModuleKind;
  const { Bundler } = ts.ModuleResolutionKind;
  const modes: { name: string; ending: string; options: ts.CompilerOptions }[] = [
    { name: 'bundler', ending: 'ts', options: { module: ESNext, moduleResolution: Bundler } },
    { name: 'node16, ESM', ending: 'mts', options: { module: Node16 } },
    { name: 'node16, CommonJS', ending: 'cts', options: { module: Node16 } },
    { name: 'nodenext, ESM', ending: 'mts', options: { module: NodeNext } },
  ];

  test.for(modes)('serve a strict consumer without other types: $name', ({ ending, options }) => {
    const texts = [...list('test/types'), '../house/consumer.ts'].map((path) => [
      path.replace(/^.*\//, '').replace(/ts$/, ending),
      readFileSync(join('test/types', path), 'utf8'),
    ]);
    const samples = Object.entries({ devtools, dpop, firebase, idle, node: fileStores, oidc, testing });
    samples.push(['react', react]);
    const own = [...texts, ...samples.map(([name, text]) => [`${name}.${ending}`, text])];
    // The types of evertoken/react name those of React.
    const files = own.map(([name = '', text = '']) => [
      join(text.includes("'evertoken/react'") ? peered : consumer, name).replaceAll('\\', '/'),
      text,
    ]);
    const errors = compile(Object.fromEntries(files), {
      ...options,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      types: [],
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
    });
    expect(errors).toEqual([]);
  });
});

describe('loading', () => {
  /** Signs in with a JWT that says it lives a minute, and prints what an app would see. */
  const story = `
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const jwt = [encode({ alg: 'none' }), encode({ iat: 1, exp: 61 }), 'x'].join('.');
    const auth = evertoken.createTokenManager({ refresh: async () => ({}), allow: 'https://api.example.com' });
    const seen = [];
    auth.on('signed-in', ({ cause }) => seen.push(cause));
    auth.signIn({ access_token: jwt }).then(() => {
      const known = auth.tokens.expiresAt > Date.now();
      auth.close();
      console.log(typeof evertoken.refreshEndpoint, auth.tokens?.accessToken === jwt || 'closed', known, seen.join());
    });`;

  test.for([
    ['app.mjs', "import * as evertoken from 'evertoken';"],
    ['app.cjs', "const evertoken = require('evertoken');"],
  ] as const)('works in %s', ([name, first]) => {
    expect(node(name, first + story)).toMatch(/^function (?:true|closed) true local$/);
  });

  test('ESM and CommonJS export the same names', () => {
    const print = 'console.log(Object.keys(evertoken).sort().join());';
    const names = node('names.mjs', `import * as evertoken from 'evertoken'; ${print}`);
    const errors = ['TokenError', 'asTokenError'];
    const stores = ['cookieStore', 'keyValueStore', 'memoryStore', 'tokenStore', 'webStore'];
    const others = [
      'bearer',
      'claimsOf',
      'createTokenManager',
      'explain',
      'refreshEndpoint',
      'revokeEndpoint',
    ];
    expect(names).toBe([...errors, ...stores, ...others].sort().join());
    expect(node('names.cjs', `const evertoken = require('evertoken'); ${print}`)).toBe(names);
  });

  test('without the optional peers works for those that need none; the error of another names its own', () => {
    const probe = (
      entry: string,
    ) => `import('${entry}').then((names) => console.log(Object.keys(names).length),
      (error) => console.log(error.code, error.message));`;
    expect(node('root.mjs', probe('evertoken'))).toBe('13');
    expect(node('firebase.mjs', probe('evertoken/firebase'))).toBe('2');
    expect(node('redis.mjs', probe('evertoken/redis'))).toBe('1');
    expect(node('testing.mjs', probe('evertoken/testing'))).toBe('3');
    expect(node('entry.mjs', probe('evertoken/dpop'))).toMatch(/^ERR_MODULE_NOT_FOUND .*'dpop'/);
    expect(node('entry.mjs', probe('evertoken/dpop'), peered)).toBe('1');
    expect(node('idle.mjs', probe('evertoken/idle'))).toBe('1');
    expect(node('react.mjs', probe('evertoken/react'))).toMatch(/^ERR_MODULE_NOT_FOUND .*'react'/);
    expect(node('react.mjs', probe('evertoken/react'), peered)).toBe('5');
  });

  test.for([
    ['devtools.mjs', "import { mountDevtools } from 'evertoken/devtools';"],
    ['devtools.cjs', "const { mountDevtools } = require('evertoken/devtools');"],
  ] as const)('evertoken/devtools does nothing on a server, in %s', ([name, first]) => {
    expect(node(name, `${first} console.log(mountDevtools()());`)).toBe('undefined');
  });

  test.for([
    ['firebase.mjs', "import { returnSecureToken } from 'evertoken/firebase';"],
    ['firebase.cjs', "const { returnSecureToken } = require('evertoken/firebase');"],
  ] as const)('evertoken/firebase works in %s', ([name, first]) => {
    const print = "console.log(returnSecureToken({ body: '{}' }).body);";
    expect(node(name, `${first} ${print}`)).toBe('{"returnSecureToken":true}');
  });

  test.for([
    ['node.mjs', "import { fileStore } from 'evertoken/node';"],
    ['node.cjs', "const { fileStore } = require('evertoken/node');"],
  ] as const)('evertoken/node works in %s', ([name, first]) => {
    const print = "try { fileStore('../tool') } catch (error) { console.log(error.name) }";
    expect(node(name, `${first} ${print}`)).toBe('TypeError');
  });

  test.for([
    ['dpop.mjs', "import { dpop } from 'evertoken/dpop';"],
    ['dpop.cjs', "const { dpop } = require('evertoken/dpop');"],
  ] as const)('evertoken/dpop works in %s', ([name, first]) => {
    const print = "dpop('shop').thumbprint().then((jkt) => console.log(jkt.length));";
    expect(node(name, `${first} ${print}`, peered)).toBe('43');
  });

  test.for([
    ['oidc.mjs', "import { createOidcClient } from 'evertoken/oidc';"],
    ['oidc.cjs', "const { createOidcClient } = require('evertoken/oidc');"],
  ] as const)(
    'evertoken/oidc works in %s with oauth4webapi, and names it where it is missing',
    ([name, first]) => {
      const server = {
        issuer: 'https://as.example.com',
        authorization_endpoint: 'https://as.example.com/auth',
      };
      const options = JSON.stringify({ server, clientId: 'spa', redirectUri: 'https://app.example.com/' });
      const story = `
      const items = new Map();
      const storage = { getItem: (k) => items.get(k), setItem: (k, v) => items.set(k, v), removeItem: (k) => items.delete(k) };
      createOidcClient({ ...${options}, storage, navigate: (url) => console.log(url) }).signInRedirect();`;
      expect(node(name, first + story, peered)).toMatch(
        /^https:\/\/as\.example\.com\/auth\?.*code_challenge=/,
      );
      expect(() => node(name, first)).toThrow(/oauth4webapi/);
    },
  );

  test.for(['dist/react.js', 'dist/react.cjs', 'dist/development/react.js', 'dist/development/react.cjs'])(
    '%s opens with the directive by which a server of components leaves it to the page',
    (path) => {
      expect(readFileSync(join(installed, path), 'utf8')).toMatch(/^'use client';\n/);
    },
  );

  test.for([
    [
      'react.mjs',
      "import { createElement } from 'react'; import { renderToString } from 'react-dom/server'; import { createTokenManager } from 'evertoken'; import { RequireSession } from 'evertoken/react';",
    ],
    [
      'react.cjs',
      "const { createElement } = require('react'); const { renderToString } = require('react-dom/server'); const { createTokenManager } = require('evertoken'); const { RequireSession } = require('evertoken/react');",
    ],
  ] as const)('evertoken/react renders on a server in %s', ([name, first]) => {
    const story = `
      const auth = createTokenManager({ refresh: async () => ({}), allow: 'https://api.example.com' });
      console.log(renderToString(createElement(RequireSession, { auth, fallback: 'login', pending: 'skeleton' })));`;
    expect(node(name, first + story, peered)).toBe('skeleton');
  });

  test.for([
    [
      'idle.mjs',
      "import { signOutWhenIdle } from 'evertoken/idle'; import { createTokenManager } from 'evertoken';",
    ],
    [
      'idle.cjs',
      "const { signOutWhenIdle } = require('evertoken/idle'); const { createTokenManager } = require('evertoken');",
    ],
  ] as const)('evertoken/idle works in %s, and keeps no process alive', ([name, first]) => {
    const story = `
      const auth = createTokenManager({ refresh: async () => ({}), allow: 'https://api.example.com' });
      auth.signIn({ access_token: 'a' }).then(() => { signOutWhenIdle(auth, { after: 1e9, maxAge: 1e9 }); console.log(auth.status); });`;
    expect(node(name, first + story)).toBe('signed-in');
  });

  test.for([
    ['probe.mjs', "await import('evertoken')"],
    ['probe.cjs', "require('evertoken')"],
    ['probe-devtools.mjs', "await import('evertoken/devtools')"],
    ['probe-devtools.cjs', "require('evertoken/devtools')"],
    ['probe-dpop.mjs', "await import('evertoken/dpop')"],
    ['probe-dpop.cjs', "require('evertoken/dpop')"],
    ['probe-firebase.mjs', "await import('evertoken/firebase')"],
    ['probe-firebase.cjs', "require('evertoken/firebase')"],
    ['probe-node.mjs', "await import('evertoken/node')"],
    ['probe-node.cjs', "require('evertoken/node')"],
    ['probe-oidc.mjs', "await import('evertoken/oidc')"],
    ['probe-oidc.cjs', "require('evertoken/oidc')"],
    ['probe-redis.mjs', "await import('evertoken/redis')"],
    ['probe-redis.cjs', "require('evertoken/redis')"],
    ['probe-testing.mjs', "await import('evertoken/testing')"],
    ['probe-testing.cjs', "require('evertoken/testing')"],
    ['probe-react.mjs', "await import('evertoken/react')"],
    ['probe-react.cjs', "require('evertoken/react')"],
    ['probe-idle.mjs', "await import('evertoken/idle')"],
    ['probe-idle.cjs', "require('evertoken/idle')"],
  ] as const)('has no side effect: %s', ([name, load]) => {
    const probe = `
      void [Request, process.stdin, process.stdout, process.stderr]; // Node opens a pipe when they are first looked at
      const did = [];
      const spy = (target, ...names) => {
        for (const name of names) Object.defineProperty(target, name, { value: () => did.push(name) });
      };
      spy(EventTarget.prototype, 'addEventListener');
      spy(globalThis, 'addEventListener', 'setTimeout', 'setInterval', 'setImmediate', 'BroadcastChannel', 'fetch');
      if (navigator.locks) spy(navigator.locks, 'request', 'query');
      for (const name of ['indexedDB', 'crypto']) Object.defineProperty(globalThis, name, { get: () => did.push(name) });
      const state = () => [Object.getOwnPropertyNames(globalThis), process.eventNames()].join();
      const handles = () => process.getActiveResourcesInfo().filter((kind) => !/Promise|FSReq/.test(kind)).length;
      const before = [state(), handles()];
      ${load};
      if (before[0] !== state()) did.push('globals or listeners of the process');
      if (before[1] < handles()) did.push('handles');
      console.log(did.join() || 'nothing');`;
    expect(node(name, probe, peered)).toBe('nothing');
    expect(manifest.sideEffects).toBe(false);
  });
});

test('the package says where it is at home, in one word', () => {
  const { homepage, bugs, repository } = manifest;
  const home = homepage.replace(/#readme$/, '');
  expect(home).toMatch(/^https:\/\/[\w.]+\/evertoken\/evertoken$/);
  expect([bugs, repository]).toEqual([`${home}/issues`, { type: 'git', url: `git+${home}.git` }]);
});

describe('dependencies', () => {
  test('are ky, jwt-decode and mitt', () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual(['jwt-decode', 'ky', 'mitt']);
  });

  test('of further entry points are optional peers: dpop, ioredis, msw, oauth4webapi, react, redis', () => {
    const { peerDependencies, peerDependenciesMeta } = manifest;
    const peers = ['dpop', 'ioredis', 'msw', 'oauth4webapi', 'react', 'redis'];
    expect(Object.keys(peerDependencies)).toEqual(peers);
    expect(peerDependenciesMeta).toEqual(Object.fromEntries(peers.map((peer) => [peer, { optional: true }])));
  });

  test('are ranges, so that a fix of one needs no release here; the lock file keeps what is tested exact', () => {
    const { dependencies, devDependencies } = manifest;
    const versions = (packages: object) => Object.values(packages).join(' ');
    expect(versions(dependencies)).toMatch(/^(?:\^\d+\.\d+\.\d+ ?)+$/);
    expect(versions(devDependencies)).toMatch(/^(?:\d+\.\d+\.\d+ ?)+$/);
    expect(lock.packages['']).toMatchObject({ dependencies, devDependencies });
  });

  test('no file of the repository knows the machine it was made on, or the registry', () => {
    const git = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    const files = execFileSync('git', git, { encoding: 'utf8' })
      .split('\0')
      .filter((path) => path && existsSync(path));
    const homes = [`${process.cwd()}/`, `${homedir()}/`].filter((path) => path.length > 4);
    const telling = files.filter((path) => {
      const text = readFileSync(path, 'utf8');
      return (
        homes.some((home) => text.includes(home)) ||
        /"resolved": "https?:|\bregistry\.(?:npmjs|yarnpkg|npmmirror)\.|["'\s](?:file:\/\/)?\/(?:home|Users)\/\w+\//.test(
          text,
        )
      );
    });
    expect(files.length).toBeGreaterThan(0);
    expect(telling).toEqual([]);
    expect(readFileSync('.npmrc', 'utf8').split('\n')).toContain('omit-lockfile-registry-resolved=true');
  });
});
