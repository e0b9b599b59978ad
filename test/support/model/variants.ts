/** The platforms on which scenarios are played. */
import * as evertoken from 'evertoken';
import { expect } from 'vitest';
import type { Package } from './contexts.ts';
import { play } from './play.ts';
import type { Act, Scenario } from './scenario.ts';
import type { Variant } from './world.ts';

/** The same runs each time, so that a change is judged and not chance. `SEED=<number>` looks for more. */
export const modelSeed = Number(process.env['SEED'] ?? 1);

export interface Platform extends Omit<Variant, 'copy'> {
  readonly title: string;
  /** What is beyond repair there. */
  readonly without?: Act[];
}

export const browser: Platform = {
  title: 'localStorage, Web Locks and IndexedDB',
  storage: 'web',
  hasLocks: true,
  hasLedger: true,
};

export const withoutLocks: Platform = { ...browser, title: 'no Web Locks', hasLocks: false };

export const withoutLedger: Platform = {
  ...browser,
  title: 'no IndexedDB, and a storage without delay',
  storage: 'instant',
  hasLedger: false,
  // Nobody can know of tokens that were not stored, nor what a frozen context is about to do.
  without: ['full storage', 'freeze'],
};

export const withSlowStorage: Platform = { ...browser, title: 'an asynchronous storage', storage: 'async' };

/** @param copies - Where modules keep something for a context, each context has a copy of the package. */
export const playOn = (scenario: Scenario, platform: Platform, copies: Package[] = []) =>
  play(scenario, { ...platform, copy: (index) => copies[index] ?? evertoken });

/** Says what happened, if anything is wrong. */
export async function expectNoHarm(scenario: Scenario, platform: Platform, copies?: Package[]) {
  const { violations, log } = await playOn(scenario, platform, copies);
  expect(violations, log.join('\n')).toEqual([]);
}
