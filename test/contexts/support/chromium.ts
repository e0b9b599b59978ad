/** Chromium, driven by playwright-core. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, type CDPSession, type Page, chromium as playwright } from 'playwright-core';
import { answerOf, readAnswer } from './answer.ts';
import type { Browser, Engine, Tab } from './browser.ts';
import { findProgram } from './program.ts';
import { createVisits } from './visits.ts';

const program = findProgram('chromium', 'chromium-browser', 'google-chrome');

export const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

function options() {
  if (!program) throw new Error('Chromium is not installed: there is no chromium on PATH');
  // What the driver switches off, users have.
  return {
    executablePath: program,
    headless: true,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
    args,
  };
}

export const launchChromium = async () => playwright.launch(options());

export const chromium: Engine = {
  name: 'Chromium',
  program,
  async launch(choices = {}): Promise<Browser> {
    if (choices.blocksCookies) return launchBlocked();
    const browser = await launchChromium();
    const context = await browser.newContext();
    return {
      version: browser.version(),
      open: (url) => openTab(context, url),
      close: () => browser.close(),
    };
  },
};

/** With what a user sets in the settings: no site may keep anything. */
async function launchBlocked(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'evertoken-'));
  await mkdir(join(profile, 'Default'));
  const settings = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(settings));
  const browser = await launchWithProfile(profile);
  return {
    ...browser,
    async close() {
      await browser.close();
      await rm(profile, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

export interface KillableBrowser extends Browser {
  /** Ends all its processes at once, without any warning. */
  kill(): Promise<void>;
}

/** With a profile that stays. */
export async function launchWithProfile(profile: string): Promise<KillableBrowser> {
  const context = await playwright.launchPersistentContext(profile, options());
  const browser = context.browser();
  if (!browser) throw new Error('Chromium has no browser behind its profile');
  return {
    version: browser.version(),
    open: (url) => openTab(context, url),
    close: () => context.close(),
    async kill() {
      const devtools = await browser.newBrowserCDPSession();
      const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
      const leader = processInfo.find(({ type }) => type === 'browser');
      if (!leader) throw new Error('Chromium does not say which process it is');
      const gone = new Promise((resolve) => context.once('close', resolve));
      // The driver starts it in a group of its own.
      process.kill(-leader.id, 'SIGKILL');
      await gone;
    },
  };
}

async function openTab(context: BrowserContext, url: string): Promise<Tab> {
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Page.enable');
  await page.goto(url);
  return { ...createTab(page, devtools), ...troubles(page, devtools) };
}

function createTab(page: Page, devtools: CDPSession): Tab {
  const { ask, leave } = createVisits();
  return {
    evaluate: async (expression) =>
      readAnswer(await ask(page.evaluate(answerOf(expression)) as Promise<string>)),
    goto: async (url) => void (await leave(() => page.goto(url))),
    reload: async () => void (await leave(() => page.reload())),
    back: () => leave(() => goBack(page, devtools)),
    close: () => leave(() => page.close()),
  };
}

/** The driver's own way waits for a load, which a page out of the back/forward cache never has. */
async function goBack(page: Page, devtools: CDPSession): Promise<void> {
  const arrived = new Promise((resolve) => devtools.once('Page.frameNavigated', resolve));
  await page.evaluate('history.back()');
  await arrived;
  await page.waitForFunction('document.readyState === "complete"');
}

function troubles(page: Page, devtools: CDPSession) {
  return {
    async crash(): Promise<void> {
      const crashed = page.waitForEvent('crash');
      // There is nobody left to answer.
      devtools.send('Page.crash').catch(() => {});
      await crashed;
    },
    // The driver keeps pages visible, and a visible page is never frozen by the browser; the debugger stops it as well.
    async freeze(): Promise<void> {
      await devtools.send('Debugger.enable');
      await devtools.send('Debugger.pause');
    },
    thaw: async () => void (await devtools.send('Debugger.disable')),
    async setOffline(offline: boolean): Promise<void> {
      const unlimited = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
      await devtools.send('Network.emulateNetworkConditions', { offline, ...unlimited });
    },
  };
}
