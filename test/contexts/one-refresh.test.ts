/** Eight tabs need a new token at the same moment. */
import { test } from 'vitest';
import { inEveryEngine } from './support/engines.ts';
import { playRounds } from './support/rounds.ts';
import { startWorld } from './support/world.ts';

const TABS = 8;

/** The slow rounds are spread among the fast ones. */
const delays = Array.from({ length: 200 }, (_, round) => {
  if (round % 20 === 19) return 400;
  return [0, 2, 0, 2, 0, 2, 20][round % 7] ?? 0;
});

inEveryEngine('eight tabs request with a dead token', (browser) => {
  test('R31, R54: one refresh each time, 200 times in a row; no token is spent twice, no request fails', async () => {
    await using world = await startWorld(browser());
    const [first] = await world.openSignedIn(TABS, world.login);
    await playRounds(world, first, TABS, delays);
  });
});
