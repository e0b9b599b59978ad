/** The error of the OpenID Connect client. */

import { inspect } from 'node:util';
import { asTokenError } from 'evertoken';
import { expect, test } from 'vitest';
import { guard, nameOf, OidcError, told } from '../../src/oidc/oidc-error.ts';

test('has a name, a code, and what is known of the server’s answer', () => {
  const error = new OidcError('token-request-refused', 'no', { error: 'invalid_client', status: 401 });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'OidcError',
    code: 'token-request-refused',
    message: 'token request refused: no',
    error: 'invalid_client',
    status: 401,
  });
  expect(`${error}`).toBe('OidcError: token request refused: no');
  expect(new OidcError('popup-closed').message).toBe('popup closed');
  expect(Object.keys(error)).not.toContain('name');
});

test('is no TokenError', () => {
  expect(asTokenError(new OidcError('unreachable', 'no'))).toBeUndefined();
});

test.for([
  [new TypeError('secret'), 'TypeError'],
  [new DOMException('secret', 'QuotaExceededError'), 'QuotaExceededError'],
  [Object.assign(new Error('x'), { name: 'a secret name' }), 'Error'],
  [
    Object.defineProperty(new Error('x'), 'name', {
      get() {
        throw new Error('secret');
      },
    }),
    'Error',
  ],
  ['secret text', 'Error'],
  [undefined, 'Error'],
  [null, 'Error'],
] as const)('R70: of what an app’s function threw only a name is told: %#', async ([thrown, name]) => {
  expect(nameOf(thrown)).toBe(name);
  const error = await guard('storage-failed', () => Promise.reject(thrown)).catch((error) => error);
  expect(error.message).toBe(`storage failed: ${name}`);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret');
});

test('R70: an error that looks like a server’s and is an HTTP client’s is told by its name, too', () => {
  const thrown = Object.assign(new Error('secret'), { error: 'invalid_grant', config: { data: 'secret' } });
  expect(told(thrown, 'unreachable')).toMatchObject({ code: 'unreachable', message: 'unreachable: Error' });
});

test('R70: a refusal that quotes the ID token it got as a hint is told without it', () => {
  const hint = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1In0.c2lnbmF0dXJl';
  const error_description = `AADSTS90014: id_token_hint '${hint}' is too old`;
  const thrown = Object.assign(new Error('x'), {
    code: 'OAUTH_RESPONSE_BODY_ERROR',
    error: 'invalid_request',
  });
  const { code, message } = told({ ...thrown, error_description }, 'unreachable');
  expect(code).toBe('authorization-refused');
  expect(message).toBe(
    "authorization refused: invalid_request AADSTS90014: id_token_hint '(a token)' is too old",
  );
  const quoting = told({ ...thrown, error: `bad ${hint}` }, 'unreachable');
  expect([quoting.message, quoting.error]).toEqual([
    'authorization refused: bad (a token) ',
    'bad (a token)',
  ]);
});
