/** Random lives of up to eight contexts that share one session, against a strict authorization server. */
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { stubGlobals } from '../support/model/globals.ts';
import { scenarios } from '../support/model/scenario.ts';
import { expectNoHarm, lives, modelSeed, type Platform, platforms } from '../support/model/variants.ts';

describe('R31, R32, R38, R51, R53, R54, R70: no token is spent twice, no session lost or mixed, nobody hangs', () => {
  test.each(Object.values<Platform>(platforms))('with $title', { timeout: 3_600_000 }, async (platform) => {
    stubGlobals(platform);
    const arbitrary = scenarios(platform.without);
    const property = fc.asyncProperty(arbitrary, (scenario) => expectNoHarm(scenario, platform));
    await fc.assert(property, { numRuns: lives(300), seed: modelSeed });
  });
});
