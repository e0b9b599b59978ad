/** Claims of the ID token, to show a name. */
import { claimsOf } from 'evertoken';
import { describe, expect, test } from 'vitest';
import { jwt } from './support/attach.ts';
import { polluted } from './support/polluted.ts';

describe('claimsOf()', () => {
  test('reads the ID token', () => {
    const idToken = jwt({ sub: '7', name: 'Zoë', email: 'z@example.com' });
    expect(claimsOf({ accessToken: 'a', tokenType: 'Bearer', idToken })).toEqual({
      sub: '7',
      name: 'Zoë',
      email: 'z@example.com',
    });
  });

  test.each([
    ['nobody', undefined],
    ['no ID token', { accessToken: jwt({ sub: '7' }), tokenType: 'Bearer' }],
    ['one that is no JWT', { accessToken: 'a', tokenType: 'Bearer', idToken: 'opaque' }],
    ['one whose payload is a list', { accessToken: 'a', tokenType: 'Bearer', idToken: jwt([7]) }],
    ['one whose payload is no object', { accessToken: 'a', tokenType: 'Bearer', idToken: jwt('text') }],
  ])('answers an empty object for %s', (_what, tokens) => {
    expect(claimsOf(tokens)).toEqual({});
  });

  test('R37: has none that a page put on Object.prototype', async () => {
    const opaque = { accessToken: 'a', tokenType: 'Bearer', idToken: 'opaque' };
    const given = [opaque, { ...opaque, idToken: jwt({ name: 'Zoë' }) }];
    const subjects = await polluted({ sub: '7' }, () => given.map((tokens) => claimsOf(tokens).sub));
    expect(subjects).toEqual([undefined, undefined]);
  });
});
