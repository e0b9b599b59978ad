/** Two apps on one origin, clients of one authorization server. */
import { expect, test } from 'vitest';
import type { Setup } from './page/setup.ts';
import { ask } from './support/ask.ts';
import { inEveryEngine } from './support/engines.ts';
import { startStrictServer } from './support/strict-server.ts';
import { startTabs } from './support/world.ts';

type Choice = Pick<Setup, 'area' | 'name'>;

const choices: { title: string; of: (app: string) => Choice; restores: number }[] = [
  { title: 'no store', of: () => ({ area: 'none' }), restores: 401 },
  { title: 'names of their own', of: (name) => ({ name }), restores: 200 },
  { title: 'the same name', of: () => ({ name: 'app' }), restores: 200 },
];

inEveryEngine('two apps on one origin', (browser) => {
  test.for(choices)(
    'R50: with $title: each has its own session, and neither sends a token of the other',
    async ({ of, restores }) => {
      await using server = await startStrictServer('orders', 'users');
      const [orders, users] = [server.client('orders'), server.client('users')];
      await using tabs = await startTabs(browser(), orders.urls);
      const first = await tabs.open(of('orders'));
      const second = await tabs.open({ ...users.urls, ...of('users') });

      await ask(first, 'signIn', orders.issued());
      expect(await ask(second, 'burst', 2)).toEqual([401, 401]);
      expect(await ask(second, 'refresh').catch(({ message }) => message)).toMatch('session-ended');
      await ask(second, 'signIn', users.issued());
      expect(await ask(first, 'burst', 2)).toEqual([200, 200]);

      users.deny();
      expect(await ask(second, 'burst', 2)).toEqual([200, 200]);
      await second.reload();
      expect(await ask(second, 'burst', 2)).toEqual([restores, restores]);
      await ask(second, 'signOut');
      expect(await ask(first, 'burst', 2)).toEqual([200, 200]);
      expect((await ask(first, 'told')).filter(({ event }) => event === 'signed-out')).toEqual([]);
      expect(orders.stats).toEqual({ refreshes: 0, reuse: 0, strangers: 0 });
      expect(users.stats).toEqual({ refreshes: 1, reuse: 0, strangers: 0 });
    },
  );

  test('R54: two tabs whose entry the other app of the same name has replaced present no refresh token twice', async () => {
    await using server = await startStrictServer('orders', 'users');
    const [orders, users] = [server.client('orders'), server.client('users')];
    await using tabs = await startTabs(browser(), orders.urls);
    const [first, second] = await tabs.openSignedIn(2, orders.issued);
    const other = await tabs.open(users.urls);
    await ask(other, 'signIn', users.issued());
    orders.deny();
    const outcomes = await Promise.all([first, second].map((tab) => ask(tab, 'burst', 1)));
    // One may work, and the other is told to wait; or both.
    expect(outcomes.flat().filter((outcome) => ![200, 401, 'refresh-failed'].includes(outcome))).toEqual([]);
    expect(orders.stats).toMatchObject({ reuse: 0, strangers: 0 });
    expect(users.stats).toEqual({ refreshes: 0, reuse: 0, strangers: 0 });
  });
});
