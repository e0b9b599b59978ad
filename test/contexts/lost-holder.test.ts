/** The tab that refreshes goes in the middle of it, and the server never gets to its call. */
import { expect, test } from 'vitest';
import type { Setup } from './page/setup.ts';
import { ask, askAll } from './support/ask.ts';
import type { Browser, Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { startWorld } from './support/world.ts';

const TABS = 8;
const OTHERS = TABS - 1;
/** Whoever waits for the end of such a refresh, or of its lease, waits for minutes; nobody here does for so long. */
const endless = { refreshTimeout: 60_000 };
const short = { refreshTimeout: 1_000 };
const PATIENCE = 40_000;

/** One tab refreshes, and the server has heard of it; the others have requests that wait. */
async function startRefresh(browser: Browser, setup: Partial<Setup>) {
  const world = await startWorld(browser);
  const [holder, other] = await world.openSignedIn(TABS, world.login, setup);
  await world.deny(holder);
  const called = world.gate.shut();
  // Its tab may take the answer with it.
  const own = ask(holder, 'burst', 1).catch(() => []);
  await called;
  world.gate.forget();
  return { ...world, holder, other, own };
}

const answersOf = async (tab: Tab, count: number) => (await askAll(tab, count, 'burst', 1)).flat();

const endsIn = async (tab: Tab, count: number) =>
  (await askAll(tab, count, 'told')).flat().filter(({ event }) => event === 'signed-out');

inEveryEngine('the tab that refreshes goes in the middle of it', (browser, { name }) => {
  test.for(name === 'Chromium' ? (['close', 'crash'] as const) : (['close'] as const))(
    'R34, R54: %s: the next one goes on at once, and no request of the others fails',
    async (way) => {
      await using world = await startRefresh(browser(), endless);
      const { server, holder, other } = world;
      await askAll(other, TABS, 'start', 100);
      await holder[way]?.();
      await expect
        .poll(() => answersOf(other, OTHERS), { timeout: PATIENCE, interval: 100 })
        .toEqual(Array(OTHERS).fill(200));

      const outcomes = (await askAll(other, OTHERS, 'stop')).flatMap((all = []) => all);
      expect(outcomes.filter((outcome) => outcome !== 200)).toEqual([]);
      expect(await endsIn(other, OTHERS)).toEqual([]);
      expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
    },
  );

  test('R54: closed, without Web Locks: the others go on when the time of its lease is over', async () => {
    await using world = await startRefresh(browser(), { ...short, without: ['locks'] });
    const { server, holder, other } = world;
    await holder.close();
    expect(await answersOf(other, OTHERS)).toEqual(Array(OTHERS).fill('refresh-failed'));
    await expect
      .poll(() => answersOf(other, OTHERS), { timeout: PATIENCE, interval: 100 })
      .toEqual(Array(OTHERS).fill(200));
    expect(await endsIn(other, OTHERS)).toEqual([]);
    expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
  });

  const testFreeze = test.skipIf(name !== 'Chromium');

  testFreeze(
    'R34, R54: frozen: the others are told that it does not work now, go on when its lease is over, and it follows after the thaw',
    async () => {
      await using world = await startRefresh(browser(), short);
      const { server, holder, other, own } = world;
      await holder.freeze?.();
      expect(await answersOf(other, OTHERS)).toEqual(Array(OTHERS).fill('refresh-failed'));
      await expect
        .poll(() => answersOf(other, OTHERS), { timeout: PATIENCE, interval: 100 })
        .toEqual(Array(OTHERS).fill(200));
      await holder.thaw?.();
      await own;
      await expect
        .poll(() => answersOf(other, TABS), { timeout: PATIENCE, interval: 100 })
        .toEqual(Array(TABS).fill(200));
      expect(await endsIn(other, TABS)).toEqual([]);
      expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
    },
  );

  testFreeze('R34: frozen: another sign-in waits for nobody, and all tabs go on with it', async () => {
    await using world = await startRefresh(browser(), endless);
    const { server, holder, other, own } = world;
    await holder.freeze?.();
    await ask(other, 'signIn', await world.login('bob'));
    await expect.poll(() => answersOf(other, OTHERS), { timeout: PATIENCE }).toEqual(Array(OTHERS).fill(200));
    await holder.thaw?.();
    expect(await own).toEqual(['session-changed']);
    expect(await answersOf(other, TABS)).toEqual(Array(TABS).fill(200));
    expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
  });
});
