import { expect, test } from 'vitest';
import { basicOf, formOf, grantOf, type TokenRequest } from '../src/token-form.ts';
import { polluted } from './support/polluted.ts';

const entries = (request: TokenRequest) => [...grantOf(request, 'r1')];
const grant = [
  ['grant_type', 'refresh_token'],
  ['refresh_token', 'r1'],
];
const client = { clientId: 'spa', clientSecret: 'pa55' };

test('RFC 6749 §6: the form holds the grant, and whatever narrows it', () => {
  expect(entries({})).toEqual(grant);
  const request = { scope: 'read write', resource: ['urn:a', 'urn:b'], parameters: { tenant: 'x' } };
  expect(entries(request)).toEqual([
    ...grant,
    ['scope', 'read write'],
    ['resource', 'urn:a'],
    ['resource', 'urn:b'],
    ['tenant', 'x'],
  ]);
  expect(entries({ resource: 'urn:a' })).toEqual([...grant, ['resource', 'urn:a']]);
});

test('RFC 6749 §2.3.1: the client is named once, and its secret is where it was asked for', () => {
  const named = [...grant, ['client_id', 'spa']];
  expect(entries({ clientId: 'spa' })).toEqual(named);
  expect(entries({ ...client, clientAuth: 'none' })).toEqual(named);
  expect(entries({ ...client, clientAuth: 'client_secret_post' })).toEqual([
    ...named,
    ['client_secret', 'pa55'],
  ]);
  expect(entries(client)).toEqual(grant);
  const headers = (['none', 'client_secret_post', 'client_secret_basic', undefined] as const).map(
    (clientAuth) => !!basicOf({ ...client, clientAuth }),
  );
  expect([...headers, !!basicOf({ clientId: 'spa' })]).toEqual([false, false, true, true, false]);
});

test('RFC 6749 §2.3.1: each half of the header is form-encoded before base64', () => {
  const header = `${basicOf({ clientId: 'a:b', clientSecret: 'c d/é' })}`;
  expect(header).toMatch(/^Basic /);
  expect(atob(header.slice(6))).toBe('a%3Ab:c+d%2F%C3%A9');
  expect(atob(`${basicOf({ clientAuth: 'client_secret_basic' })}`.slice(6))).toBe(':');
});

test('a form of other members names the client in the same way', () => {
  expect(`${formOf({ clientId: 'spa' }, { token: 't' })}`).toBe('token=t&client_id=spa');
  expect(`${formOf(client, { token: 't' })}`).toBe('token=t');
});

test('a parameter may replace what the form says by itself', () => {
  expect(entries({ scope: 'read', parameters: { scope: 'own' } })).toEqual([...grant, ['scope', 'own']]);
});

test('R37: what a page put on Object.prototype is no parameter', async () => {
  expect(await polluted({ tenant: 'x' }, () => entries({ parameters: {} }))).toEqual(grant);
});
