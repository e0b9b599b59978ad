/** What counts as a callback. */
import { describe, expect, test } from 'vitest';
import { readCallback } from '../../src/oidc/callback.ts';

const HERE = 'https://app.example.com/callback';
const read = (href: string, redirectUri = HERE) => {
  const callback = readCallback(href, redirectUri);
  return callback && { ...callback, parameters: Object.fromEntries(callback.parameters) };
};

describe('a callback', () => {
  test.for([
    ['in the query', `${HERE}?code=c&state=s`, HERE],
    ['in the fragment', `${HERE}#code=c&state=s`, HERE],
    ['beside other parameters', `${HERE}?a=1&code=c&state=s&iss=i&b=2#part`, `${HERE}?a=1&b=2#part`],
    ['in the fragment, beside a query', `${HERE}?a=1#code=c&state=s&b=2`, `${HERE}?a=1#b=2`],
    ['with everything a server may add', `${HERE}?code=c&state=s&session_state=x&iss=i`, HERE],
    ['an error', `${HERE}?error=access_denied&error_description=d&error_uri=u&state=s`, HERE],
  ] as const)('%s is read, and the address bar keeps the rest', ([, href, cleaned]) => {
    expect(read(href)).toMatchObject({ state: 's', cleaned });
  });

  test('hands on all parameters of its place', () => {
    expect(read(`${HERE}?a=1&code=c&state=s&iss=i`)?.parameters).toEqual({
      a: '1',
      code: 'c',
      state: 's',
      iss: 'i',
    });
  });

  test('may be the path of a request, as servers have it', () => {
    expect(read('/callback?code=c&state=s')).toMatchObject({ state: 's', cleaned: HERE });
  });

  test('may stand at a redirect URI with a query of its own, or without a path', () => {
    expect(read(`${HERE}?tenant=1&code=c&state=s`, `${HERE}?tenant=1`)?.cleaned).toBe(`${HERE}?tenant=1`);
    expect(read('https://app.example.com/?code=c&state=s', 'https://app.example.com')?.state).toBe('s');
  });
});

test.for([
  ['no parameters', HERE],
  ['a code without a state, which anybody may have made up', `${HERE}?code=c`],
  ['an empty state', `${HERE}?code=c&state=`],
  ['a state alone, as after a sign-out', `${HERE}?state=s`],
  ['code and state in different places', `${HERE}?code=c#state=s`],
  ['what is no URL, which an error would quote', 'https://['],
  ['another path', 'https://app.example.com/other?code=c&state=s'],
  ['a path below', `${HERE}/2?code=c&state=s`],
  ['another origin', 'https://app.example.com.evil.test/callback?code=c&state=s'],
] as const)('no callback: %s', ([, href]) => {
  expect(readCallback(href, HERE)).toBeUndefined();
});
