/** The stores over which scenarios are played. */
import { expect } from 'vitest';
import { play } from './play.ts';
import type { Act, Scenario } from './scenario.ts';
import type { Variant } from './world.ts';

/** The same runs each time, so that a change is judged and not chance. `SEED=<number>` looks for more. */
export const modelSeed = Number(process.env['SEED'] ?? 1);

/** How many lives each store has. `LIVES=<number>` gives it more. */
export const lives = (usual: number) => Number(process.env['LIVES'] ?? usual);

export interface Platform extends Variant {
  readonly title: string;
  /** What does not happen there, or is beyond repair. */
  readonly without: Act[];
}

export const full: Platform = {
  title: 'a lock and news',
  hasLocks: true,
  hasNews: true,
  without: ['vanish'],
};

export const withoutLock: Platform = {
  ...full,
  title: 'no lock, and devices that sleep',
  hasLocks: false,
  sleeps: true,
  // Of both clocks at once nobody can know.
  without: ['vanish', 'clock'],
};

export const withoutNews: Platform = { ...full, title: 'no news', hasNews: false };

export const forgetful: Platform = {
  ...full,
  title: 'an entry that vanishes',
  hasLocks: false,
  forgets: true,
  without: ['clock'],
};

export const slow: Platform = { ...full, title: 'calls that take their time', slowness: 250 };

export const fleet: Platform = {
  ...full,
  title: 'clocks of its own, and none that are right',
  hasLocks: false,
  hasAge: true,
};

export const web: Platform = { ...full, title: 'IndexedDB, Web Locks and BroadcastChannel', isWeb: true };

export const platforms = { full, withoutLock, withoutNews, forgetful, slow, fleet, web } satisfies Record<
  string,
  Platform
>;

/** Says what happened, if anything is wrong. */
export async function expectNoHarm(scenario: Scenario, platform: Platform) {
  const { violations, log } = await play(scenario, platform);
  expect(violations, log.join('\n')).toEqual([]);
}
