/** Pages and workers of one origin share a session. */
import { expect, test } from 'vitest';
import { ask, askAll } from './support/ask.ts';
import { startCookieStage } from './support/cookie-stage.ts';
import { inEveryEngine } from './support/engines.ts';
import { aFewDelays, playRounds } from './support/rounds.ts';
import { startWorld } from './support/world.ts';

const PAGES = 2;

inEveryEngine('pages and workers', (browser, { name }) => {
  // Shared workers of WebKitGTK read null in place of a value that holds a CryptoKey.
  const canShare = name !== 'WebKitGTK';

  test.for([
    { who: 'a service worker', kinds: ['service'] },
    { who: 'two workers', kinds: ['service', 'dedicated'] },
    ...(canShare
      ? [{ who: 'a worker of each kind', kinds: ['service', 'dedicated', 'shared'] } as const]
      : []),
  ] as const)(
    'R31, R54, R56: two pages and $who share a session: one refresh each time, and all sign out',
    async ({ kinds }) => {
      await using world = await startWorld(browser());
      const [first, second] = await world.openSignedIn(PAGES, world.login);
      for (const kind of kinds) await ask(first, 'startWorker', kind);
      const count = PAGES + kinds.length;
      await askAll(first, count, 'ready');
      await playRounds(world, first, count, aFewDelays);

      await ask(second, 'signOut');
      await expect.poll(() => askAll(first, count, 'token')).toEqual(Array(count).fill(null));
    },
  );

  test('R8: a page and a worker of each kind ask the server of a cookie one after the other, and all sign out', async () => {
    await using stage = await startCookieStage(browser());
    const { stats, delays, denyAll } = stage;
    const tab = await stage.open();
    await ask(tab, 'login');
    for (const kind of ['dedicated', 'service', 'shared'] as const) await ask(tab, 'startWorker', kind);
    const count = 4;
    await askAll(tab, count, 'ready');
    delays.refresh = 50;
    for (let round = 1; round <= 3; round++) {
      denyAll();
      expect((await askAll(tab, count, 'burst', 2)).flat()).toEqual(Array(2 * count).fill(200));
    }
    expect(stats).toMatchObject({ reuse: 0, mostAtOnce: 1 });
    await ask(tab, 'signOut');
    await expect.poll(() => askAll(tab, count, 'token')).toEqual(Array(count).fill(null));
  });

  test('R4: a service worker hands on the very requests of its page, with a token', async () => {
    await using world = await startWorld(browser());
    const [first] = await world.openSignedIn(PAGES, world.login);
    await ask(first, 'startWorker', 'service');
    // It controls the pages that are loaded from now on.
    await first.reload();
    await ask(first, 'ready');
    expect(await ask(first, 'handOn', 'GET')).toBe(200);
    expect(await ask(first, 'handOn', 'POST')).toBe(200);
  });

  test.skipIf(canShare)(
    'R53: a shared worker that cannot read an encrypted entry says so, and leaves it to those who can',
    async () => {
      await using world = await startWorld(browser());
      const [first, second] = await world.openSignedIn(PAGES, world.login);
      const token = await ask(first, 'token');
      await ask(first, 'startWorker', 'shared');
      await askAll(first, PAGES + 1, 'ready');
      const told = (await askAll(first, PAGES + 1, 'told')).map((all) => all.map(({ event }) => event));
      const pages = Array(PAGES).fill('signed-in');
      expect(told.flat().filter((event) => event !== 'store-failed')).toEqual(pages);
      expect(told.filter((events) => events.includes('store-failed'))).toHaveLength(1);
      await second.reload();
      await ask(second, 'ready');
      expect(await ask(second, 'token')).toBe(token);
    },
  );
});
