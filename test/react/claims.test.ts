/** What the ID token says of the user. */
import { expect, test } from 'vitest';
import { claimsOfUser } from '../../src/react/claims.ts';
import { jwt } from '../support/jwt.ts';

test('claims in any script are read, in one order', () => {
  const claims = claimsOfUser(jwt({ name: 'Zoë 李 🦊', email: 'z@example.com', a: [1], amr: ['pwd'] }));
  expect(claims).toEqual({ name: 'Zoë 李 🦊', email: 'z@example.com', a: [1], amr: ['pwd'] });
  expect(Object.keys(claims)).toEqual(['a', 'amr', 'email', 'name']);
});

test('what each new token says anew is left out', () => {
  const own = { iat: 1, exp: 2, nbf: 1, jti: 'j', nonce: 'n', at_hash: 'a', c_hash: 'c', s_hash: 's' };
  expect(claimsOfUser(jwt({ sub: 'u', ...own, uti: 'u', aio: 'a', rh: 'r' }))).toEqual({ sub: 'u' });
});

test.for([undefined, '', 'opaque', 'a.b', 'a.!!.c', `a.${btoa('null')}.c`])(
  'a token that is no JWT has none: %s',
  (token) => {
    expect(claimsOfUser(token)).toEqual({});
  },
);

test('a claim named __proto__ is a claim, and no prototype', () => {
  const claims = claimsOfUser(jwt(JSON.parse('{"__proto__":{"name":"Eve"}}')));
  expect(Object.getPrototypeOf(claims)).toBe(Object.prototype);
  expect(claims.name).toBeUndefined();
});
