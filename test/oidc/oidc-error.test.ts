/** The error of the OpenID Connect client. */
import { asTokenError } from 'evertoken';
import { expect, test } from 'vitest';
import { OidcError } from '../../src/oidc/oidc-error.ts';

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
