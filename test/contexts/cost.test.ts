/** What a tab does when it hears news, and what it does without any. How soon it hears: `bench/contexts.mjs`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ask, askAll } from './support/ask.ts';
import { inEveryEngine } from './support/engines.ts';
import { startWorld } from './support/world.ts';

const median = (numbers: number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

inEveryEngine('the cost of a tab', (browser, { name }) => {
  // A driven WebKitGTK takes a second for each tab.
  const TABS_TOLD = name === 'Chromium' ? 20 : 8;

  test(`R52: news of a commit reaches ${TABS_TOLD} tabs, and each reads the entry once`, async () => {
    const TABS = TABS_TOLD;
    const reads: number[] = [];
    await using world = await startWorld(browser());
    const [first] = await world.openSignedIn(TABS, world.login);
    for (let commit = 1; commit <= 10; commit++) {
      await askAll(first, TABS, 'forget');
      await askAll(first, TABS, 'takeCounts');
      await ask(first, 'refresh');
      await expect.poll(async () => new Set(await askAll(first, TABS, 'token')).size).toBe(1);
      const told = await askAll(first, TABS, 'told');
      expect(told.map((all) => all.map(({ event }) => event))).toEqual(Array(TABS).fill(['token-refreshed']));
      const [own, ...others] = await askAll(first, TABS, 'takeCounts');
      reads.push(...others.map(({ transactions }) => transactions));
      // It reads, takes the lease and commits.
      expect(own?.transactions).toBeLessThanOrEqual(3);
    }
    expect(median(reads)).toBe(1);
    expect(Math.max(...reads)).toBeLessThanOrEqual(2);
  });

  test('an idle tab does nothing, and has no timer', async () => {
    const TABS = 8;
    await using world = await startWorld(browser());
    const [first] = await world.openSignedIn(TABS, world.login);
    await world.deny(first);
    await askAll(first, TABS, 'burst', 1);
    // In some engines the driver sets timers in the page that it asks.
    const countIdle = async () => (await askAll(first, TABS, 'takeCounts')).slice(1);
    const timers = async () => (await countIdle()).flatMap(({ pendingTimers }) => pendingTimers);
    // Over by then is what still belongs to the refresh.
    await expect.poll(timers).toEqual([]);
    await sleep(3_000);
    const nothing = { reads: 0, locks: 0, transactions: 0, timers: 0, pendingTimers: [] };
    expect(await countIdle()).toEqual(Array(TABS - 1).fill(nothing));
  });

  test('R31: a request with a good token reads nothing, opens no transaction and takes no lock', async () => {
    await using world = await startWorld(browser());
    const [first] = await world.openSignedIn(2, world.login);
    await ask(first, 'refresh');
    await ask(first, 'takeCounts');
    expect(await ask(first, 'burst', 20)).toEqual(Array(20).fill(200));
    expect(await ask(first, 'takeCounts')).toMatchObject({ reads: 0, locks: 0, transactions: 0 });
  });
});
