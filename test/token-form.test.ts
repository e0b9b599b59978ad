import { expect, test } from 'vitest';
import { basic, formOf } from '../src/token-form.ts';

const entries = (options: Parameters<typeof formOf>[0], auth = 'none') => [...formOf(options, 'r1', auth)];
const grant = [
  ['grant_type', 'refresh_token'],
  ['refresh_token', 'r1'],
];

test('RFC 6749 §6: the form holds the grant, and whatever narrows it', () => {
  expect(entries({})).toEqual(grant);
  const options = { scope: 'read write', resource: ['urn:a', 'urn:b'], parameters: { tenant: 'x' } };
  expect(entries(options)).toEqual([
    ...grant,
    ['scope', 'read write'],
    ['resource', 'urn:a'],
    ['resource', 'urn:b'],
    ['tenant', 'x'],
  ]);
  expect(entries({ resource: 'urn:a' })).toEqual([...grant, ['resource', 'urn:a']]);
});

test('RFC 6749 §2.3.1: the client is named once, and its secret is where it was asked for', () => {
  const client = { clientId: 'spa', clientSecret: 'pa55' };
  expect(entries(client)).toEqual([...grant, ['client_id', 'spa']]);
  expect(entries(client, 'client_secret_post')).toEqual([
    ...grant,
    ['client_id', 'spa'],
    ['client_secret', 'pa55'],
  ]);
  expect(entries(client, 'client_secret_basic')).toEqual(grant);
});

test('RFC 6749 §2.3.1: each half of the header is form-encoded before base64', () => {
  const header = basic({ clientId: 'a:b', clientSecret: 'c d/é' });
  expect(header).toMatch(/^Basic /);
  expect(atob(header.slice(6))).toBe('a%3Ab:c+d%2F%C3%A9');
  expect(atob(basic({}).slice(6))).toBe(':');
});

test('a parameter may replace what the form says by itself', () => {
  expect(entries({ scope: 'read', parameters: { scope: 'own' } })).toEqual([...grant, ['scope', 'own']]);
});
