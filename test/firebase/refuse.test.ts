import { expect, test } from 'vitest';
import { refuse } from '../../src/firebase/refuse.ts';

test.each([
  [undefined, 'undefined'],
  ['', 'empty'],
  ['secret', 'string'],
  [7, 'number'],
])('R70: an argument is refused with its name and kind, and nothing of its value: %j', (value, kind) => {
  const error = new TypeError(`evertoken: options.apiKey is ${kind}; expected a key`);
  expect(() => refuse('options.apiKey', value, 'a key')).toThrow(error);
});
