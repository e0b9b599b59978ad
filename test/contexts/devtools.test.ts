/** R73: the panel in a real page, with a strict policy, in two tabs, read by a tool for accessibility. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { listenOnLoopback } from '../../examples/demo/loopback.ts';
import { chromium, launchChromium } from './support/chromium.ts';
import { bundle, html } from './support/site.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** A site whose pages may run nothing but its own script, and have no inline style. */
async function serve(condition: 'development' | 'production') {
  const script = await bundle('devtools', condition);
  const http = await listenOnLoopback();
  const page = html('<main><h1>App</h1></main><script src="/main.js"></script>').replace(
    '<!doctype html>',
    '<!doctype html><html lang="en">',
  );
  http.handle(({ url }, response) => {
    const isScript = url === '/main.js';
    const policy = "default-src 'none'; script-src 'self'; img-src data:";
    const type = isScript ? 'text/javascript' : 'text/html';
    response.writeHead(200, { 'content-type': type, 'content-security-policy': policy });
    response.end(isScript ? script : page);
  });
  return { origin: http.origin.replace('127.0.0.1', 'localhost'), close: http.close };
}

interface Violation {
  id: string;
  nodes: { html: string }[];
}

/** What the tool finds; the driver brings it in past the page's policy. */
async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(`${axe}; undefined`);
  const found = await page.evaluate<Violation[]>('axe.run().then(({ violations }) => violations)');
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describe.runIf(chromium.program)('Chromium: the panel', () => {
  let browser: Browser;
  let sites: Record<'development' | 'production', Awaited<ReturnType<typeof serve>>>;
  beforeAll(async () => {
    const [development, production] = await Promise.all([serve('development'), serve('production')]);
    sites = { development, production };
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all(Object.values(sites).map(({ close }) => close()));
  });

  async function openContext(colorScheme: 'light' | 'dark' = 'light'): Promise<BrowserContext> {
    const context = await browser.newContext({
      colorScheme,
      reducedMotion: 'reduce',
      bypassCSP: false,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    onTestFinished(() => context.close());
    return context;
  }

  /** A tab with a panel, and what its console said. */
  async function openTab(context: BrowserContext, build: keyof typeof sites = 'development') {
    const page = await context.newPage();
    const said: string[] = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', ({ message }) => said.push(message));
    await page.goto(sites[build].origin);
    await page.evaluate('mount()');
    const panel = page.locator('evertoken-devtools');
    return { page, said, panel, lines: panel.locator('ol > li .what') };
  }

  test('shows a refusal from C to D, and what happens without the token', async () => {
    const { page, said, panel, lines } = await openTab(await openContext());
    await page.evaluate('auth.ready');
    await page.evaluate('signIn()');
    expect(await page.evaluate('call("/items?secret=1", 1)')).toBe(200);
    await page.evaluate('auth.fetch("https://other.example.com/track")');
    await expect
      .poll(() => lines.allTextContents())
      .toContainEqual(expect.stringMatching(/track without our token/));
    const letters = await panel.locator('ol > li > b').allTextContents();
    expect(letters.filter(Boolean)).toEqual(['B', 'C', 'F', 'G', 'H', 'C', 'D']);
    expect(await panel.locator('.card').textContent()).toMatch(
      /shop.*signed in.*web panel.*ends in 5:00 of 5:00/,
    );
    expect(said).toEqual([]);
  });

  test('shows no token in its text, its attributes, what it copies, or any storage', async () => {
    const { page, panel } = await openTab(await openContext());
    await page.evaluate('auth.ready');
    await page.evaluate('signIn()');
    await page.evaluate('call("/items?secret=1", 1)');
    await panel.getByRole('button', { name: 'Copy as text' }).click();
    await expect.poll(() => panel.getByRole('status').textContent()).toMatch(/steps copied/);
    const copied = await page.evaluate<string>('navigator.clipboard.readText()');
    expect(copied).toMatch(/F API to this page/);
    const shown = await panel.evaluate((element) => element.outerHTML + element.shadowRoot?.innerHTML);
    expect(shown.length).toBeGreaterThan(1_000);
    const stored = await page.evaluate<string>(
      'JSON.stringify([{ ...localStorage }, { ...sessionStorage }])',
    );
    expect(shown + copied + stored).not.toContain('secret');
  });

  test.for(['light', 'dark'] as const)('axe finds nothing: %s', async (scheme) => {
    const { page, panel } = await openTab(await openContext(scheme));
    const paper = () =>
      panel.locator('section').evaluate((section) => getComputedStyle(section).backgroundColor);
    expect(await paper()).toBe(scheme === 'dark' ? 'rgb(28, 30, 34)' : 'rgb(255, 255, 255)');
    expect(await violationsOf(page)).toEqual([]);
    await page.evaluate('auth.ready');
    await page.evaluate('signIn()');
    await page.evaluate('call("/items", 2)');
    await page.evaluate('auth.fetch("https://other.example.com/")');
    await panel.locator('ol > li.quiet').last().waitFor();
    expect(await violationsOf(page)).toEqual([]);
    // The attribute has the last word.
    await panel.evaluate(
      (element, theme) => element.setAttribute('theme', theme),
      scheme === 'dark' ? 'light' : 'dark',
    );
    expect(await paper()).toBe(scheme === 'dark' ? 'rgb(255, 255, 255)' : 'rgb(28, 30, 34)');
    expect(await violationsOf(page)).toEqual([]);
    await panel.getByRole('button', { name: 'Close' }).click();
    expect(await violationsOf(page)).toEqual([]);
  });

  test('can be used with the keyboard alone', async () => {
    const { page, panel } = await openTab(await openContext());
    await panel.getByRole('button', { name: 'Close' }).press('Enter');
    const handle = panel.getByRole('button', { name: 'evertoken' });
    expect(await handle.getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('Enter');
    await page.keyboard.type('items');
    expect(await panel.getByRole('searchbox', { name: 'Filter by URL' }).inputValue()).toBe('items');
    const reached: unknown[] = [];
    for (let count = 0; count < 5; count++) {
      await page.keyboard.press('Tab');
      const name =
        "document.activeElement.shadowRoot.activeElement.getAttribute('aria-label') ?? document.activeElement.shadowRoot.activeElement.textContent";
      reached.push(await page.evaluate(name));
    }
    expect(reached).toEqual(['Pause', 'Clear', 'Copy as text', 'Close', 'Steps, the newest last']);
  });

  test('marks what another tab has done', async () => {
    const context = await openContext();
    const [one, two] = [await openTab(context), await openTab(context)];
    await Promise.all([one, two].map(({ page }) => page.evaluate('auth.ready')));
    await one.page.evaluate('signIn()');
    await expect.poll(() => two.lines.allTextContents()).toContain('signed in, elsewhere');
    await one.page.evaluate('auth.signOut()');
    await expect.poll(() => two.lines.allTextContents()).toContain('signed out, elsewhere');
    expect(await two.panel.locator('.card').textContent()).toMatch(/last end.*signed out, elsewhere/);
    expect(await one.lines.allTextContents()).not.toContain('signed out, elsewhere');
  });

  test('of the production build is a notice that says how to switch, and axe finds nothing', async () => {
    const { page, panel, said } = await openTab(await openContext(), 'production');
    await page.evaluate('signIn()');
    expect(await panel.evaluate((element) => element.shadowRoot?.textContent)).toMatch(
      /^This app runs the production build of evertoken.*condition "development"/,
    );
    expect(await violationsOf(page)).toEqual([]);
    expect(said).toEqual([]);
  });
});
