/** R73: a misspelt option is told the name that was meant. */
import { expect, test } from 'vitest';
import { misspelt, nearest } from '../src/nearest.ts';

const options = [
  'refresh',
  'allow',
  'store',
  'refreshAhead',
  'leeway',
  'keepFresh',
  'refreshTimeout',
  'attach',
  'isRejected',
  'capture',
  'revoke',
  'fetch',
  'clientId',
  'clientSecret',
  'url',
];

test.each([
  ['a letter too much', 'storge', 'store'],
  ['a letter too few', 'refreshTimeut', 'refreshTimeout'],
  ['two letters swapped', 'sotre', 'store'],
  ['another letter', 'refrech', 'refresh'],
  ['another ending', 'allowed', 'allow'],
  ['another case', 'clientID', 'clientId'],
  ['snake case', 'client_secret', 'clientSecret'],
  ['kebab case', 'keep-fresh', 'keepFresh'],
  ['the name itself', 'url', 'url'],
])('%s: %s is %s', (_, given, meant) => {
  expect(nearest(given, options)).toBe(meant);
});

test.each(['', 'x', 'scopes', 'session', 'storageArea', '__proto__', 'r'.repeat(1_000_000)])(
  'nothing is near: %.20s',
  (given) => {
    expect(nearest(given, options)).toBeUndefined();
  },
);

test('of two that are as near the first one is taken; of none, none', () => {
  expect(nearest('bat', ['cat', 'bar'])).toBe('cat');
  expect(nearest('bat', [])).toBeUndefined();
});

test('of an object the first name that nobody knows is told, with the one that was meant and those there are', () => {
  const known = ['scope', 'issuer'];
  expect(misspelt({ issuer: 1, scopes: 2, other: 3 }, known)).toEqual({
    name: 'scopes',
    advice: "'scope', perhaps; known are scope,issuer",
  });
  expect(misspelt({ somethingElse: 1 }, known)).toEqual({
    name: 'somethingElse',
    advice: 'known are scope,issuer',
  });
  expect(misspelt({ scope: undefined }, known)).toBe(undefined);
});
