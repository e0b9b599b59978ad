/** What is asked of a client. */
import { expect, test } from 'vitest';
import { anyOf, heedless } from '../../src/redis/clients.ts';

test('one of several is any of them, and none is an error that says so', () => {
  const seen = new Set(Array.from({ length: 200 }, () => anyOf(['a', 'b', 'c'])));
  expect([...seen].sort()).toEqual(['a', 'b', 'c']);
  expect(() => anyOf([])).toThrow('no node of the Cluster is known');
});

test('what nobody waits for may fail', async () => {
  heedless(Promise.reject(new Error('nobody cares')));
  heedless(undefined);
  // An unhandled rejection would fail this file.
  await new Promise((resolve) => setImmediate(resolve));
});
