/** Scenarios of the model that failed once. */
import { beforeAll, describe, test } from 'vitest';
import type { Package } from '../support/model/contexts.ts';
import { loadCopies } from '../support/model/copies.ts';
import { stubGlobals } from '../support/model/globals.ts';
import { type Kept, kept, keptWithoutLedger, keptWithoutLocks, waysOf } from '../support/model/kept.ts';
import {
  browser,
  expectNoHarm,
  type Platform,
  withoutLedger,
  withoutLocks,
} from '../support/model/variants.ts';

let copies: Package[] = [];
beforeAll(async () => {
  copies = await loadCopies();
});

const platforms: [platform: Platform, kept: Kept[]][] = [
  [browser, kept],
  [withoutLocks, keptWithoutLocks],
  [withoutLedger, keptWithoutLedger],
];

describe.each(platforms)('with $title', (platform, scenarios) => {
  test.each(scenarios)('$title', async (kept) => {
    stubGlobals(platform);
    for (const scenario of waysOf(kept)) await expectNoHarm(scenario, platform, copies);
  });
});
