/** Browsers and pages in which a part of the platform is missing or refuses. */
import { expect, test } from 'vitest';
import type { Missing } from './page/setup.ts';
import { ask, askAll } from './support/ask.ts';
import { inEveryEngine } from './support/engines.ts';
import { aFewDelays, playRounds } from './support/rounds.ts';
import { startWorld } from './support/world.ts';

const TABS = 8;

const parts: { title: string; without: Missing[] }[] = [
  { title: 'Web Locks', without: ['locks'] },
  { title: 'BroadcastChannel', without: ['channel'] },
  { title: 'Web Locks and BroadcastChannel', without: ['locks', 'channel'] },
];

inEveryEngine('a part of the platform is missing', (browser) => {
  test.for(parts)(
    'R14, R54: without $title there is one refresh for all tabs, no reuse, no failed request',
    async ({ without }) => {
      await using world = await startWorld(browser());
      const [first, second] = await world.openSignedIn(TABS, world.login, { without });
      await playRounds(world, first, TABS, aFewDelays);

      // Where nobody is told, a tab finds the session over when it looks for newer tokens.
      await world.deny(first);
      await ask(second, 'signOut');
      const outcomes = (await askAll(first, TABS, 'burst', 1)).flat();
      expect(outcomes.filter((outcome) => outcome !== 401 && outcome !== 'session-changed')).toEqual([]);
      expect(await askAll(first, TABS, 'token')).toEqual(Array(TABS).fill(null));
      expect(world.server.stats).toMatchObject({ refreshes: aFewDelays.length, reuse: 0 });
    },
  );

  test('R57: where IndexedDB refuses, each tab has a working session of its own in memory', async () => {
    await using world = await startWorld(browser());
    const { server } = world;
    const without: Missing[] = ['database'];
    const tabs = [await world.open({ without }), await world.open({ without })];
    for (const [index, tab] of tabs.entries()) {
      await ask(tab, 'signIn', await world.login(`user-${index}`));
    }
    for (let round = 1; round <= 3; round++) {
      for (const tab of tabs) await world.deny(tab);
      const outcomes = await Promise.all(tabs.map((tab) => ask(tab, 'burst', 3)));
      expect(outcomes.flat()).toEqual(Array(6).fill(200));
      expect(server.stats).toMatchObject({ refreshes: 2 * round, reuse: 0, errors: [] });
    }
    for (const tab of tabs) {
      const events = (await ask(tab, 'told')).map(({ event }) => event);
      expect(events).toEqual(['signed-in', ...Array(3).fill('token-refreshed')]);
    }
  });
});
