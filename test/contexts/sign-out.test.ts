/** One tab signs out while all wait for a refresh. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ask, askAll } from './support/ask.ts';
import { inEveryEngine } from './support/engines.ts';
import { startWorld } from './support/world.ts';

const TABS = 8;
/** What the server needs to answer, in milliseconds. */
const DELAY = 60;
/** From there on: before, around and after the moment of the answer. */
const MOMENTS = [0, 30, 50, 55, 60, 65, 70, 90];

inEveryEngine('sign-out in one of eight tabs', (browser) => {
  test('R32, R52: all tabs sign out, each with one event, and a refresh under way does not bring the session back', async () => {
    await using world = await startWorld(browser());
    const { server, gate, seen } = world;
    const [first, second] = await world.openSignedIn(TABS, world.login);
    server.delay = DELAY;
    for (const [round, moment] of MOMENTS.entries()) {
      const title = `sign-out ${moment} ms after the token call`;
      if (round > 0) await ask(first, 'signIn', await world.login());
      const token = await ask(first, 'token');
      await expect
        .poll(() => askAll(first, TABS, 'token'), { message: title })
        .toEqual(Array(TABS).fill(token));
      await askAll(first, TABS, 'forget');

      await world.deny(first);
      const called = gate.shut();
      const burst = askAll(first, TABS, 'burst', 1, `round-${round}`);
      await called;
      const verdicts = () =>
        seen.filter(({ path }) => path === `/round-${round}/0`).map(({ refusal }) => refusal);
      await expect.poll(verdicts, { message: title }).toEqual(Array(TABS).fill('denied'));
      gate.open();
      await sleep(moment);
      await ask(second, 'signOut');
      // Those who had their new token in time were answered; nothing was sent again with the dead one, or with none.
      const others = (await burst).flat().filter((outcome) => outcome !== 200);
      expect(others, title).toEqual(others.map(() => 'session-changed'));
      expect(verdicts().slice(TABS), title).toEqual(
        verdicts()
          .slice(TABS)
          .map(() => undefined),
      );
      await sleep(2 * DELAY);

      expect(await askAll(first, TABS, 'token'), title).toEqual(Array(TABS).fill(null));
      const told = await askAll(first, TABS, 'told');
      const ends = told.map((all) => all.filter(({ event }) => event !== 'token-refreshed'));
      expect(ends, title).toEqual(Array(TABS).fill([expect.objectContaining({ event: 'signed-out' })]));
      expect(
        ends.flat().map(({ reason }) => reason),
        title,
      ).toEqual(Array(TABS).fill('local'));
      expect(
        ends.flat().filter(({ elsewhere }) => elsewhere),
        title,
      ).toHaveLength(TABS - 1);
      expect(await askAll(first, TABS, 'burst', 1), title).toEqual(Array(TABS).fill([401]));
    }
    expect(server.stats.reuse).toBe(0);

    const late = await world.open();
    await ask(late, 'ready');
    expect([await ask(late, 'token'), await ask(late, 'told')]).toEqual([null, []]);
  });

  // Browsers may drop what a page that is left has begun in its database; docs/sign-out.md says to wait.
  test.for(['goto', 'reload', 'close'] as const)(
    'R32: a sign-out that was waited for holds although its page is left (%s) at once',
    async (way) => {
      await using world = await startWorld(browser());
      for (let time = 1; time <= 3; time++) {
        const tab = await world.open({ isAlone: true });
        await ask(tab, 'signIn', await world.login());
        await ask(tab, 'signOut');
        await tab[way](world.elsewhere);
        const next = await world.open({ isAlone: true });
        await ask(next, 'ready');
        expect(await ask(next, 'status'), `time ${time}`).toBe('signed-out');
      }
    },
  );
});
