/** The same random lives where the platform offers less, or a storage takes its time. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Package } from '../support/model/contexts.ts';
import { loadCopies } from '../support/model/copies.ts';
import { stubGlobals } from '../support/model/globals.ts';
import { scenarios } from '../support/model/scenario.ts';
import {
  browser,
  expectNoHarm,
  modelSeed,
  type Platform,
  playOn,
  withoutLedger,
  withoutLocks,
  withSlowStorage,
} from '../support/model/variants.ts';

let copies: Package[] = [];
beforeAll(async () => {
  copies = await loadCopies();
});

describe('R31, R32, R38, R50, R51, R54, R70: no token is spent twice, no session lost or mixed, nobody hangs', () => {
  test.each([withSlowStorage, withoutLocks, withoutLedger])(
    'with $title',
    { timeout: 300_000 },
    async (platform) => {
      stubGlobals(platform);
      const arbitrary = scenarios(platform.without);
      const property = fc.asyncProperty(arbitrary, (scenario) => expectNoHarm(scenario, platform, copies));
      await fc.assert(property, { numRuns: 500, seed: modelSeed });
    },
  );
});

describe('the model', () => {
  test('sees tokens spent twice where neither a lock nor a ledger joins the contexts', async () => {
    const platform: Platform = { ...browser, hasLocks: false, hasLedger: false };
    stubGlobals(platform);
    const property = fc.asyncProperty(scenarios(), async (scenario) => {
      const { violations } = await playOn(scenario, platform, copies);
      return !violations.some((violation) => violation.endsWith('had spent'));
    });
    const { failed } = await fc.check(property, { numRuns: 200, endOnFailure: true });
    expect(failed).toBe(true);
  });

  test('brings news from one context to the others', async () => {
    stubGlobals(browser);
    const { log } = await playOn({ order: 0, delays: [1], contexts: 3, steps: [] }, browser);
    expect(log).toContainEqual(expect.stringContaining('context 1 tells signed-in other-context'));
    expect(log).toContainEqual(expect.stringContaining('context 2 tells signed-in other-context'));
  });
});
