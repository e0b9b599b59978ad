/** The recipes of docs/frameworks.md, compiled by each framework's own compiler, bundled for a page and run in one. */
import '@angular/compiler';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';
import * as angular from '@angular/core';
import { build, type Plugin } from 'esbuild';
import * as evertoken from 'evertoken';
import { JSDOM } from 'jsdom';
import { compile, preprocess } from 'svelte/compiler';
import ts from 'typescript';
import { expect, onTestFinished, test, vi } from 'vitest';
import { compileScript, parse } from 'vue/compiler-sfc';
import { counting, createAuth, tokensOf } from '../test/support/react.ts';

const page = readFileSync('docs/frameworks.md', 'utf8');

const require = createRequire(import.meta.url);

type Side = 'client' | 'server';

/** The code block with this name. */
function block(name: string): string {
  const found = new RegExp(`^\`\`\`\\w+ ${name.replace('.', '\\.')}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(
    page,
  )?.[1];
  if (!found) throw new Error(`docs/frameworks.md has no ${name}`);
  return found;
}

const plain = (text: string) =>
  ts.transpileModule(text, {
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2022,
      verbatimModuleSyntax: true,
    },
  }).outputText;

async function compileSvelte(text: string, generate: Side): Promise<string> {
  const { code } = await preprocess(text, { script: ({ content }) => ({ code: plain(content) }) });
  return compile(code.replace(' lang="ts"', ''), { filename: 'App.svelte', generate }).js.code;
}

function compileVue(text: string, side: Side): string {
  const { descriptor } = parse(text, { filename: 'App.vue' });
  const templateOptions = { ssr: side === 'server', ssrCssVars: [] };
  return compileScript(descriptor, { id: 'app', inlineTemplate: true, templateOptions }).content;
}

/** The recipe's modules, and the manager of the test. */
const recipeFor = (side: Side): Plugin => ({
  name: 'recipe',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\/(?:auth|session-\w+|App\.\w+)$/ }, ({ path }) => ({
      path: path.slice(2),
      namespace: 'recipe',
    }));
    onLoad({ filter: /./, namespace: 'recipe' }, async ({ path }) => {
      const resolveDir = process.cwd();
      if (path === 'auth') return { contents: 'export const { auth } = globalThis;', resolveDir };
      if (path === 'App.svelte') return { contents: await compileSvelte(block(path), side), resolveDir };
      if (path === 'App.vue') return { contents: compileVue(block(path), side), loader: 'ts', resolveDir };
      return { contents: block(`${path}.ts`), loader: 'ts', resolveDir };
    });
  },
});

/** Runs the script of a page or of a server. Answers what it exports. */
async function run<T>(contents: string, auth: evertoken.TokenManager, side: Side = 'client'): Promise<T> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    write: false,
    format: 'cjs',
    platform: side === 'client' ? 'browser' : 'node',
    conditions: [...(side === 'client' ? ['browser'] : []), 'production'],
    define: { __DEVELOPMENT__: 'false', 'process.env.NODE_ENV': '"production"' },
    plugins: [recipeFor(side)],
  });
  const exports = {};
  vi.stubGlobal('auth', auth);
  const module = { exports };
  compileFunction(outputFiles[0]?.text ?? '', ['exports', 'module', 'require'])(exports, module, require);
  return module.exports as T;
}

/** What is shown in a page of its own, and how often that changed. */
function createRoot(html = '') {
  // esbuild does not run in the environment that is a page altogether.
  const { window } = new JSDOM('', { url: 'http://localhost/' });
  for (const name of Object.getOwnPropertyNames(window))
    if (!(name in globalThis)) vi.stubGlobal(name, window[name as never]);
  const { document, MutationObserver } = window;
  const root = document.createElement('div');
  root.innerHTML = html;
  let changes = 0;
  const observer = new MutationObserver((records) => {
    changes += records.length;
  });
  observer.observe(root, { childList: true, subtree: true, characterData: true });
  onTestFinished(() => observer.disconnect());
  vi.stubGlobal('root', root);
  return { shows: () => root.textContent?.trim(), changes: () => changes };
}

const pages = {
  Vue: `import { createApp } from 'vue'; import App from './App.vue';
    const app = createApp(App); app.mount(globalThis.root); globalThis.unmount = () => app.unmount();`,
  Svelte: `import { mount, unmount } from 'svelte'; import App from './App.svelte';
    const app = mount(App, { target: globalThis.root }); globalThis.unmount = () => unmount(app);`,
  Solid: `import { createEffect, createRoot } from 'solid-js'; import { auth } from './auth';
    import { createSession } from './session-solid';
    globalThis.unmount = createRoot((dispose) => {
      const session = createSession(auth);
      createEffect(() => {
        const { status, name, reason } = session;
        globalThis.root.textContent = status === 'signed-in' ? 'Hello ' + name : 'Sign in (' + reason + ')';
      });
      return dispose;
    });`,
};

test.for(Object.entries(pages))(
  'docs/frameworks.md, %s: shows who is signed in and why not, and nothing anew for a refresh',
  async ([, contents]) => {
    const { auth, counts } = counting(createAuth().auth);
    const { shows, changes } = createRoot();
    await run(contents, auth);
    await vi.waitFor(() => expect(shows()).toBe('Sign in ()'));
    await auth.signIn(tokensOf());
    await vi.waitFor(() => expect(shows()).toBe('Hello Zoë'));
    const before = changes();
    for (let times = 0; times < 5; times++) await auth.refresh();
    await new Promise((resolve) => setTimeout(resolve));
    expect(changes()).toBe(before);
    await auth.signOut();
    await vi.waitFor(() => expect(shows()).toBe('Sign in (local)'));
    await (globalThis as unknown as { unmount(): unknown }).unmount();
    expect(counts.listeners).toBe(0);
  },
);

/** What a server renders, and how the page takes it over. */
const rendered = {
  Vue: [
    `import { createSSRApp } from 'vue'; import { renderToString } from 'vue/server-renderer'; import App from './App.vue';
    export const render = () => renderToString(createSSRApp(App));`,
    `import { createSSRApp } from 'vue'; import App from './App.vue';
    const app = createSSRApp(App); app.mount(globalThis.root); globalThis.unmount = () => app.unmount();`,
  ],
  Svelte: [
    `import { render as html } from 'svelte/server'; import App from './App.svelte';
    export const render = () => html(App).body;`,
    `import { hydrate, unmount } from 'svelte'; import App from './App.svelte';
    const app = hydrate(App, { target: globalThis.root }); globalThis.unmount = () => unmount(app);`,
  ],
  Solid: [
    `import { createRoot } from 'solid-js'; import { auth } from './auth'; import { createSession } from './session-solid';
    export const render = () => createRoot((dispose) => {
      const { status } = createSession(auth);
      return status === 'unknown' ? '' : 'Sign in';
    });`,
  ],
} as const;

test.for(Object.entries(rendered))(
  'R57, docs/frameworks.md, %s: a server renders nobody and keeps no listener, and the page takes it over quietly',
  async ([, [onServer, inPage]]) => {
    const { auth: shared, counts: left } = counting(createAuth().auth);
    const { render } = await run<{ render(): string | Promise<string> }>(onServer, shared, 'server');
    const html = await render();
    expect(html).not.toContain('Sign in');
    await render();
    expect(left.listeners).toBe(0);
    if (!inPage) return;

    const { auth, counts } = counting(createAuth().auth);
    await auth.signIn(tokensOf());
    const { shows } = createRoot(html);
    const said = (['warn', 'error'] as const).map((name) => vi.spyOn(console, name));
    await run(inPage, auth);
    await vi.waitFor(() => expect(shows()).toBe('Hello Zoë'));
    for (const words of said) expect(words).not.toHaveBeenCalled();
    await (globalThis as unknown as { unmount(): unknown }).unmount();
    expect(counts.listeners).toBe(0);
  },
);

test('docs/frameworks.md, Angular: signals of status, name and reason, gone with their injector', async () => {
  const { auth, counts } = counting(createAuth().auth);
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(block('session-angular.ts'), { compilerOptions });
  const exports = {} as {
    injectSession(given: typeof auth): Record<'status' | 'name' | 'reason', () => unknown>;
  };
  const modules: Record<string, object> = { '@angular/core': angular, evertoken };
  compileFunction(outputText, ['require', 'exports'])((name: string) => modules[name], exports);

  const { createEnvironmentInjector, Injector, runInInjectionContext } = angular;
  const injector = createEnvironmentInjector([], Injector.NULL as angular.EnvironmentInjector);
  const session = runInInjectionContext(injector, () => exports.injectSession(auth));
  const seen = angular.computed(() => [session.status(), session.name(), session.reason()]);
  expect(seen()).toEqual(['signed-out', undefined, '']);
  await auth.signIn(tokensOf());
  const signedIn = seen();
  expect(signedIn).toEqual(['signed-in', 'Zoë', '']);
  await auth.refresh();
  expect(seen()).toBe(signedIn);
  await auth.signOut();
  expect(seen()).toEqual(['signed-out', undefined, 'local']);
  injector.destroy();
  expect(counts.listeners).toBe(0);
});
