/** R59: what a store says of itself decides what is tested. */
import type { StoreEntry, StorePort } from 'evertoken';
import { expect, test } from 'vitest';
import { pass } from '../store/contexts.ts';
import { failuresOf, subjectOf, testsOf, useStoreClock } from './broken-stores.ts';

useStoreClock();

test.for([
  ['contexts', { contexts: 'one', watch: true, lock: true, age: true, forgets: true }],
  ['whenDown', { whenDown: 'alone', watch: true, lock: true, age: true, forgets: true }],
  ['forgets', { watch: true, lock: true, age: true }],
  ['lock', { watch: true, age: true, forgets: true }],
  ['watch', { lock: true, age: true, forgets: true }],
] as const)(
  'a store that says otherwise of its `%s` than its subject does is found out',
  async ([name, says]) => {
    const failures = await failuresOf(subjectOf((port) => port, { says }));
    expect(failures.join('\n')).toMatch(new RegExp(`says of itself.*\`${name}\``));
  },
);

test('what is not at hand is not tested: the least that is needed is a way to open it', async () => {
  let entry: StoreEntry | undefined;
  const open = (): StorePort => ({
    read: async () => entry,
    async replace(version, next) {
      if (entry?.version !== version) return false;
      entry = next;
      return true;
    },
  });
  const reset = () => {
    entry = undefined;
  };
  const least = { says: {}, open, reset, pass };
  const claims = testsOf(least).map(([claim]) => claim);
  expect(claims.join('\n')).not.toMatch(/news|lock|how long ago|dies|vanished|R53/);
  expect(await failuresOf(least)).toEqual([]);
});
