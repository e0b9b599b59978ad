/** The first example of docs/react.md, as a new user has it: in a page of Vite's, before a real authorization server. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'vite';
import { expect, inject, onTestFinished, test } from 'vitest';
import { listenOnLoopback } from '../../examples/demo/loopback.ts';
import { blocks } from '../house/blocks.ts';
import { startLoopback } from '../support/loopback.ts';
import { inEveryEngine } from './support/engines.ts';
import { html } from './support/site.ts';
import { click, press, shows } from './support/user.ts';

/** The two files of the example. */
function example(): { auth: string; app: string } {
  const found = Object.entries(blocks('docs/react.md'));
  const named = (name: string) => found.find(([path]) => path.endsWith(`/docs/${name}`))?.[1] ?? '';
  return { auth: named('auth.ts'), app: named('App.tsx') };
}

/** What the template has, and a probe that writes down what is shown. */
const main = `import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import App from './App.tsx';
createRoot(document.getElementById('root')).render(<StrictMode><App /></StrictMode>);`;
const probe = `globalThis.shown = [];
const look = () => globalThis.shown.push(document.getElementById('root').innerText);
new MutationObserver(look).observe(document.getElementById('root'), { childList: true, subtree: true });
globalThis.troubles = [];
addEventListener('error', ({ message }) => globalThis.troubles.push(message));
const { error } = console;
console.error = (...words) => { globalThis.troubles.push(words.join(' ')); error(...words); };
const { auth } = await import('./auth.ts');
globalThis.auth = auth;`;
const body =
  '<div id="root"></div><script type="module" src="/src/probe.ts"></script><script type="module" src="/src/main.tsx"></script>';

/** An API with a list, for whoever has a good token. */
async function startItems(judge: string): Promise<string> {
  const http = await listenOnLoopback();
  onTestFinished(http.close);
  const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' };
  http.handle(async ({ method, headers }, response) => {
    if (method === 'OPTIONS') return void response.writeHead(204, cors).end();
    const { authorization = '' } = headers;
    const { status } = await fetch(`${judge}/items`, { headers: { authorization } });
    response.writeHead(status, { ...cors, 'content-type': 'application/json' });
    response.end(status === 200 ? '["tea","bread"]' : '{}');
  });
  return http.origin;
}

/** The app on Vite's development server, with the packed package. */
async function startShop(replaced: Record<string, string>): Promise<string> {
  const root = join(inject('peered'), 'shop');
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, 'src'), { recursive: true });
  const { auth, app } = example();
  const own = (text: string) =>
    Object.entries(replaced).reduce((changed, [from, to]) => changed.replaceAll(from, to), text);
  writeFileSync(join(root, 'index.html'), html(body));
  writeFileSync(join(root, 'tsconfig.json'), '{ "compilerOptions": { "jsx": "react-jsx" } }');
  const files = { 'auth.ts': own(auth), 'App.tsx': own(app), 'main.tsx': main, 'probe.ts': probe };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'src', name), text);
  const cacheDir = mkdtempSync(join(tmpdir(), 'evertoken-shop-'));
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'error',
    cacheDir,
    optimizeDeps: { include: ['react', 'react/jsx-dev-runtime', 'react-dom/client'] },
    server: { port: 0, host: 'localhost', fs: { strict: false } },
  });
  onTestFinished(async () => {
    await server.close();
    rmSync(cacheDir, { recursive: true, force: true });
    rmSync(root, { recursive: true, force: true });
  });
  await server.listen();
  return `${server.resolvedUrls?.local[0]}`;
}

test('docs/react.md: the example has fewer than 40 lines of own code', () => {
  const { auth, app } = example();
  const lines = `${auth}\n${app}`.split('\n').filter((line) => line.trim());
  expect(auth && app).toBeTruthy();
  expect(lines.length).toBeLessThan(40);
});

inEveryEngine(
  'docs/react.md',
  (browser) => {
    test('a new user has a signed-in list, two tabs that tell why a session is over, and no login page on reload', async () => {
      const world = await startLoopback();
      onTestFinished(world[Symbol.asyncDispose]);
      const { server, api } = world;
      const items = await startItems(api.url);
      const url = await startShop({
        'https://as.example.com': server.issuer,
        'https://api.example.com': items,
      });
      const first = await browser().open(url);
      onTestFinished(() => first.close());
      const signIn = async (isKnown: boolean) => {
        await press(first, 'Sign in');
        if (!isKnown)
          await click(first, 'form:has([value=login]) [type=submit]', { login: 'alice', password: 'any' });
        await click(first, 'form:has([value=consent]) [type=submit]');
        await shows(first, 'bread');
        await shows(first, 'Hello alice');
      };
      await signIn(false);

      const second = await browser().open(url);
      onTestFinished(() => second.close());
      await shows(second, 'bread');
      await second.reload();
      await shows(second, 'bread');
      // Since the reload.
      expect((await second.evaluate<string[]>('shown')).join()).not.toContain('Sign in');

      await press(first, 'Sign out');
      await shows(first, 'Sign in');
      await shows(second, 'You have signed out in another tab.');
      expect(await first.evaluate('document.body.innerText')).not.toContain('another tab');

      await signIn(true);
      await shows(second, 'bread');
      const { accessToken, refreshToken = '' } = await first.evaluate<{
        accessToken: string;
        refreshToken?: string;
      }>('auth.tokens');
      expect(refreshToken).not.toBe('');
      await world.post(server.revocationEndpoint, { token: refreshToken, token_type_hint: 'refresh_token' });
      api.deny(accessToken);
      await first.evaluate(`auth.fetch('${items}/items').catch(() => {}).then(() => {})`);
      await shows(first, 'Your session has expired.');
      await shows(second, 'Your session has expired.');
      for (const tab of [first, second]) expect(await tab.evaluate('troubles')).toEqual([]);
    });
  },
  { except: ['Firefox', 'WebKitGTK'] },
);
