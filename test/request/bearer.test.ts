import { describe, expect, test } from 'vitest';
import { bearer } from '../../src/request/bearer.ts';
import type { Attach } from '../../src/types.ts';

const tokens = { accessToken: 'access-1', tokenType: 'Bearer' };
const headersOf = (attach: Attach) =>
  attach.headers({ method: 'GET', url: 'https://api.example.com/', tokens });

describe('the header', () => {
  test('is that of the token it is asked for, whatever came before, and the asker’s to change', () => {
    const attach = bearer();
    const of = (accessToken: string) =>
      attach.headers({ method: 'GET', url: 'https://api.example.com/', tokens: { ...tokens, accessToken } });
    const first = of('a');
    expect(Object.assign(first, { 'x-a': '1' })).toEqual({ authorization: 'Bearer a', 'x-a': '1' });
    expect(['a', 'b', 'a'].map((token) => of(token))).toEqual(
      ['a', 'b', 'a'].map((token) => ({ authorization: `Bearer ${token}` })),
    );
  });

  test('is Authorization with the scheme Bearer (RFC 6750 §2.1)', () => {
    expect(headersOf(bearer())).toEqual({ authorization: 'Bearer access-1' });
    expect(headersOf(bearer({ scheme: undefined, header: undefined }))).toEqual(headersOf(bearer()));
  });

  test('has the scheme and the name that a server invented', () => {
    expect(headersOf(bearer({ scheme: 'Token' }))).toEqual({ authorization: 'Token access-1' });
    expect(headersOf(bearer({ header: 'X-Api-Token' }))).toEqual({ 'X-Api-Token': 'Bearer access-1' });
  });

  test('is the token alone without a scheme: no space before it', () => {
    expect(headersOf(bearer({ scheme: '', header: 'X-Api-Token' }))).toEqual({ 'X-Api-Token': 'access-1' });
  });
});

test('R9: it serves bearer tokens and those named like its scheme, in any case', () => {
  expect(bearer().tokenTypes).toEqual(['bearer']);
  expect(bearer({ scheme: 'BEARER' }).tokenTypes).toEqual(['bearer']);
  expect(bearer({ scheme: 'Token' }).tokenTypes).toEqual(['bearer', 'token']);
});

test.each([
  [
    { schema: 'Token' },
    `bearer.schema is string; expected ${__DEVELOPMENT__ ? "'scheme', perhaps: " : ''}no such name; known are scheme,header,replace`,
  ],
  [{ scheme: null }, 'bearer.scheme is null; expected string or empty or undefined'],
  [{ header: '' }, 'bearer.header is empty; expected string or undefined'],
  ['Token', 'bearer is string; expected object'],
  // The platform's own error would quote the token (R70).
  [{ header: 'X Key' }, 'bearer.header is string; expected the name of a header'],
  [{ header: 'X:Key' }, 'bearer.header is string; expected the name of a header'],
  [{ scheme: 'Token\n' }, 'bearer.scheme is string; expected printable ASCII'],
  [{ scheme: 'Tökén' }, 'bearer.scheme is string; expected printable ASCII'],
])('%j is a mistake that is named at once', (options, said) => {
  expect(() => bearer(options as object)).toThrow(new TypeError(`evertoken: ${said}`));
});
