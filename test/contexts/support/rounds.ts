/** Rounds in which all pages and workers need a new token at the same moment. */
import { expect } from 'vitest';
import { ask, askAll, tally } from './ask.ts';
import type { Tab } from './browser.ts';
import type { World } from './world.ts';

/**
 * In each round the token that all hold is refused. Expects one refresh, no reuse, no failed request and the same new
 * token in all.
 *
 * @param first - A tab of theirs.
 * @param count - How many they are.
 * @param delays - What the server needs to answer in each round, in milliseconds.
 */
export async function playRounds(
  { server, api }: World,
  first: Tab,
  count: number,
  delays: number[],
): Promise<void> {
  let token = await ask(first, 'token');
  for (const [index, delay] of delays.entries()) {
    const title = `round ${index + 1}, the server answers in ${delay} ms`;
    api.deny(`${token}`);
    server.delay = delay;
    const told = await askAll(first, count, 'round', 1);
    const outcomes = told.flatMap((one) => one.outcomes);
    expect(tally(outcomes), title).toEqual({ 200: count });
    const refreshes = index + 1;
    expect(server.stats, title).toEqual({ tokenCalls: 1 + refreshes, refreshes, reuse: 0, errors: [] });
    token = told[0]?.token ?? null;
    expect(new Set(told.map((one) => one.token)), title).toEqual(new Set([token]));
  }
}

/** Some fast, some slow. */
export const aFewDelays = [0, 2, 0, 20, 0, 2, 100, 0, 2, 20];
