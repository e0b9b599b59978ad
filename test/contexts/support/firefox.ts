/** Firefox, driven by puppeteer-core over WebDriver BiDi. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import puppeteer, { type Page } from 'puppeteer-core';
import { answerOf, readAnswer } from './answer.ts';
import type { Browser, Choices, Engine, Tab } from './browser.ts';
import { guarded, type ProcessGroup, startGroup } from './process-group.ts';
import { findProgram } from './program.ts';
import { createVisits } from './visits.ts';

const program = findProgram('firefox-esr', 'firefox');

/** What Firefox does not set by itself when it is driven. */
const preferences = {
  // Timers of tabs in the background run as they do in front; else each takes a second.
  'dom.min_background_timeout_value_without_budget_throttling': 0,
  'dom.timeout.enable_budget_timer_throttling': false,
  // Whatever the browser would like to fetch for itself, it reaches nothing but this machine.
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'network.proxy.failover_direct': false,
  'services.settings.server': 'data:,',
};

/** The first makes the setting of the server count. */
const env = { MOZ_REMOTE_SETTINGS_DEVTOOLS: '1', MOZ_CRASHREPORTER_DISABLE: '1' };

export const firefox: Engine = {
  name: 'Firefox',
  program,
  async launch(choices = {}) {
    if (!program) throw new Error('Firefox is not installed: there is no firefox-esr or firefox on PATH');
    return startGroup(
      { name: 'Firefox', command: (folder) => prepare(program, folder, choices), env },
      connect,
    );
  },
};

async function prepare(path: string, folder: string, { blocksCookies }: Choices): Promise<string[]> {
  const all = { ...preferences, ...(blocksCookies && { 'network.cookie.cookieBehavior': 2 }) };
  const lines = Object.entries(all).map((entry) => `user_pref(${JSON.stringify(entry).slice(1, -1)});\n`);
  await writeFile(join(folder, 'user.js'), lines);
  return guarded(path, '--headless', '--no-remote', '--profile', folder, '--remote-debugging-port=0');
}

/**
 * Puppeteer does not start Firefox itself, for it would put all sites into processes that they share; so tabs are
 * spread over processes as they are for a user.
 */
async function connect(group: ProcessGroup): Promise<Browser> {
  const [, endpoint] = await group.said(/WebDriver BiDi listening on (\S+)/);
  const browser = await puppeteer.connect({
    browserWSEndpoint: `${endpoint}/session`,
    protocol: 'webDriverBiDi',
    defaultViewport: null,
    // Nobody listens to what pages send; telling it would cost each request some time.
    networkEnabled: false,
  });
  const version = await browser.version();
  return {
    version: version.replace('firefox/', ''),
    async open(url) {
      const page = await browser.newPage();
      await page.goto(url);
      return createTab(page);
    },
    async close() {
      await browser.disconnect();
      await group.end();
    },
  };
}

function createTab(page: Page): Tab {
  const { ask, leave } = createVisits();
  return {
    evaluate: async (expression) =>
      readAnswer(await ask(page.evaluate(answerOf(expression)) as Promise<string>)),
    goto: async (url) => void (await leave(() => page.goto(url))),
    reload: async () => void (await leave(() => page.reload())),
    back: () => leave(() => goBack(page)),
    close: () => leave(() => page.close()),
    setOffline: (offline) => page.setOfflineMode(offline),
  };
}

/** Puppeteer's own way waits for a load, which a page out of the back/forward cache never has. */
async function goBack(page: Page): Promise<void> {
  await page.evaluate(`globalThis.isLeft = true; history.back()`);
  const isBack = `!globalThis.isLeft && document.readyState === 'complete'`;
  for (const end = Date.now() + 30_000; Date.now() < end; await sleep(10)) {
    // While the pages change there is nobody to ask.
    if (await page.evaluate(isBack).catch(() => false)) return;
  }
  throw new Error('Firefox has not gone back in 30 s');
}
