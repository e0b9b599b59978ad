/** Parameters of a request. */
import { expect, test } from 'vitest';
import { pairsOf } from '../../src/oidc/parameters.ts';

test('a value makes a pair, several make several, none makes none', () => {
  const parameters = { scope: 'a b', resource: ['urn:a', 'urn:b'], max_age: 0, empty: '', prompt: undefined };
  expect(pairsOf(parameters)).toEqual([
    ['scope', 'a b'],
    ['resource', 'urn:a'],
    ['resource', 'urn:b'],
    ['max_age', '0'],
    ['empty', ''],
  ]);
});
