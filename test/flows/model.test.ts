/** Random lives of up to four contexts that share one session, against a strict authorization server. */
import fc from 'fast-check';
import { test } from 'vitest';
import { stubGlobals } from '../support/model/globals.ts';
import { scenarios } from '../support/model/scenario.ts';
import { browser, expectNoHarm, modelSeed } from '../support/model/variants.ts';

const patience = { timeout: 300_000 };

test(
  'R31, R32, R38, R50, R51, R54, R70: no token is spent twice, no session lost or mixed, nobody hangs',
  patience,
  async () => {
    stubGlobals(browser);
    const property = fc.asyncProperty(scenarios(), (scenario) => expectNoHarm(scenario, browser));
    await fc.assert(property, { numRuns: 2_000, seed: modelSeed });
  },
);
