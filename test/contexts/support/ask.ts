/** Asks the actor in a tab, with its own types. */
import type { Actor } from '../page/actor.ts';
import type { Outcome } from '../page/traffic.ts';
import type { Tab } from './browser.ts';

export type Asked<K extends keyof Actor> = Awaited<ReturnType<Actor[K]>>;

export const ask = <K extends keyof Actor>(tab: Tab, name: K, ...args: Parameters<Actor[K]>) =>
  tab.evaluate<Asked<K>>(`actor.${name}(...${JSON.stringify(args)})`);

/**
 * Asks all `count` pages and workers of the tab's origin at the same moment, itself among them, with one call of
 * the driver. Its own answer comes first, the others in no order.
 */
export const askAll = <K extends keyof Actor>(
  tab: Tab,
  count: number,
  name: K,
  ...args: Parameters<Actor[K]>
) => tab.evaluate<Asked<K>[]>(`everywhere(${count}, ${JSON.stringify(name)}, ${JSON.stringify(args)})`);

/** How often each outcome came. */
export function tally(outcomes: Outcome[]): Record<Outcome, number> {
  const counts: Record<Outcome, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
