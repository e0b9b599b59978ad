/** Two real tabs with one user, who goes away: evertoken/idle over the packed package. */
import { expect, onTestFinished, test } from 'vitest';
import { listenOnLoopback } from '../../examples/demo/loopback.ts';
import type { Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { bundleText, html } from './support/site.ts';

const MINUTE = 60_000;

/** The app. Its clock can be put forward, as it goes while nobody does anything. */
const app = `
  import { createTokenManager, webStore } from 'evertoken';
  import { signOutWhenIdle } from 'evertoken/idle';

  let passed = 0;
  const now = Date.now.bind(Date);
  Date.now = () => now() + passed;
  // The look of every ten seconds comes ten times a second.
  const later = setTimeout;
  globalThis.setTimeout = (task, ms) => later(task, ms === 10_000 ? 100 : ms);
  export const told = [];
  export const auth = createTokenManager({
    refresh: async () => ({ access_token: 'a', refresh_token: 'r' }),
    allow: '/',
    store: webStore('shop'),
    revoke: async () => void told.push('revoked'),
  });
  const { signOut } = auth;
  auth.signOut = (options) => {
    told.push('signOut');
    return signOut(options);
  };
  auth.on('signed-out', ({ reason, elsewhere }) => told.push(reason + (elsewhere ? ' elsewhere' : '')));
  signOutWhenIdle(auth, {
    after: ${15 * MINUTE},
    maxAge: ${10 * 60 * MINUTE},
    onWarn: ({ remaining, cause }) => told.push('warned ' + cause + (remaining ? '' : ' 0')),
    onActive: () => told.push('active'),
  });
  /** Time goes by, and the timers of the page come late. */
  export const pass = (minutes) => { passed += minutes * ${MINUTE}; };
  export const act = () => document.body.dispatchEvent(new Event('keydown', { bubbles: true }));`;

async function startApp(): Promise<string> {
  const script = await bundleText(app);
  const http = await listenOnLoopback();
  onTestFinished(http.close);
  http.handle(({ url }, response) => {
    const isScript = url === '/main.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : html('<body><script src="/main.js"></script>'));
  });
  return http.origin.replace('127.0.0.1', 'localhost');
}

inEveryEngine('the user of two tabs goes away', (browser) => {
  const open = async (url: string) => {
    const tab = await browser().open(url);
    onTestFinished(() => tab.close());
    return tab;
  };
  const both = <T>(tabs: Tab[], expression: string) =>
    Promise.all(tabs.map((tab) => tab.evaluate<T>(expression)));
  const told = (tab: Tab) => tab.evaluate<string[]>('[...recipe.told]');
  const eachOnce = async (tab: Tab) => [...new Set(await told(tab))];

  const startSignedIn = async () => {
    const url = await startApp();
    const tabs = [await open(url), await open(url)] as [Tab, Tab];
    await tabs[0].evaluate(`recipe.auth.signIn({ access_token: 'a', refresh_token: 'r', expires_in: 1e6 })`);
    await expect.poll(() => both(tabs, 'recipe.auth.status')).toEqual(['signed-in', 'signed-in']);
    return { url, tabs };
  };

  test('what is done in one tab keeps the other signed in, and one of them signs out for both', async () => {
    const { tabs } = await startSignedIn();
    const [first, second] = tabs;
    for (let times = 0; times < 3; times++) {
      await both(tabs, 'recipe.pass(10)');
      await first.evaluate('recipe.act()');
      // What one process writes, another one reads a little later.
      const noted = await first.evaluate<string>('Object.values(localStorage).join()');
      await expect.poll(() => second.evaluate('Object.values(localStorage).join()')).toBe(noted);
    }
    await both(tabs, 'recipe.pass(14.5)');
    await expect.poll(() => eachOnce(second)).toEqual(['warned idle']);
    expect(await both(tabs, 'recipe.auth.status')).toEqual(['signed-in', 'signed-in']);
    await first.evaluate('recipe.act()');
    await expect.poll(() => eachOnce(second)).toEqual(['warned idle', 'active']);
    expect(await eachOnce(first)).toEqual(['warned idle', 'active']);

    await both(tabs, 'recipe.told.length = 0');
    await both(tabs, 'recipe.pass(16)');
    await expect.poll(() => both(tabs, 'recipe.auth.status')).toEqual(['signed-out', 'signed-out']);
    const ends = async () =>
      [...(await told(first)), ...(await told(second))].filter((text) => !text.startsWith('warned')).sort();
    await expect.poll(ends).toEqual(['local', 'local elsewhere', 'revoked', 'signOut']);
    expect(await both(tabs, 'Object.keys(localStorage).length')).toEqual([0, 0]);
  });

  test('the whole span is counted over a reload', async () => {
    const { tabs } = await startSignedIn();
    const [first] = tabs;
    await first.evaluate('recipe.act()');
    await first.reload();
    await expect.poll(() => first.evaluate('recipe.auth.status')).toBe('signed-in');
    await first.evaluate('recipe.pass(601)');
    await first.evaluate('recipe.act()');
    await expect.poll(() => both(tabs, 'recipe.auth.status')).toEqual(['signed-out', 'signed-out']);
    expect(await eachOnce(first)).toEqual(expect.arrayContaining(['warned age 0']));
  });
});
