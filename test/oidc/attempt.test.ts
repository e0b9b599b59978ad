/** Parsers that may throw. */
import { expect, test } from 'vitest';
import { attempt } from '../../src/oidc/attempt.ts';

test('what cannot be parsed is undefined, anything else as it is', () => {
  expect(attempt(() => JSON.parse('secret'))).toBeUndefined();
  expect(attempt(() => JSON.parse('0'))).toBe(0);
});
