import { expect, test } from 'vitest';
import { memberOf, ownMembers } from '../src/own.ts';
import { polluted } from './support/polluted.ts';

class Options {
  readonly shown = 1;
  get read() {
    return 2;
  }
}

test('R37: what a page put on Object.prototype is nobody’s member', async () => {
  const dead = { error: 'invalid_grant' };
  const values = [{}, 'text', null, Object.create(null), { error: 'own' }, { ...dead }];
  const found = await polluted(dead, () => values.map((value) => memberOf(value, 'error')));
  expect(found).toEqual([undefined, undefined, undefined, undefined, 'own', 'invalid_grant']);
});

test('what a class gives its objects is theirs', async () => {
  const options = new Options();
  const found = await polluted({ read: 7, shown: 7 }, () => [
    memberOf(options, 'read'),
    memberOf(options, 'shown'),
  ]);
  expect(found).toEqual([2, 1]);
});

test('what is not there is undefined', () => {
  expect([memberOf({}, 'a'), memberOf(undefined, 'a'), memberOf(7, 'a')]).toEqual(Array(3).fill(undefined));
});

test('a getter that throws, as of a proxy, has brought nothing', () => {
  const given = {
    get error() {
      throw new Error('with a token in it');
    },
  };
  const hostile = new Proxy({}, { get: () => Reflect.get(given, 'error') });
  expect([memberOf(given, 'error'), memberOf(hostile, 'name')]).toEqual([undefined, undefined]);
});

test('R37: all members are those of the value, symbols too, and what a page put on Object.prototype is not there', async () => {
  const symbol = Symbol('own');
  const given: object = { own: 1, [symbol]: 2 };
  const own = await polluted({ access_token: 'polluted' }, () => ownMembers(given));
  expect(Reflect.ownKeys(own)).toEqual(['own', symbol]);
});

test('R37: they inherit nothing', () => {
  expect('toString' in ownMembers({ a: 1 })).toBe(false);
});

test('nothing has no members', () => {
  expect([ownMembers(undefined), ownMembers(null)].flatMap((own) => Reflect.ownKeys(own))).toEqual([]);
});
