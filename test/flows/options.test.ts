import {
  bearer,
  createTokenManager,
  memoryStore,
  refreshEndpoint,
  type TokenManagerOptions,
} from 'evertoken';
import { describe, expect, test, vi } from 'vitest';
import { expectTypeError, thrownBy } from '../support/attach.ts';
import { createCell } from '../support/cell.ts';
import { API } from '../support/world.ts';

const refresh = async () => ({ access_token: 'a' });

/** The error of creating a manager with these members, valid but for them. */
function errorOf(members: Record<string, unknown>): Error {
  return thrownBy(() =>
    createTokenManager({ refresh, allow: API, ...members } as unknown as TokenManagerOptions),
  );
}

/** Which ones there are is the development build's to say. */
const aStore = __DEVELOPMENT__ ? /webStore\('.*keyValueStore\('/ : /a store/;

describe('a wrong option is a TypeError at creation that names it, the kind of its value and what is allowed', () => {
  test.each<[string, unknown, RegExp, RegExp]>([
    ['refresh', undefined, /undefined/, /function/],
    ['refresh', null, /null/, /function/],
    ['refresh', {}, /object/, /function/],
    ['refresh', 'https://as.example.com', /string/, /function/],
    ['refresh', 'function', /string/, /expected|allowed/],
    ['allow', undefined, /undefined/, /origin|string/],
    ['allow', null, /null/, /origin|string/],
    ['allow', 5, /number|5/, /origin|string/],
    ['allow', '', /empty/, /origin|string/],
    ['allow', [], /array|empty/, /origin/],
    ['allow', [undefined], /undefined/, /origin/],
    ['allow', [API, null], /null/, /origin/],
    ['allow', [API, ''], /empty|string/, /origin/],
    ['allow', {}, /undefined/, /url/],
    ['allow', true, /boolean/, /origin|string/],
    ['store', null, /null/, /object/],
    ['store', 'localStorage', /string/, /object/],
    ['store', 'object', /string/, /object/],
    ['store', {}, /object/, aStore],
    ['store', { getItem() {}, setItem() {}, removeItem() {} }, /object/, aStore],
    ['refreshAhead', -1, /-1|negative|number/, /number|>=/],
    ['refreshAhead', Number.NaN, /NaN/, /number|>=/],
    ['refreshAhead', 1 / 0, /Infinity/, /number|>=/],
    ['refreshAhead', true, /boolean/, /false/],
    ['refreshAhead', '60000', /string/, /number/],
    ['refreshAhead', 'false', /string/, /number/],
    ['refreshAhead', null, /null/, /number/],
    ['leeway', -0.1, /-0\.1|negative|number/, /number|>=/],
    ['leeway', Number.NaN, /NaN/, /number|>=/],
    ['leeway', 1 / 0, /Infinity/, /number|>=/],
    ['leeway', false, /boolean/, /number/],
    ['leeway', '10', /string/, /number/],
    ['leeway', 'undefined', /string/, /number/],
    ['leeway', 10n, /bigint/, /number/],
    ['refreshTimeout', -1, /-1|negative|number/, /number|>=/],
    ['refreshTimeout', Number.NaN, /NaN/, /number|>=/],
    ['refreshTimeout', 1 / 0, /Infinity/, /number|>=/],
    ['refreshTimeout', -1 / 0, /-Infinity/, /number|>=/],
    ['refreshTimeout', '15s', /string/, /number/],
    ['keepFresh', 'yes', /string/, /boolean/],
    ['keepFresh', 'boolean', /string/, /expected|allowed/],
    ['keepFresh', 1, /number|1/, /boolean/],
    ['attach', null, /null/, /object/],
    ['attach', bearer, /function/, /object/],
    ['attach', {}, /object|undefined/, /tokenTypes|headers/],
    ['attach', { tokenTypes: ['bearer'] }, /object|undefined/, /headers/],
    ['attach', { tokenTypes: 'bearer', headers: () => ({}) }, /object|string/, /tokenTypes/],
    ['isRejected', 401, /number|401/, /function/],
    ['capture', {}, /object/, /array/],
    ['capture', [null], /null/, /object/],
    ['capture', [API], /string/, /object/],
    ['capture', [{}], /undefined/, /url/],
    ['capture', [{ url: [] }], /array|empty/, /url/],
    ['capture', [{ url: API, method: 5 }], /number|5/, /method/],
    ['capture', [{ url: API, read: 'json' }], /string/, /read/],
    ['capture', [{ url: API, startsSession: 'yes' }], /string/, /startsSession/],
    ['capture', [{ url: `${API}/x?y` }], /string/, /url/],
    ['revoke', 'https://as.example.com/revoke', /string/, /function/],
    ['fetch', {}, /object/, /function/],
    ['fetch', 'undefined', /string/, /function/],
  ])('%s: %s', (name, value, kind, allowed) => {
    expectTypeError(errorOf({ [name]: value }), new RegExp(`\\b${name}\\b`), kind, allowed);
  });

  test.each([
    ['allowed'],
    ['refreshahead'],
    ['persistSession'],
    ['storage'],
    ['name'],
    ['lock'],
    ['Refresh'],
    ['onError'],
    ['toString'],
    ['__proto_'],
  ])('the unknown name %s', (name) => {
    expectTypeError(errorOf({ [name]: undefined }), name, /allow/, /refreshAhead/);
  });

  test.each([[undefined], [null], ['options'], [5], [[]], [() => {}]])('options that are %j', (options) => {
    expectTypeError(
      thrownBy(() => createTokenManager(options as unknown as TokenManagerOptions)),
      /options/,
    );
  });

  test('nothing is called, opened or listened to before', async () => {
    const cell = createCell();
    const watch = vi.fn(() => () => {});
    errorOf({ store: cell.open({ watch }), leeway: -1 });
    errorOf({ store: cell.open({ watch }), capture: [{}] });
    await Promise.resolve();
    expect(cell.calls).toEqual([]);
    expect(watch).not.toHaveBeenCalled();
  });

  test('its text is not repeated: it may be a secret', () => {
    expect(errorOf({ refresh: 's3cret' }).message).not.toContain('s3cret');
    expect(errorOf({ allow: 's3cret' }).message).not.toContain('s3cret');
    expect(errorOf({ allow: 'https://user:s3cret@api.example.com' }).message).not.toContain('s3cret');
  });
});

test('bearer() takes no name it does not know', () => {
  const options = { headerName: 'X-Token' } as unknown as Parameters<typeof bearer>[0];
  expectTypeError(
    thrownBy(() => bearer(options)),
    /headerName/,
  );
});

test('every option may be undefined, and valid values of every kind are taken', () => {
  const names = 'store refreshAhead leeway keepFresh refreshTimeout attach isRejected capture revoke fetch';
  const nothing = Object.fromEntries(names.split(' ').map((name) => [name, undefined]));
  createTokenManager({ refresh, allow: API, ...nothing }).close();
  const allow = [new URL(API), () => true, 'http://localhost:3000', 'https://*.example.com/v1'];
  const store = memoryStore();
  const options = { refresh, allow, store, refreshAhead: 0, leeway: 0, capture: [] };
  createTokenManager(Object.freeze(options)).close();
  expect(refreshEndpoint({ url: '/refresh', format: 'json', parameters: Object.create(null) })).toBeTypeOf(
    'function',
  );
});
