/** What runs inside Redis; what the scripts do is tested with a real one, in script-real.test.ts. */
import { expect, test } from 'vitest';
import { READ, REPLACE, textsOf } from '../../src/redis/script.ts';

test('an answer is texts, whatever the client makes of it', () => {
  expect(textsOf([Buffer.from('=1'), 'é', 12, null, ''])).toEqual(['=1', 'é', '12', '', '']);
});

test('the scripts are small enough to be sent each time', () => {
  expect(Math.max(READ.length, REPLACE.length)).toBeLessThan(2_500);
});
