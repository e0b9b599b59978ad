/** A page that is left and comes back: reload, duplicate tab, back/forward cache, no network. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ask, askAll } from './support/ask.ts';
import type { Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { startWorld } from './support/world.ts';

const TABS = 8;
/** Seconds that an access token lives, where it is to expire. */
const LIFETIME = 8;
/** Longer than that, in milliseconds. */
const A_WHILE = LIFETIME * 1_000 + 200;

const setOffline = (tab: Tab, isOffline: boolean): Promise<void> =>
  tab.setOffline ? tab.setOffline(isOffline) : ask(tab, 'cut', isOffline);

inEveryEngine('a page comes back', (browser) => {
  test('R31, R52: all tabs reloaded at once when the token has expired: one refresh, nobody is signed out', async () => {
    await using world = await startWorld(browser(), LIFETIME);
    const { server } = world;
    const tabs = await world.openSignedIn(TABS, world.login);
    await sleep(A_WHILE);
    await Promise.all(tabs.map((tab) => tab.reload()));
    expect(await askAll(tabs[0], TABS, 'burst', 2)).toEqual(Array(TABS).fill([200, 200]));
    expect(server.stats).toMatchObject({ refreshes: 1, reuse: 0, errors: [] });
    const told = (await askAll(tabs[0], TABS, 'told')).map((all) => all.map(({ event }) => event));
    expect(told).toEqual(Array(TABS).fill(['signed-in', 'token-refreshed']));
  });

  test('R50: a duplicate of a tab shares its session', async () => {
    await using world = await startWorld(browser());
    const { server } = world;
    const tab = await world.open();
    await ask(tab, 'signIn', await world.login());
    await world.duplicate(tab);
    for (let round = 1; round <= 5; round++) {
      await world.deny(tab);
      expect(await askAll(tab, 2, 'burst', 2)).toEqual([
        [200, 200],
        [200, 200],
      ]);
      expect(server.stats).toMatchObject({ refreshes: round, reuse: 0, errors: [] });
    }
  });

  test('R54: a duplicate of a tab with a session of its own never spends what the first has spent, and the first stays', async () => {
    await using world = await startWorld(browser());
    const { server } = world;
    const setup = { area: 'session' } as const;
    const tab = await world.open(setup);
    await ask(tab, 'signIn', await world.login());
    await world.duplicate(tab, setup);
    expect(await askAll(tab, 2, 'burst', 1)).toEqual([[200], [200]]);
    for (let round = 1; round <= 3; round++) {
      const holders = await askAll(tab, 2, 'token');
      for (const token of holders) world.api.deny(`${token}`);
      const answers = await askAll(tab, 2, 'burst', 1);
      // One has the session and the other has dropped its copy.
      const good = answers.filter(([outcome]) => outcome === 200);
      expect(good, JSON.stringify(answers)).toHaveLength(1);
      expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
    }
  });

  test('R13, R52: a page out of the back/forward cache finds the tokens that another tab has got meanwhile', async () => {
    await using world = await startWorld(browser(), LIFETIME);
    const { server } = world;
    const tab = await world.open({ isAlone: true });
    await ask(tab, 'signIn', await world.login());
    // A message would end the page's stay in the cache.
    const other = await world.open({ isAlone: true, without: ['channel'] });
    await tab.goto(world.elsewhere);
    await sleep(A_WHILE);
    expect(await ask(other, 'burst', 1)).toEqual([200]);
    await tab.back();
    await expect.poll(() => ask(tab, 'isRestored')).toBe(true);
    await expect.poll(() => ask(tab, 'token')).toBe(await ask(other, 'token'));
    expect(await ask(tab, 'burst', 2)).toEqual([200, 200]);
    expect(server.stats).toMatchObject({ refreshes: 1, reuse: 0, errors: [] });
    const events = (await ask(tab, 'told')).map(({ event }) => event);
    expect(events).toEqual(['signed-in', 'token-refreshed']);
  });

  test('R13: a page out of the back/forward cache with an expired token refreshes once', async () => {
    await using world = await startWorld(browser(), LIFETIME);
    const { server } = world;
    const tab = await world.open({ isAlone: true });
    await ask(tab, 'signIn', await world.login());
    await tab.goto(world.elsewhere);
    await sleep(A_WHILE);
    await tab.back();
    await expect.poll(() => ask(tab, 'isRestored')).toBe(true);
    expect(await ask(tab, 'burst', 2)).toEqual([200, 200]);
    expect(server.stats).toMatchObject({ refreshes: 1, reuse: 0, errors: [] });
    const events = (await ask(tab, 'told')).map(({ event }) => event);
    expect(events).toEqual(['signed-in', 'token-refreshed']);
  });

  test('R35: offline for longer than the token lives, and back: one refresh, nobody is signed out', async () => {
    await using world = await startWorld(browser(), LIFETIME);
    const { server } = world;
    const tabs = await world.openSignedIn(TABS, world.login);
    await Promise.all(tabs.map((tab) => setOffline(tab, true)));
    await askAll(tabs[0], TABS, 'start', 200);
    await sleep(A_WHILE);
    const outcomes = (await askAll(tabs[0], TABS, 'stop')).flatMap((all = []) => all);
    expect(outcomes.filter((outcome) => outcome !== 'TypeError' && outcome !== 'refresh-failed')).toEqual([]);
    await Promise.all(tabs.map((tab) => setOffline(tab, false)));
    expect(await askAll(tabs[0], TABS, 'burst', 2)).toEqual(Array(TABS).fill([200, 200]));
    expect(server.stats).toMatchObject({ refreshes: 1, reuse: 0, errors: [] });
    const told = (await askAll(tabs[0], TABS, 'told')).flat();
    expect(told.filter(({ event }) => event === 'signed-out')).toEqual([]);
  });
});
