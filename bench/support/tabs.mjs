/** Tabs of one Chromium profile, each with a manager of its own over `webStore`. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { dist } from './build.mjs';

export const program = ['chromium', 'chromium-browser', 'google-chrome']
  .flatMap((name) => (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../pages/tab.js', import.meta.url))],
    alias: { evertoken: join(dist, 'index.js') },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
  });
  return outputFiles[0].text;
}

export async function openBrowser(servers) {
  await servers.pages({
    '/page': { type: 'text/html', text: '<!doctype html><script type="module" src="/script"></script>' },
    '/script': { type: 'text/javascript', text: await bundle() },
  });
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  const browser = await chromium.launch({ executablePath: program, headless: true, args });
  const context = await browser.newContext();

  async function openTab(address) {
    const page = await context.newPage();
    await page.goto(address);
    await page.waitForFunction('globalThis.tab');
    const devtools = await context.newCDPSession(page);
    await devtools.send('Performance.enable');
    return {
      ask: (act, ...args) => page.evaluate(([act, args]) => globalThis.tab[act](...args), [act, args]),
      /** Seconds of script and layout since the page was opened. */
      async work() {
        const { metrics } = await devtools.send('Performance.getMetrics');
        return metrics.find(({ name }) => name === 'TaskDuration').value;
      },
    };
  }

  return {
    version: browser.version(),
    /** @param realm - Its origin is that of the page, so that no preflight is needed. */
    open({ url, tokenEndpoint }) {
      const setup = encodeURIComponent(JSON.stringify({ url, tokenEndpoint }));
      return openTab(`${servers.origin}/page?setup=${setup}`);
    },
    close: () => browser.close(),
  };
}
