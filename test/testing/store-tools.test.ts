/** What the checks of a store are made of. */
import { increment } from 'evertoken/testing';
import { expect, test } from 'vitest';
import { createTools, same } from '../../src/testing/store-tools.ts';
import { createCell } from '../support/ports.ts';
import { subjectOf, useStoreClock } from './broken-stores.ts';

useStoreClock();

test('R51: `increment` counts again where another context was faster, and says who reads backwards or gets nowhere', async () => {
  const cell = createCell();
  const [a, b] = [cell.open().port, cell.open().port];
  await Promise.all([increment(a, 20), increment(b, 20)]);
  expect((await a.read())?.value).toBe('40');
  let count = 2;
  const backwards = {
    ...a,
    read: async () => ({ version: 'v', value: `${--count}` }),
    replace: async () => true,
  };
  await expect(increment(backwards, 2)).rejects.toThrow('one context reads 0 after it has read 1');
  const never = { ...a, replace: async () => false };
  await expect(increment(never, 2)).rejects.toThrow('refused again and again');
});

test('a call that nobody answers is no answer after 10 s of the time that the subject lets pass', async () => {
  let passed = 0;
  const pass = async (ms: number) => {
    passed += ms;
  };
  const { outcome } = createTools(subjectOf((port) => port, { pass }));
  await expect(outcome(new Promise(() => {}))).rejects.toThrow('not answered in 10 s');
  expect(passed).toBeGreaterThanOrEqual(9_900);
  expect(await outcome(Promise.reject(new Error('refused')))).toEqual({ error: new Error('refused') });
});

test('R70: of a long text its length is told: what a store held before may be a session', () => {
  const value = JSON.stringify({ accessToken: 'a-token-that-is-nobody-else’s-business', more: 1 });
  const compare = (actual: unknown, expected: unknown) => () => same(actual, expected, 'what is read');
  expect(compare({ version: '1', value }, undefined)).toThrow(
    `This is no store: what is read is {"version":"1","value":"a text of ${value.length}"}; expected undefined.`,
  );
  expect(compare([value], [value.replace('1', '2')])).toThrow('a text of');
  expect(compare([value], [value])).not.toThrow();
});
