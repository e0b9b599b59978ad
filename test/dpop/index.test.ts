/** What the entry point gives. */
import { expect, test } from 'vitest';
import * as entry from '../../src/dpop/index.ts';

test('evertoken/dpop gives one function', () => {
  expect(Object.keys(entry)).toEqual(['dpop']);
});
