import { describe, expect, test } from 'vitest';
import { checkEach, checkMembers, kindOf, refuse } from '../src/check.ts';
import { polluted } from './support/polluted.ts';

test.each([
  ['', 'empty'],
  ['secret', 'string'],
  [0, 'number >= 0'],
  [1e9, 'number >= 0'],
  [-1, '-1'],
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, 'Infinity'],
  [null, 'null'],
  [[], 'array'],
  [{}, 'object'],
  [undefined, 'undefined'],
  [false, 'boolean'],
  [() => {}, 'function'],
])('the kind of %j is %s', (value, kind) => {
  expect(kindOf(value)).toBe(kind);
});

test('R70: a refusal names what was checked and the kind of its value, never the value', () => {
  expect(() => refuse('options.key', 'secret', 'object')).toThrow(
    new TypeError('evertoken: options.key is string; expected object'),
  );
});

describe('members', () => {
  const kinds = {
    mode: "'form' or 'json' or undefined",
    ahead: 'number >= 0 or false or undefined',
    name: 'string',
  };
  const check = (value: object) => () => checkMembers('options', value, kinds);

  test('pass with one of the kinds, a quoted text or `false`', () => {
    expect(check({ name: 'a' })).not.toThrow();
    expect(check({ name: 'a', mode: 'json', ahead: false })).not.toThrow();
    expect(check({ name: 'a', mode: undefined, ahead: 0 })).not.toThrow();
  });

  test('of a prototype count as well: options may be an instance of a class', () => {
    expect(check(Object.create({ name: 'a' }))).not.toThrow();
    expect(check(Object.create({ name: 7 }))).toThrow('options.name is number >= 0; expected string');
  });

  test.each([
    [{}, 'options.name is undefined; expected string'],
    [{ name: '' }, 'options.name is empty; expected string'],
    [{ name: 'a', mode: 'xml' }, "options.mode is string; expected 'form' or 'json' or undefined"],
    [{ name: 'a', mode: 'undefined' }, 'options.mode is string; expected'],
    [{ name: 'a', ahead: true }, 'options.ahead is boolean; expected number >= 0 or false or undefined'],
    [{ name: 'a', ahead: -5 }, 'options.ahead is -5; expected'],
    [
      { name: 'a', nmae: 'secret' },
      // The development build says which one was meant.
      `options.nmae is string; expected ${__DEVELOPMENT__ ? "'name', perhaps: " : ''}no such name; known are mode,ahead,name`,
    ],
    [{ name: 'a', toString: 'secret' }, 'options.toString is string; expected no such name'],
    [[], 'options is array; expected object'],
  ])('%j are a mistake that is named', (value, said) => {
    expect(check(value)).toThrow(TypeError);
    expect(check(value)).toThrow(`evertoken: ${said}`);
  });

  test('have to be those of an object', () => {
    const nothing: unknown = null;
    expect(check(nothing as object)).toThrow('evertoken: options is null; expected object');
  });
});

test('R37: what a page put on Object.prototype is no option, and no misspelt one', async () => {
  const kinds = { name: 'string', read: 'function or undefined' };
  const given = { name: 'a' };
  const found = await polluted({ read: 7, other: 7 }, () => checkMembers('options', given, kinds));
  expect(Object.entries(found)).toEqual([
    ['name', 'a'],
    ['read', undefined],
  ]);
  expect('toString' in found).toBe(false);
});

test('the members of a list are named by their index, those of an object by their name', () => {
  expect(() => checkEach('options.resource', ['urn:a', 7], 'string')).toThrow(
    new TypeError('evertoken: options.resource[1] is number >= 0; expected string'),
  );
  expect(() => checkEach('options.parameters', { audience: undefined }, 'string or empty')).toThrow(
    new TypeError('evertoken: options.parameters.audience is undefined; expected string or empty'),
  );
  expect(() => checkEach('options.parameters', { tenant: '' }, 'string or empty')).not.toThrow();
});
