/** Scenarios of the model that failed once. */
import { describe, test } from 'vitest';
import { stubGlobals } from '../support/model/globals.ts';
import { keptOf, waysOf } from '../support/model/kept.ts';
import { expectNoHarm, type Platform, platforms } from '../support/model/variants.ts';

const stores = Object.entries<Platform>(platforms).map(([name, platform]) => ({
  ...{ title: platform.title, platform },
  scenarios: keptOf[name as keyof typeof platforms] ?? [],
}));

describe.each(stores.filter(({ scenarios }) => scenarios.length))(
  'with $title',
  ({ platform, scenarios }) => {
    test.each(scenarios)('$title', async (kept) => {
      stubGlobals(platform);
      for (const scenario of waysOf(kept)) await expectNoHarm(scenario, platform);
    });
  },
);
