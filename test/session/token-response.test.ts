import { describe, expect, test } from 'vitest';
import { asTokenError } from '../../src/errors.ts';
import { readTokenResponse } from '../../src/session/token-response.ts';
import type { TokenSet } from '../../src/types.ts';

const read = (answer: unknown, previous?: TokenSet) =>
  readTokenResponse(answer, ['bearer', 'token'], previous);

describe('an answer', () => {
  const camel = {
    accessToken: 'a',
    tokenType: 'bearer',
    expiresIn: 60,
    refreshToken: 'r',
    idToken: 'i',
    scope: 's',
  };

  test('is read in snake_case as in camelCase (RFC 6749 §5.1)', () => {
    const snake = {
      access_token: 'a',
      token_type: 'bearer',
      expires_in: 60,
      refresh_token: 'r',
      id_token: 'i',
      scope: 's',
    };
    expect(read(snake)).toEqual(camel);
    expect(read(camel)).toEqual(camel);
  });

  test('that says a thing twice is taken at its first word that says something', () => {
    expect(read({ access_token: 'first', accessToken: 'second' }).accessToken).toBe('first');
    expect(read({ access_token: null, accessToken: 'second' }).accessToken).toBe('second');
  });

  test('without an access token is read as one whose access token is its ID token', () => {
    expect(read({ id_token: 'i' })).toMatchObject({ accessToken: 'i', idToken: 'i' });
  });

  test('R10: gives no moment of expiry by expires_at, which is in seconds and by the server’s clock', () => {
    expect(read({ access_token: 'a', expires_at: 5 }).expiresAt).toBeUndefined();
    expect(read({ access_token: 'a', expiresAt: 5 }).expiresAt).toBe(5);
  });
});

describe('R36: what an answer leaves out', () => {
  const previous = {
    accessToken: 'a0',
    tokenType: 'token',
    expiresAt: 5,
    refreshToken: 'r0',
    idToken: 'i0',
    scope: 's0',
  };

  test('is kept from before, but for the moment of expiry', () => {
    expect(read({ access_token: 'a1' }, previous)).toEqual({
      ...previous,
      accessToken: 'a1',
      expiresAt: undefined,
    });
    const empty = { access_token: 'a1', refresh_token: '', id_token: null, scope: 7 };
    expect(read(empty, previous)).toMatchObject({ refreshToken: 'r0', idToken: 'i0', scope: 's0' });
  });

  test('keeps its end with the refresh token, and a new one has none that was not said', () => {
    const long = { ...previous, refreshExpiresAt: 9 };
    expect(read({ access_token: 'a1' }, long)).toMatchObject({ refreshToken: 'r0', refreshExpiresAt: 9 });
    expect(read({ access_token: 'a1', refresh_token: 'r0' }, long).refreshExpiresAt).toBe(9);
    expect(read({ access_token: 'a1', refresh_token: 'r1' }, long).refreshExpiresAt).toBeUndefined();
    expect(read({ access_token: 'a1', refresh_token: 'r1', refresh_expires_in: 7 }, long)).toMatchObject({
      refreshExpiresIn: 7,
    });
  });

  test('has its defaults where there was nothing before (RFC 6749 §7.1)', () => {
    expect(read({ access_token: 'a' })).toEqual({ accessToken: 'a', tokenType: 'Bearer' });
  });

  test('is nothing that it brings', () => {
    const answer = {
      access_token: 'a1',
      token_type: 'Bearer',
      refresh_token: 'r1',
      id_token: 'i1',
      scope: 's1',
    };
    const { accessToken, tokenType, refreshToken, idToken, scope } = read(answer, previous);
    expect([accessToken, tokenType, refreshToken, idToken, scope]).toEqual([
      'a1',
      'Bearer',
      'r1',
      'i1',
      's1',
    ]);
  });
});

describe('R37: no token response is', () => {
  /** As a server may write it: its texts cannot be had. */
  const odd = JSON.parse('{"toString":1,"valueOf":1}');

  /** Advice is the development build's. */
  const see = __DEVELOPMENT__ ? '; see bearer({ scheme })' : '';

  test.each<[answer: unknown, said: string]>([
    [undefined, 'it is undefined; expected object'],
    ['a secret', 'it is string; expected object'],
    [[], 'it is array; expected object'],
    [
      new Response('{}'),
      __DEVELOPMENT__
        ? 'it is object; expected its body: await response.json()'
        : 'access_token is undefined; expected printable string',
    ],
    [
      Promise.resolve({ access_token: 'secret' }),
      __DEVELOPMENT__
        ? 'it is object; expected what it resolves to: await it'
        : 'access_token is undefined; expected printable string',
    ],
    [{}, 'access_token is undefined; expected printable string'],
    [{ access_token: 7 }, 'access_token is number >= 0; expected printable string'],
    [{ access_token: '' }, 'access_token is empty; expected printable string'],
    [{ access_token: 'secret\n' }, 'access_token is string; expected printable string'],
    [{ access_token: 'secrét' }, 'access_token is string; expected printable string'],
    [{ access_token: 'a', refresh_token: 7 }, 'refresh_token is number >= 0; expected string'],
    [{ access_token: 'a', refresh_token: ['secret'] }, 'refresh_token is array; expected string'],
    [{ access_token: 'a', refresh_token: odd }, 'refresh_token is object; expected string'],
    [
      { access_token: 'a', token_type: 'DPoP' },
      `token_type is string; expected bearer,token, as attach serves${__DEVELOPMENT__ ? '; see evertoken/dpop' : ''}`,
    ],
    [
      { access_token: 'a', token_type: 'mac' },
      `token_type is string; expected bearer,token, as attach serves${see}`,
    ],
    [
      { access_token: 'a', token_type: ['Bearer'] },
      `token_type is array; expected bearer,token, as attach serves${see}`,
    ],
    [
      { access_token: 'a', token_type: odd },
      `token_type is object; expected bearer,token, as attach serves${see}`,
    ],
  ])('%j, and the message does not quote it', (answer, said) => {
    let thrown: unknown;
    try {
      read(answer);
    } catch (error) {
      thrown = error;
    }
    expect(asTokenError(thrown, 'invalid-token-response')?.message).toBe(`invalid token response: ${said}`);
  });

  test('one of another type than that of an `attach` beside bearer, with no advice on bearer', () => {
    expect(() => readTokenResponse({ access_token: 'a' }, ['dpop'])).toThrow(
      /expected dpop, as attach serves$/,
    );
  });

  test('one whose type would have served only in another case: types are compared without regard to it', () => {
    expect(read({ access_token: 'a', token_type: 'BEARER' }).tokenType).toBe('BEARER');
  });
});
