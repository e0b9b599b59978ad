/** The entry point `evertoken/node`. */
import * as entry from 'evertoken/node';
import { expect, test } from 'vitest';

test('it exports what the docs name', () => {
  expect(Object.keys(entry)).toEqual(['fileStore']);
});
