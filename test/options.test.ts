import { describe, expect, test, vi } from 'vitest';
import type { TokenManagerOptions } from '../src/api.ts';
import { readOptions } from '../src/options.ts';
import { placeFor } from '../src/request/allow.ts';
import { targetOf } from '../src/request/target.ts';

const required: TokenManagerOptions = {
  refresh: async () => ({ access_token: 'token' }),
  allow: 'https://api.example.com',
};

/** As JavaScript would call it, with what no type lets pass. */
const readAny = (options: object) => readOptions({ ...required, ...options } as TokenManagerOptions);

describe('defaults', () => {
  test('are those that the types promise', () => {
    const { attach, ...settings } = readOptions(required);
    expect(settings).toMatchObject({
      refreshAhead: 60_000,
      leeway: 10_000,
      refreshTimeout: 15_000,
    });
    expect(attach.tokenTypes).toEqual(['bearer']);
  });

  test('fill what is undefined and leave what is zero or false', () => {
    expect(
      readAny({ refreshAhead: undefined, leeway: undefined, store: undefined, attach: undefined }),
    ).toEqual({
      ...readOptions(required),
      attach: { tokenTypes: ['bearer'], headers: expect.any(Function), replace: false },
    });
    const own = { refreshAhead: false, leeway: 0, refreshTimeout: 0, keepFresh: false };
    expect(readAny(own)).toMatchObject(own);
  });

  test('do not touch what was handed in', () => {
    const options = Object.freeze({ ...required });
    expect(readOptions(options)).not.toBe(options);
    expect(options).toEqual(required);
  });
});

describe('mistakes', () => {
  test.each<[name: string, options: object]>([
    ['options.refresh is undefined', { refresh: undefined }],
    ['options.allow is undefined', { allow: undefined }],
    ['options.allow is array', { allow: [] }],
    ['options.name is string', { name: 'shop' }],
    ['options.storage is object', { storage: {} }],
    ['options.store is string', { store: 'shop' }],
    ['options.store is null', { store: null }],
    ['options.refreshAhead is boolean', { refreshAhead: true }],
    ['options.leeway is -1', { leeway: -1 }],
    ['options.refreshTimeout is Infinity', { refreshTimeout: 1 / 0 }],
    ['options.capture is object', { capture: {} }],
    ['options.autoRefresh is boolean', { autoRefresh: true }],
  ])('%s: the message says so', (message, options) => {
    expect(() => readAny(options)).toThrow(TypeError);
    expect(() => readAny(options)).toThrow(`evertoken: ${message}; expected `);
  });

  test('R71: a storage itself is no store; the message says what to write instead', () => {
    const localStorage = { getItem: () => null, setItem() {}, removeItem() {} };
    expect(() => readAny({ store: localStorage })).toThrow(
      `evertoken: options.store is object; expected ${__DEVELOPMENT__ ? "webStore('your-app'), or keyValueStore('your-app', it)" : 'a store'}`,
    );
    const store = { join: () => undefined };
    expect(readAny({ store }).store).toBe(store);
  });

  test('R8: a refresh may insist on a store, so that a session is not left unjoined by mistake', () => {
    const refresh = Object.assign(async () => ({}), { checkStore: vi.fn() });
    const store = { join: () => undefined };
    readAny({ refresh, store });
    readAny({ refresh });
    expect(refresh.checkStore.mock.calls).toEqual([[store], [undefined]]);
  });

  test('an attach lacks its headers or its token types', () => {
    const complete = { tokenTypes: ['dpop'], headers: () => ({}) };
    expect(readAny({ attach: complete }).attach).toBe(complete);
    for (const part of [{ tokenTypes: 'dpop' }, { headers: {} }]) {
      const attach = { ...complete, ...part };
      expect(() => readAny({ attach })).toThrow(
        'options.attach is object; expected an object with tokenTypes',
      );
    }
  });

  test('R13: keepFresh has nothing to go by where expiry is left to the server', () => {
    expect(() => readAny({ keepFresh: true, refreshAhead: false })).toThrow(
      'options.refreshAhead is boolean',
    );
    expect(readAny({ keepFresh: true, refreshAhead: 0 })).toMatchObject({ keepFresh: true, refreshAhead: 0 });
  });
});

test('R1: allow comes back as places that know which URLs may carry the token', () => {
  const { places } = readAny({ allow: ['https://api.example.com/v1', ({ port }: URL) => port === '8443'] });
  const allows = (url: string) => {
    const target = targetOf(url);
    return target && places.includes(placeFor(places, target) as (typeof places)[0]);
  };
  expect(allows('https://api.example.com/v1/me')).toBe(true);
  expect(allows('https://api.example.com:8443/')).toBe(true);
  expect(allows('https://api.example.com/v10')).toBe(false);
});
