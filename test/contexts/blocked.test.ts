/** Pages that may keep nothing: all cookies are blocked, or the page is in a sandboxed frame. */
import { expect, test } from 'vitest';
import { ask } from './support/ask.ts';
import type { Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { startWorld, type World } from './support/world.ts';

/** Signs in and refreshes, whatever the platform refuses; the next page knows nothing of it. */
async function expectInMemory(world: World, tab: Tab): Promise<void> {
  const { server } = world;
  const before = server.stats.refreshes;
  await ask(tab, 'ready');
  expect(await ask(tab, 'status')).toBe('signed-out');
  await ask(tab, 'signIn', await world.login());
  for (let round = 1; round <= 3; round++) {
    await world.deny(tab);
    expect(await ask(tab, 'burst', 3)).toEqual([200, 200, 200]);
    expect(server.stats).toMatchObject({ refreshes: before + round, reuse: 0, errors: [] });
  }
  const events = (await ask(tab, 'told')).map(({ event }) => event);
  expect(events).toEqual(['signed-in', ...Array(3).fill('token-refreshed')]);
  await tab.reload();
  expect(await ask(tab, 'burst', 1)).toEqual([401]);
}

/** What a script of the page comes to. */
const refusals = `Promise.all([
  () => localStorage,
  () => navigator.locks.request('lock', () => {}),
  () => new Promise((resolve, reject) => Object.assign(indexedDB.open('name'), { onsuccess: resolve, onerror: reject })),
].map(async (attempt) => attempt()).map((outcome) => outcome.then(() => 'works', () => 'refuses')))`;

inEveryEngine('a page in a sandboxed frame', (browser) => {
  test('R14, R57: its session lives in memory, and every refresh works', async () => {
    await using world = await startWorld(browser());
    await expectInMemory(world, await world.openFramed());
  });
});

inEveryEngine(
  'all cookies are blocked',
  (browser) => {
    test('R14, R57: the session lives in memory, and every refresh works', async () => {
      await using world = await startWorld(browser());
      const tab = await world.open({ isAlone: true });
      expect(await tab.evaluate(refusals)).toContain('refuses');
      await expectInMemory(world, tab);
    });
  },
  // MiniBrowser has no such setting.
  { choices: { blocksCookies: true }, except: ['WebKitGTK'] },
);
