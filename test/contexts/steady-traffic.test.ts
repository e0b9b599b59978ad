/** Eight tabs with steady traffic over fifteen and more token lives. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { askAll, tally } from './support/ask.ts';
import { inEveryEngine } from './support/engines.ts';
import { startWorld } from './support/world.ts';

const TABS = 8;
const DURATION = 30_000;
/** Milliseconds between an answer and the tab's next request. */
const PACE = 200;
/** A token that lives 2 s is replaced when a quarter of that is left (R11). */
const LIFE = 1_500;

inEveryEngine(
  '30 s of steady traffic in eight tabs',
  (browser) => {
    test('R12, R31, R52: one refresh for each token life, told once in every tab; no reuse, no failed request', async () => {
      await using world = await startWorld(browser(), 2);
      const { server } = world;
      const [first] = await world.openSignedIn(TABS, world.login);
      const began = Date.now();
      await askAll(first, TABS, 'start', PACE);
      await sleep(DURATION);
      const outcomes = (await askAll(first, TABS, 'stop')).map((all = []) => all);
      const duration = Date.now() - began;

      expect(tally(outcomes.flat())).toEqual({ 200: outcomes.flat().length });
      expect(server.stats).toMatchObject({ reuse: 0, errors: [], tokenCalls: 1 + server.stats.refreshes });
      expect(server.stats.refreshes).toBeLessThanOrEqual(Math.floor(duration / LIFE) + 1);

      // A refresh that the last request began may still be under way.
      await vi.waitFor(async () => {
        expect(new Set(await askAll(first, TABS, 'token')).size, 'tokens').toBe(1);
      }, 20_000);
      const told = await askAll(first, TABS, 'told');
      const refreshes = told.map((all) => all.filter(({ event }) => event === 'token-refreshed').length);
      expect(refreshes).toEqual(Array(TABS).fill(server.stats.refreshes));
      expect(told.flat().filter(({ event }) => !['signed-in', 'token-refreshed'].includes(event))).toEqual(
        [],
      );
    });
  },
  { isConcurrent: true },
);
