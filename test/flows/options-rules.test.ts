import {
  createTokenManager,
  type RefreshEndpointOptions,
  refreshEndpoint,
  type TokenManagerOptions,
} from 'evertoken';
import { describe, expect, test } from 'vitest';
import { expectTypeError, thrownBy } from '../support/attach.ts';
import { API } from '../support/world.ts';

const refresh = async () => ({ access_token: 'a' });

/** The error of creating a manager with these members, valid but for them. */
function errorOf(members: Record<string, unknown>): Error {
  return thrownBy(() =>
    createTokenManager({ refresh, allow: API, ...members } as unknown as TokenManagerOptions),
  );
}

describe('an allow rule that is none', () => {
  test.each([
    ['https://api.example.com?x=1'],
    ['https://api.example.com/?'],
    ['https://api.example.com/v1#frag'],
    ['https://api.example.com/#'],
    ['*'],
    ['https://*'],
    ['https://*/'],
    ['https://a*.example.com'],
    ['https://*a.example.com'],
    ['https://*.*.example.com'],
    ['https://a.*.example.com'],
    ['https://*.example.com/*'],
    ['https://api.example.com/*'],
    ['https://api.example.com/v1/*/x'],
    ['*://api.example.com'],
    ['https://api.example.com:*'],
    ['https://user@api.example.com'],
    ['https://user:pass@api.example.com'],
    ['api.example.com'],
    ['localhost:3000'],
    ['//api.example.com'],
    ['/\\api'],
    ['/api?x'],
    ['/api/*'],
    ['http://*.example.com'],
    ['https://*.localhost'],
    ['https://*.com'],
    ['https://'],
    ['ftp://api.example.com'],
    ['ws://api.example.com'],
    ['file:///api'],
    ['data:text/plain,x'],
    ['blob:https://api.example.com/x'],
    ['null'],
  ])('%s is a TypeError that names the option', (rule) => {
    for (const allow of [rule, [API, rule]]) expectTypeError(errorOf({ allow }), /allow/, /string/, /origin/);
  });

  test.each([['https://api.example.com/?x'], ['https://api.example.com/#x'], ['https://a.example.com/*']])(
    'so it is as a URL: %s',
    (rule) => {
      expectTypeError(errorOf({ allow: new URL(rule) }), /allow/, /object|URL/, /origin/);
    },
  );
});

describe('a wrong option of refreshEndpoint is a TypeError that names it', () => {
  test.each<[string, unknown, RegExp]>([
    ['url', undefined, /undefined/],
    ['url', '', /empty/],
    ['url', 5, /number|5/],
    ['format', 'xml', /form.*json.*cookie/],
    ['clientId', 5, /string/],
    ['clientSecret', null, /null/],
    ['clientAuth', 'basic', /client_secret_basic/],
    ['scope', ['a'], /array/],
    ['resource', 5, /number|5/],
    ['parameters', 'a=b', /string/],
    ['headers', 5, /number|5/],
    ['body', {}, /function/],
    ['read', 'x', /string/],
    ['isSessionEnded', true, /boolean/],
    ['timeout', 5, /known|url/],
  ])('%s: %j', (name, value, said) => {
    const options = { url: 'https://as.example.com/token', [name]: value };
    expectTypeError(
      thrownBy(() => refreshEndpoint(options as RefreshEndpointOptions)),
      name,
      said,
    );
  });

  test('a secret is not repeated', () => {
    const options = { url: 'https://as.example.com/token', clientAuth: 's3cret' };
    const { message } = thrownBy(() => refreshEndpoint(options as unknown as RefreshEndpointOptions));
    expect(message).not.toContain('s3cret');
  });
});
