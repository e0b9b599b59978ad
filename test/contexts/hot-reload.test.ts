/** The code of docs/server-rendering.md for hot reload, run as it stands there in a page of Vite's development server. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'vite';
import { expect, inject, onTestFinished, test } from 'vitest';
import { recipeOf } from '../support/recipe.ts';
import { inEveryEngine } from './support/engines.ts';
import { html } from './support/site.ts';

/** A module that can be replaced, as those of UI frameworks can; it keeps every manager that it was given. */
const main = `import { auth } from './auth.ts';
(globalThis.managers ??= []).push(auth);
import.meta.hot.accept();`;

/** A page with this module behind it, and what saves the module once more. */
async function startProject(text: string) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'evertoken-hot-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  let edits = 0;
  const save = () => writeFileSync(join(root, 'auth.ts'), `${text}\n// ${++edits}\n`);
  save();
  writeFileSync(join(root, 'main.ts'), main);
  writeFileSync(join(root, 'index.html'), html('<script type="module" src="/main.ts"></script>'));
  const installed = join(inject('consumer'), 'node_modules');
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    cacheDir: join(root, 'cache'),
    server: { port: 0, host: 'localhost', fs: { strict: false } },
    resolve: { alias: { evertoken: join(installed, 'evertoken') } },
  });
  onTestFinished(() => server.close());
  await server.listen();
  return { url: `${server.resolvedUrls?.local[0]}`, save };
}

inEveryEngine(
  'hot reload',
  (browser) => {
    test.for([
      { heading: 'Hot reload with a store', managers: 2, closed: true },
      { heading: 'Hot reload without a store', managers: 1, closed: false },
    ])(
      'docs/server-rendering.md, $heading: the session goes on, and nothing is left behind',
      async ({ heading, managers, closed }) => {
        const { url, save } = await startProject(recipeOf('docs/server-rendering.md', heading));
        const tab = await browser().open(url);
        onTestFinished(() => tab.close());
        await expect.poll(() => tab.evaluate('globalThis.managers?.length')).toBe(1);
        await tab.evaluate(`managers[0].signIn({ access_token: 'token', refresh_token: 'refresh' })`);
        save();
        await expect.poll(() => tab.evaluate('managers.length')).toBe(2);
        expect(await tab.evaluate('new Set(managers).size')).toBe(managers);
        expect(await tab.evaluate('managers[1].getAccessToken()')).toBe('token');
        const first = await tab.evaluate('managers[0].getAccessToken().catch(({ code }) => code)');
        expect(first).toBe(closed ? 'closed' : 'token');
      },
    );
  },
  { except: ['Firefox', 'WebKitGTK'] },
);
