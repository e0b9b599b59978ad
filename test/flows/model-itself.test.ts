/** The model sees what it is there to see. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stubGlobals } from '../support/model/globals.ts';
import { play } from '../support/model/play.ts';
import { scenarios } from '../support/model/scenario.ts';
import { full, withoutLock } from '../support/model/variants.ts';

test('the model sees tokens that are spent twice where a store compares nothing (R51)', async () => {
  const platform = { ...withoutLock, isBlind: true };
  stubGlobals(platform);
  const property = fc.asyncProperty(scenarios(platform.without), async (scenario) => {
    const { violations } = await play(scenario, platform);
    return !violations.some((violation) => violation.endsWith('had spent'));
  });
  const { failed } = await fc.check(property, { numRuns: 500, endOnFailure: true });
  expect(failed).toBe(true);
});

test('the model brings news from one context to the others (R52)', async () => {
  stubGlobals(full);
  const { log } = await play({ order: 0, delays: [1], contexts: 3, steps: [] }, full);
  for (const name of ['context 1', 'context 2'])
    expect(log).toContainEqual(expect.stringMatching(`${name} tells signed-in .* elsewhere`));
});
