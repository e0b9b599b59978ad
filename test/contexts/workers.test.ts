/** Pages and workers of one origin share a session. */
import { expect, test } from 'vitest';
import { ask, askAll } from './support/ask.ts';
import { inEveryEngine } from './support/engines.ts';
import { aFewDelays, playRounds } from './support/rounds.ts';
import { startWorld } from './support/world.ts';

const PAGES = 2;

/** Workers have no Web Storage; the second storage is that of `evertoken/indexeddb`. */
const casts = [
  { who: 'a service worker', kinds: ['service'], storage: 'database' },
  { who: 'a worker of each kind', kinds: ['service', 'dedicated', 'shared'], storage: 'database' },
  { who: 'two workers, encrypted,', kinds: ['service', 'dedicated'], storage: 'encrypted' },
] as const;

inEveryEngine('pages and workers', (browser, { name }) => {
  test.for(casts)(
    'R31, R54, R56: two pages and $who share a session: one refresh each time, and all sign out',
    async ({ kinds, storage }) => {
      await using world = await startWorld(browser());
      const [first, second] = await world.openSignedIn(PAGES, world.login, { storage, name: 'session' });
      for (const kind of kinds) await ask(first, 'startWorker', kind);
      const count = PAGES + kinds.length;
      await askAll(first, count, 'ready');
      await playRounds(world, first, count, aFewDelays);

      await ask(second, 'signOut');
      await expect.poll(() => askAll(first, count, 'token')).toEqual(Array(count).fill(null));
    },
  );

  test('R4: a service worker hands on the very requests of its page, with a token', async () => {
    await using world = await startWorld(browser());
    const setup = { storage: 'database', name: 'session' } as const;
    const [first] = await world.openSignedIn(PAGES, world.login, setup);
    await ask(first, 'startWorker', 'service');
    // It controls the pages that are loaded from now on.
    await first.reload();
    await ask(first, 'ready');
    expect(await ask(first, 'handOn', 'GET')).toBe(200);
    expect(await ask(first, 'handOn', 'POST')).toBe(200);
  });

  // Shared workers of WebKitGTK read null in place of a value that holds a CryptoKey.
  test.skipIf(name !== 'WebKitGTK')(
    'R53: a shared worker that cannot read an encrypted record says so, and leaves it to those who can',
    async () => {
      await using world = await startWorld(browser());
      const setup = { storage: 'encrypted', name: 'session' } as const;
      const [first, second] = await world.openSignedIn(PAGES, world.login, setup);
      const token = await ask(first, 'token');
      await ask(first, 'startWorker', 'shared');
      await askAll(first, PAGES + 1, 'ready');
      const told = (await askAll(first, PAGES + 1, 'told')).map((all) => all.map(({ event }) => event));
      expect(told).toContainEqual(['storage-failed']);
      await second.reload();
      await ask(second, 'ready');
      expect(await ask(second, 'token')).toBe(token);
    },
  );
});
