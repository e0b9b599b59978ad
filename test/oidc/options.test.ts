/** The check of the options. */
import { createOidcClient, type OidcClientOptions } from 'evertoken/oidc';
import { describe, expect, test, vi } from 'vitest';
import { checkFunction, checkOptions } from '../../src/oidc/options.ts';
import { stubAddressBar } from '../support/oidc-server.ts';

const good = {
  issuer: 'https://as.example.com',
  clientId: 'spa',
  redirectUri: 'https://app.example.com/callback',
};

test('what is needed is enough', () => {
  expect(() => checkOptions(good)).not.toThrow();
  const { issuer, ...others } = good;
  expect(() => checkOptions({ ...others, server: { issuer } })).not.toThrow();
});

test('browsers without URL.canParse and URL.parse are served, too', () => {
  vi.spyOn(URL, 'canParse').mockImplementation(() => {
    throw new TypeError('URL.canParse is not a function');
  });
  expect(() => checkOptions(good)).not.toThrow();
  expect(() => checkOptions({ ...good, issuer: 'x' })).toThrow(/issuer/);
});

test('RFC 8252 §7.3: outside a page the redirect URI is the usual one of programs; in a page it is required', () => {
  const { redirectUri, ...others } = good;
  expect(checkOptions(good).redirectUri).toBe(redirectUri);
  expect(checkOptions(others).redirectUri).toBe('http://127.0.0.1/callback');
  stubAddressBar('https://app.example.com/');
  expect(() => checkOptions(others)).toThrow('redirectUri is undefined; expected an absolute URL');
});

test('a `server` beside an issuer, and every option, may be undefined', () => {
  const names = ['server', 'scope', 'resource', 'storage', 'navigate', 'fetch', 'dpop', 'clockTolerance'];
  const none = Object.fromEntries(names.map((name) => [name, undefined]));
  expect(() => createOidcClient({ ...good, ...none })).not.toThrow();
  // What has no prototype has no text.
  const parameters = Object.assign(Object.create(null), { audience: 'x' });
  const server = Object.assign(Object.create(null), { issuer: 'https://as.example.com' });
  expect(() => createOidcClient({ ...good, parameters, server })).not.toThrow();
});

test('what JSON cannot tell is named by its kind', () => {
  const round: { self?: object } = {};
  round.self = round;
  expect(() => checkFunction('open', round)).toThrow('open is object; expected a function');
});

test('what has to be called is a function', () => {
  expect(() => checkFunction('open', () => {})).not.toThrow();
  expect(() => checkFunction('open', 'firefox')).toThrow(
    new TypeError('evertoken: open is "firefox"; expected a function'),
  );
});

test.runIf(__DEVELOPMENT__)('the development build names an option that is misspelt', () => {
  const check = (given: object) => () => checkOptions({ ...good, ...given });
  expect(check({ scopes: 'openid offline_access' })).toThrow(
    "there is no option scopes of createOidcClient; 'scope', perhaps; known are issuer,server,clientId",
  );
  expect(check({ clientSecret: 'x' })).toThrow('known are issuer,server,clientId,redirectUri,scope');
});

describe('a TypeError at creation names the one option that is wrong, and what was given:', () => {
  test.for([
    [
      'no clientId',
      { clientId: undefined },
      'clientId is undefined; expected the id registered at the server',
    ],
    ['an empty clientId', { clientId: '' }, 'clientId is ""; expected the id registered at the server'],
    [
      'a clientId that is no text',
      { clientId: 7 },
      'clientId is 7; expected the id registered at the server',
    ],
    ['a relative redirectUri', { redirectUri: '/cb' }, 'redirectUri is "/cb"; expected an absolute URL'],
    ['neither issuer nor server', { issuer: undefined }, 'issuer is undefined; expected an absolute URL'],
    [
      'an issuer that is no URL',
      { issuer: 'as.example' },
      'issuer is "as.example"; expected an absolute URL',
    ],
    ['a server without an issuer', { server: {} }, 'server.issuer is undefined; expected an absolute URL'],
    ['a server that is none', { server: 'x' }, 'server is "x"; expected object'],
    ['a clientId without a text', { clientId: Object.create(null) }, 'clientId is {}; expected the id'],
    ['a scope that is no text', { scope: ['openid'] }, 'scope is ["openid"]; expected string'],
    ['a resource that is none', { resource: 5 }, 'resource is 5; expected string or array'],
    ['one of several', { resource: ['urn:a', null] }, 'resource[1] is null; expected string'],
    ['parameters', { parameters: 'x=1' }, 'parameters is "x=1"; expected object'],
    ['a place to go', { postLogoutRedirectUri: {} }, 'postLogoutRedirectUri is {}; expected string'],
    ['a storage', { storage: {} }, 'storage is {}; expected object with getItem, setItem, removeItem'],
    ['no storage', { storage: null }, 'storage is null; expected object with getItem'],
    ['navigate', { navigate: 'x' }, 'navigate is "x"; expected function'],
    ['fetch', { fetch: {} }, 'fetch is {}; expected function'],
    ['dpop', { dpop: {} }, 'dpop is {}; expected object with wrap'],
    ['a clockTolerance', { clockTolerance: -1 }, 'clockTolerance is -1; expected number from 0 on'],
    ['no number', { clockTolerance: Number.NaN }, 'clockTolerance is NaN; expected number from 0 on'],
    ['a text', { allowInsecureRequests: 'yes' }, 'allowInsecureRequests is "yes"; expected boolean'],
    [
      'an option that there is not',
      { clientSecret: 'x' },
      'there is no option clientSecret of createOidcClient',
    ],
  ] as const)('%s', ([, wrong, message]) => {
    const options = { ...good, ...wrong } as unknown as OidcClientOptions;
    expect(() => createOidcClient(options)).toThrow(TypeError);
    expect(() => createOidcClient(options)).toThrow(`evertoken: ${message}`);
  });
});
