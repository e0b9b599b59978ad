/** WebKitGTK, driven by its WebDriver on a screen that nobody sees. */
import { globSync } from 'node:fs';
import { findPort } from '../../support/port.ts';
import { answerOf, readAnswer } from './answer.ts';
import type { Browser, Engine, Tab } from './browser.ts';
import { guarded, type ProcessGroup, startGroup } from './process-group.ts';
import { findProgram } from './program.ts';
import { type Reports, startReports } from './reports.ts';
import { createVisits } from './visits.ts';
import { type Session, startSession } from './webdriver.ts';

const driver = findProgram('WebKitWebDriver');
const screen = findProgram('xvfb-run');
const [miniBrowser] = globSync('/usr/lib{,/*}/webkit{2gtk-4,gtk-6}.*/MiniBrowser');

export const webkit: Engine = {
  name: 'WebKitGTK',
  program: screen && miniBrowser && driver,
  async launch() {
    if (!screen || !miniBrowser || !driver) {
      throw new Error(
        'WebKitGTK is not installed: it takes WebKitWebDriver and xvfb-run on PATH, and MiniBrowser',
      );
    }
    const port = await findPort();
    const command = () => [screen, '-a', ...guarded(driver, `--port=${port}`)];
    return startGroup({ name: 'WebKitGTK', command, env }, (group) => connect(group, port, miniBrowser));
  },
};

/** There is no graphics card behind the screen, and no sandbox for root. */
const env = {
  LIBGL_ALWAYS_SOFTWARE: '1',
  NO_AT_BRIDGE: '1',
  WEBKIT_DISABLE_COMPOSITING_MODE: '1',
  WEBKIT_DISABLE_DMABUF_RENDERER: '1',
  WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
};

/** Timers of tabs in the background run as they do in front; else all but the first few take a second. */
const args = ['--automation', '--features=-HiddenPageDOMTimerThrottling'];

async function connect(group: ProcessGroup, port: number, binary: string): Promise<Browser> {
  const capabilities = { 'webkitgtk:browserOptions': { binary, args } };
  const session = await startSession(`http://127.0.0.1:${port}`, capabilities, group.abandoned);
  const reports = await startReports();
  return {
    version: session.browserVersion,
    async open(page) {
      // The first window stays to the end, for the browser closes with its last one.
      const { handle } = await session.command<{ handle: string }>(session.window, 'POST', 'window/new', {
        type: 'tab',
      });
      const tab = createTab(session, reports, handle);
      await tab.goto(page);
      return tab;
    },
    async close() {
      await reports.close();
      await group.end();
    },
  };
}

/**
 * The session waits for a script to end before the next may run, even in another tab; so a script only starts the
 * work, and the page itself reports how it ended.
 */
function createTab(session: Session, reports: Reports, window: string): Tab {
  const { ask, leave } = createVisits();
  const post = (path: string, body?: object) => session.command<void>(window, 'POST', path, body);

  async function evaluate(expression: string): Promise<string> {
    const { url, report } = reports.next();
    const tell = `(body) => fetch(${JSON.stringify(url)}, { method: 'POST', mode: 'no-cors', body })`;
    await post('execute/sync', { script: `${answerOf(expression)}.then(${tell});`, args: [] });
    return report;
  }
  return {
    evaluate: async (expression) => readAnswer(await ask(evaluate(expression))),
    goto: (url) => leave(() => post('url', { url })),
    reload: () => leave(() => post('refresh')),
    back: () => leave(() => post('back')),
    close: () => leave(() => session.command<void>(window, 'DELETE', 'window')),
  };
}
