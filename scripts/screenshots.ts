/** `npm run demo:screenshots`: the pictures of the README, light and dark, taken of the running playground in Chromium. */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { startPlayground } from '../examples/playground/playground.ts';
import { findProgram } from '../test/contexts/support/program.ts';
import { findPort } from '../test/support/port.ts';

const folder = new URL('../docs/images/', import.meta.url);
const executablePath = findProgram('chromium', 'chromium-browser', 'google-chrome');
if (!executablePath) throw new Error('Chromium is not installed: there is no chromium on PATH');

/** Signs in, has the token expire, and takes what is to be seen then. */
async function take(browser: Browser, url: string, colorScheme: 'light' | 'dark'): Promise<void> {
  const context = await browser.newContext({ colorScheme, viewport: { width: 1080, height: 860 } });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.fill('[name=login]', 'ann');
  await page.fill('[name=password]', 'any will do');
  await page.click('[type=submit]');
  await page.click('[type=submit]');
  await page.getByText('Adele, of ann').waitFor();
  const panel = page.locator('evertoken-devtools');
  await panel.getByRole('button', { name: 'Clear' }).click();
  await page.getByRole('button', { name: 'Expire the token' }).click();
  await panel.getByText(/^200 GET .*ms$/).waitFor();
  // The clock and the ports are others each time; nothing else is.
  await page.screenshot({ path: fileURLToPath(new URL(`playground-${colorScheme}.png`, folder)) });
  await context.close();
}

await mkdir(folder, { recursive: true });
const playground = await startPlayground({ port: await findPort(), isWatching: false });
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
try {
  for (const scheme of ['light', 'dark'] as const) await take(browser, playground.url, scheme);
} finally {
  await browser.close();
  await playground.close();
}
