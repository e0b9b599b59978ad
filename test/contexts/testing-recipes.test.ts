/** docs/testing.md: its recipes for Vitest in a browser and for Playwright, run as they stand there. */
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import type { AuthorizationServer } from 'evertoken/testing';
import * as testing from 'evertoken/testing';
import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { listenOnLoopback } from '../../examples/demo/loopback.ts';
import { recipeOf, runRecipe } from '../support/recipe.ts';
import { args, chromium, launchChromium } from './support/chromium.ts';
import { bundleText, html } from './support/site.ts';

const require = createRequire(import.meta.url);

const isMissing = !chromium.program && process.env['EVERTOKEN_BROWSERS'] !== 'required';

describe.skipIf(isMissing)('in Chromium', () => {
  test('Vitest in a browser, with the worker of msw', async () => {
    const folder = mkdtempSync(join(inject('peered'), 'with-browser-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
    mkdirSync(join(folder, 'node_modules', '@vitest'), { recursive: true });
    for (const name of ['vitest', 'playwright', '@vitest/browser-playwright'])
      symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name), 'junction');
    mkdirSync(join(folder, 'public'));
    // What `npx msw init public` does.
    copyFileSync(require.resolve('msw/mockServiceWorker.js'), join(folder, 'public', 'mockServiceWorker.js'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'app.test.ts'), recipeOf('docs/testing.md', 'Vitest in a browser'));
    const own = { launchOptions: { executablePath: chromium.program, args } };
    const config = recipeOf('docs/testing.md', "Vitest's configuration for a browser", {
      'playwright()': `playwright(${JSON.stringify(own)})`,
      // The packages are links to where they are installed.
      'defineConfig({': 'defineConfig({ server: { fs: { strict: false } },',
    });
    writeFileSync(join(folder, 'vitest.config.ts'), config);
    const vitest = join(require.resolve('vitest/package.json'), '..', 'vitest.mjs');
    const env = { ...process.env, NODE_ENV: undefined, VITEST: undefined };
    const child = spawn(process.execPath, [vitest, 'run', '--no-color'], { cwd: folder, env });
    onTestFinished(() => void child.kill());
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(stdout, stderr).toMatch(/Tests +1 passed \(1\)/);
  });

  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  /** A page whose app signs in by redirect, or takes the tokens it is given. */
  async function openPage() {
    const script = await bundleText(`
      import { createTokenManager, refreshEndpoint, webStore } from 'evertoken';
      import { createOidcClient } from 'evertoken/oidc';
      const [issuer, clientId] = ['https://as.example.com', 'spa'];
      export const client = createOidcClient({ issuer, clientId, redirectUri: location.origin + '/callback' });
      export const auth = createTokenManager({
        refresh: refreshEndpoint({ url: issuer + '/token', clientId }), allow: 'https://api.example.com', store: webStore('shop') });
      export const name = async () => (await (await auth.fetch('https://api.example.com/me')).json()).name;`);
    const http = await listenOnLoopback();
    onTestFinished(http.close);
    http.handle(({ url }, response) => {
      response.writeHead(200, { 'content-type': url === '/app.js' ? 'text/javascript' : 'text/html' });
      response.end(url === '/app.js' ? script : html('<body><script src="/app.js"></script>'));
    });
    const { server, serve } = runRecipe<{
      server: AuthorizationServer;
      serve(context: BrowserContext): Promise<unknown>;
    }>('docs/testing.md', 'Playwright', {}, { 'evertoken/testing': testing });
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    await serve(context);
    const page = await context.newPage();
    const origin = http.origin.replace('127.0.0.1', 'localhost');
    await page.goto(origin);
    return { server, page, origin };
  }

  test('Playwright: requests of the page reach the server in the test', async () => {
    const { server, page } = await openPage();
    const issued = JSON.stringify(await server.issue({ subject: 'ann' }));
    await page.evaluate(`recipe.auth.signIn(${issued})`);
    expect(await page.evaluate('recipe.name()')).toBe('ann');
    server.expireAccessToken();
    expect(await page.evaluate('Promise.all([recipe.name(), recipe.name()])')).toEqual(['ann', 'ann']);
    expect(server.refreshes).toMatchObject([{ format: 'form', outcome: 'done' }]);
    server.failNextRefresh('offline', { times: 20 });
    const failed = 'recipe.auth.refresh().catch(({ code }) => code)';
    expect(await page.evaluate(failed)).toBe('refresh-failed');
    server.reset();
    expect(await page.evaluate('recipe.auth.refresh().catch(({ code }) => code)')).toBe('session-ended');
  });

  test('Playwright: a sign-in by redirect comes back at once', async () => {
    const { page, origin } = await openPage();
    await page.evaluate("void recipe.client.signInRedirect({ loginHint: 'ann' })");
    await page.waitForURL(`${origin}/callback**`);
    const tokens = await page.evaluate(`recipe.client.handleRedirect().then(async ({ tokens, claims }) => {
      await recipe.auth.signIn(tokens);
      return [claims.sub, await recipe.name()];
    })`);
    expect(tokens).toEqual(['ann', 'ann']);
  });
});
