/** The check of the options. */
import { createOidcClient, type OidcClientOptions } from 'evertoken/oidc';
import { expect, test, vi } from 'vitest';
import { checkOptions } from '../../src/oidc/options.ts';

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

test.for([
  ['no clientId', { clientId: undefined }],
  ['an empty clientId', { clientId: '' }],
  ['no redirectUri', { redirectUri: undefined }],
  ['a relative redirectUri', { redirectUri: '/callback' }],
  ['neither issuer nor server', { issuer: undefined }],
  ['an issuer that is no URL', { issuer: 'as.example.com' }],
  ['a server without an issuer', { issuer: undefined, server: {} }],
] as const)('a TypeError at creation says what is needed: %s', ([, wrong]) => {
  const options = { ...good, ...wrong } as unknown as OidcClientOptions;
  expect(() => createOidcClient(options)).toThrow(TypeError);
  expect(() => createOidcClient(options)).toThrow(/clientId.*redirectUri.*issuer/);
});
