/** The tab that holds the lock goes in the middle of its refresh, whose call the server never gets to. */
import { expect, test } from 'vitest';
import { ask, askAll } from './support/ask.ts';
import type { Browser, Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { startWorld } from './support/world.ts';

const TABS = 8;
const OTHERS = TABS - 1;
const refreshTimeout = 1_000;
/** R34: nobody holds the lock or waits for it longer; then 2 s for a newer record (R54), and a random while. */
const LIMIT = 2 * refreshTimeout + 5_000 + 2_000 + 2_000;

/** One tab refreshes, and the server has heard of it; the others have requests that wait. */
async function startRefresh(browser: Browser) {
  const world = await startWorld(browser);
  const [holder, other] = await world.openSignedIn(TABS, world.login, { refreshTimeout });
  await world.deny(holder);
  const called = world.gate.shut();
  // Its tab may take the answer with it.
  const own = ask(holder, 'burst', 1).catch(() => []);
  await called;
  world.gate.forget();
  return { ...world, holder, other, own };
}

const answersOf = async (tab: Tab, count: number) => (await askAll(tab, count, 'burst', 1)).flat();

inEveryEngine('the tab that holds the lock goes in the middle of its refresh', (browser, { name }) => {
  test.for(name === 'Chromium' ? (['close', 'crash'] as const) : (['close'] as const))(
    'R34, R54: %s: the others go on within the limit',
    async (way) => {
      await using world = await startRefresh(browser());
      const { server, holder, other } = world;
      await askAll(other, TABS, 'start', 100);
      const began = Date.now();
      await holder[way]?.();
      await expect
        .poll(() => answersOf(other, OTHERS), { timeout: LIMIT, interval: 100 })
        .toEqual(Array(OTHERS).fill(200));
      expect(Date.now() - began).toBeLessThan(LIMIT);

      const outcomes = (await askAll(other, OTHERS, 'stop')).flatMap((all = []) => all);
      const failed = outcomes.filter((outcome) => outcome !== 200);
      expect(failed).toEqual(failed.map(() => 'refresh-failed'));
      const told = await askAll(other, OTHERS, 'told');
      expect(told.flat().filter(({ event }) => event === 'signed-out')).toEqual([]);
      expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
    },
  );

  const testFreeze = test.skipIf(name !== 'Chromium');

  testFreeze(
    'R34, R54: frozen: the others are told in time that it does not work now, and go on after the thaw',
    async () => {
      await using world = await startRefresh(browser());
      const { server, holder, other, own } = world;
      await holder.freeze?.();
      for (const limit of [refreshTimeout, 0]) {
        const began = Date.now();
        expect(await answersOf(other, OTHERS)).toEqual(Array(OTHERS).fill('refresh-failed'));
        expect(Date.now() - began).toBeLessThan(limit + 1_000);
      }
      await holder.thaw?.();
      await own;
      await expect
        .poll(() => answersOf(other, TABS), { timeout: LIMIT, interval: 100 })
        .toEqual(Array(TABS).fill(200));
      const told = await askAll(other, TABS, 'told');
      expect(told.flat().filter(({ event }) => event === 'signed-out')).toEqual([]);
      expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
    },
  );

  testFreeze('R34: frozen: another sign-in waits for nobody, and all tabs go on with it', async () => {
    await using world = await startRefresh(browser());
    const { server, holder, other, own } = world;
    await holder.freeze?.();
    const began = Date.now();
    await ask(other, 'signIn', await world.login('bob'));
    const answers = () => answersOf(other, OTHERS);
    await expect.poll(answers, { timeout: LIMIT }).toEqual(Array(OTHERS).fill(200));
    // Whoever waits for the lock waits longer.
    expect(Date.now() - began).toBeLessThan(2 * refreshTimeout + 5_000);
    await holder.thaw?.();
    expect(await own).toEqual(['session-changed']);
    expect(await answersOf(other, TABS)).toEqual(Array(TABS).fill(200));
    expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
  });
});
