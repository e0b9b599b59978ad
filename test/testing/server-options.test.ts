/** The options of the authorization server, and their check. */
import { expect, test } from 'vitest';
import { readServerOptions } from '../../src/testing/server-options.ts';
import { polluted } from '../support/polluted.ts';

test('an endpoint is a path of the issuer, unless it is said where else', () => {
  const { issuer, endpoints } = readServerOptions({
    issuer: 'http://localhost:3000/auth/',
    endpoints: { cookieRefresh: '/api/refresh', token: 'https://login.example.com/token' },
  });
  expect(issuer).toBe('http://localhost:3000/auth');
  expect(endpoints).toMatchObject({
    cookieRefresh: 'http://localhost:3000/api/refresh',
    token: 'https://login.example.com/token',
    jwks: 'http://localhost:3000/auth/jwks',
  });
});

test.for([
  [{ issuer: 'as.example.com' }, 'options.issuer is "as.example.com"; expected an http URL'],
  [{ issuer: 'ftp://as.example.com' }, 'options.issuer is "ftp://as.example.com"; expected an http URL'],
  [{ accessTokenLifetime: 0 }, 'options.accessTokenLifetime is 0; expected milliseconds, from 1 on'],
  [{ accessTokenLifetime: Number.POSITIVE_INFINITY }, 'options.accessTokenLifetime is Infinity; expected'],
  [{ refreshTokenLifetime: '1h' }, 'options.refreshTokenLifetime is "1h"; expected milliseconds'],
  [{ reuseInterval: -1 }, 'options.reuseInterval is -1; expected milliseconds'],
  [{ rotation: 'yes' }, 'options.rotation is "yes"; expected true or false'],
  [{ claims: {} }, 'options.claims is [object Object]; expected a function of the subject'],
  [{ endpoints: { token: 'http://:' } }, 'options.endpoints.token is "http://:"; expected a path'],
  [
    { endpoints: { token: '/token?key=1' } },
    'options.endpoints.token is "/token?key=1"; expected a path, or an http URL, without a query',
  ],
  [{ endpoints: { token: 'token' } }, 'options.endpoints.token is "token"; expected a path, or an http URL'],
  [{ endpoints: { token: '' } }, 'options.endpoints.token is ""; expected a path'],
  [{ endpoints: { token: '//as.example.com' } }, 'options.endpoints.token is "//as.example.com"; expected'],
  [{ endpoints: { token: '/token#' } }, 'without a query'],
  [{ issuer: 'https://as.example.com?tenant=1' }, 'expected an http URL, without a query'],
  [
    { endpoints: { refresh: '/r', cookieRefresh: '/r' } },
    'options.endpoints.cookieRefresh is "https://as.example.com/r"; expected a URL of its own: refresh has this one',
  ],
  [null, 'options is null; expected an object'],
  [5, 'options is 5; expected an object'],
  [{ endpoints: null }, 'options.endpoints is null; expected an object'],
  [{ lifetime: 5 }, 'there is no options.lifetime; there are issuer, endpoints'],
] as const)('%j is a TypeError that says what is expected', ([options, message]) => {
  expect(() => readServerOptions(options as never)).toThrow(TypeError);
  expect(() => readServerOptions(options as never)).toThrow(message);
});

test.runIf(__DEVELOPMENT__).for([
  [{ accessTokenLifeTime: 5 }, 'did you mean accessTokenLifetime?'],
  [{ endpoints: { revoke: '/x', sign_in: '/y' } }, 'there is no options.endpoints.revoke'],
  [{ endpoints: { sign_in: '/y' } }, 'did you mean signIn?'],
] as const)('R73: %j: the nearest name', ([options, message]) => {
  expect(() => readServerOptions(options as never)).toThrow(message);
});

test('R37: what a page put on Object.prototype is no option', async () => {
  const members = { issuer: 'x', rotation: 'x', claims: 'x', token: 'x' };
  expect(await polluted(members, () => readServerOptions({ endpoints: {} }))).toMatchObject({
    issuer: 'https://as.example.com',
    endpoints: { token: 'https://as.example.com/token' },
    rules: { rotation: true },
  });
});

test.for([Symbol('x'), Object.create(null)])('what is no text is named all the same: %o', (issuer) => {
  expect(() => readServerOptions({ issuer })).toThrow(/options.issuer is .*; expected an http URL/);
});

test('what is undefined is the default', () => {
  expect(readServerOptions({ issuer: undefined, rotation: undefined }).rules).toEqual({
    accessTokenLifetime: 300_000,
    refreshTokenLifetime: Number.POSITIVE_INFINITY,
    rotation: true,
    reuseInterval: 0,
  });
});
