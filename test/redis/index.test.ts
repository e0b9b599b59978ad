/** The entry point `evertoken/redis`. */
import * as redis from 'evertoken/redis';
import { expect, test } from 'vitest';

test('exports redisStore', () => {
  expect(Object.keys(redis)).toEqual(['redisStore']);
});
