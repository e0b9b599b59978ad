/** Members that are an object's own. */
import { expect, onTestFinished, test } from 'vitest';
import { ownOf } from '../../src/oidc/own.ts';

test('R37: what a page put on Object.prototype is not there', () => {
  Object.assign(Object.prototype, { access_token: 'polluted' });
  onTestFinished(() => void Reflect.deleteProperty(Object.prototype, 'access_token'));
  const symbol = Symbol('own');
  const own: Record<string | symbol, unknown> = ownOf({ own: 1, [symbol]: 2 });
  expect([own['own'], own[symbol], own['access_token']]).toEqual([1, 2, undefined]);
});

test('nothing has no members', () => {
  expect(Object.keys(ownOf(undefined))).toEqual([]);
  expect(Object.keys(ownOf(null))).toEqual([]);
});
