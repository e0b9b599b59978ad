/** Keys that all contexts find by the tokens bound to them. */
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createKeys } from '../../src/dpop/keys.ts';
import { dump, type FakeDatabases, readable, stubIndexedDb } from '../support/databases.ts';
import { generateKeyPair, thumbprintOf } from '../support/dpop-keys.ts';

const open = (name = 'evertoken') => createKeys(name, generateKeyPair);
const first = { access_token: 'secret-access-1', refresh_token: 'secret-refresh-1' };
const second = { access_token: 'secret-access-2', refresh_token: 'secret-refresh-2' };

let fake: FakeDatabases;
beforeEach(() => {
  fake = stubIndexedDb();
});

/** A session with these tokens, begun in a context of its own. */
async function begin(tokens = first, keys = open()) {
  const key = await keys.make();
  await keys.bind(key, tokens);
  return { keys, jkt: await thumbprintOf(key) };
}

describe('a key', () => {
  test('is found in every context by the tokens it came with, in either spelling', async () => {
    const { jkt } = await begin();
    const { access_token: accessToken, refresh_token: refreshToken } = first;
    for (const tokens of [first, { accessToken, refreshToken }, { refresh_token: refreshToken }]) {
      expect(await thumbprintOf(await open().choose(tokens))).toBe(jkt);
    }
    expect(
      await thumbprintOf(await open().choose({ accessToken })),
      'the refresh token is what counts',
    ).not.toBe(jkt);
  });

  test('serves the tokens of a refresh and those before it, and none that are older', async () => {
    const { jkt } = await begin();
    for (const [old, next] of [
      [first, second],
      [second, { refreshToken: 'third' }],
    ] as const) {
      const keys = open();
      await keys.bind(await keys.choose(old), next);
      expect(await thumbprintOf(await open().choose(next))).toBe(jkt);
      expect(await thumbprintOf(await open().choose(old))).toBe(jkt);
    }
    expect(await thumbprintOf(await open().choose(first))).not.toBe(jkt);
  });

  test('belongs to one session: another sign-in, and its end, leave it alone', async () => {
    const { jkt } = await begin();
    const other = await begin(second);
    expect(other.jkt).not.toBe(jkt);
    await other.keys.forget(second);
    expect(await thumbprintOf(await open().choose(first))).toBe(jkt);
    expect(await thumbprintOf(await open().choose(second))).not.toBe(other.jkt);
  });

  test('is not lost when many contexts begin, refresh and end sessions at the same moment', async () => {
    const { jkt } = await begin();
    const keys = open();
    const key = await keys.choose(first);
    const others = Array.from({ length: 10 }, (_, number) => ({
      ...second,
      refresh_token: `other ${number}`,
    }));
    const [begun] = await Promise.all([
      Promise.all(others.map((tokens) => begin(tokens))),
      keys.bind(key, second),
      open().forget({ refresh_token: 'unknown' }),
    ]);
    const found = await Promise.all([second, ...others].map((tokens) => open().choose(tokens)));
    expect(await Promise.all(found.map(thumbprintOf))).toEqual([jkt, ...begun.map((one) => one.jkt)]);
  });

  test('that is forgotten is gone for all, and a refresh that was under way does not bring it back', async () => {
    const { jkt } = await begin();
    const late = open();
    const key = await late.choose(first);
    await open().forget(first);
    await late.bind(key, second);
    expect(await thumbprintOf(await late.choose(second))).not.toBe(jkt);
    expect(await dump(fake.factory)).toEqual([['evertoken', []]]);
  });

  test('of no tokens is the one that was bound last: a cookie may hold the session', async () => {
    await begin();
    const { jkt } = await begin(second);
    const keys = open();
    const key = await keys.choose({});
    expect(await thumbprintOf(key)).toBe(jkt);
    await keys.bind(key, { accessToken: 'next' });
    expect(await thumbprintOf(await open().choose({ accessToken: 'next' }))).toBe(jkt);
    expect((await open('other').choose({})).marks, 'another name has none').toEqual([]);
  });

  test('lies in the database without a way to export it, and without any token', async () => {
    await begin();
    const [[, keys] = []] = await dump(fake.factory);
    const [{ pair } = { pair: undefined }] = keys as { pair?: CryptoKeyPair }[];
    expect(pair?.privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey('jwk', pair?.privateKey as CryptoKey)).rejects.toThrow();
    expect(readable(keys)).not.toContain('secret');
  });

  test('stays when its session is replaced by one of the same key: a sign-in that an app repeats', async () => {
    const { jkt } = await begin();
    const keys = open();
    await keys.bind(await keys.choose(first), second);
    await keys.forget(second, first);
    expect(await thumbprintOf(await keys.choose(second))).toBe(jkt);
    await keys.forget(second, { accessToken: 'other' });
    expect(await thumbprintOf(await keys.choose(second))).not.toBe(jkt);
  });

  test('is bound to nothing by an answer without tokens', async () => {
    const keys = open();
    await keys.bind(await keys.make(), {});
    expect(await dump(fake.factory)).toEqual([]);
  });

  test('that nobody signed out goes when fifty newer ones are there', async () => {
    const { jkt } = await begin();
    for (let number = 0; number < 50; number++) await begin({ ...first, refresh_token: `${number}` });
    const [[, keys] = []] = await dump(fake.factory);
    expect(keys).toHaveLength(50);
    expect(await thumbprintOf(await open().choose(first))).not.toBe(jkt);
  });
});

describe('without a database', () => {
  test.for([
    ['missing', () => vi.stubGlobal('indexedDB', undefined)],
    [
      'blocked',
      () =>
        vi.spyOn(fake.factory, 'open').mockImplementation(() => {
          throw new DOMException('no', 'SecurityError');
        }),
    ],
  ] as const)('(%s) keys live in memory, and unknown ones are made', async ([, take]) => {
    take();
    const { keys, jkt } = await begin();
    expect(await thumbprintOf(await keys.choose(first))).toBe(jkt);
    await keys.bind(await keys.choose(first), second);
    expect(await thumbprintOf(await keys.choose(second))).toBe(jkt);
    await keys.forget(second);
    expect(await thumbprintOf(await keys.choose(second))).not.toBe(jkt);
    expect((await open().choose(first)).marks).toEqual([]);
  });
});

describe('a database that fails', () => {
  const aborting = () =>
    vi.spyOn(IDBFactory.prototype, 'open').mockImplementation(function (this: IDBFactory) {
      const request = {} as IDBOpenDBRequest;
      queueMicrotask(() => request.onerror?.({ type: 'abort' } as Event));
      return request as never;
    });

  test('what this context has bound it still knows; of others it says so instead of taking another key', async () => {
    const { jkt } = await begin(second);
    vi.stubGlobal('indexedDB', new IDBFactory());
    const spy = aborting();
    const keys = open();
    const mine = await begin(first, keys);
    expect(await thumbprintOf(await keys.choose(first))).toBe(mine.jkt);
    await expect(keys.choose(second)).rejects.toThrow('IndexedDB fails');
    spy.mockRestore();
    vi.stubGlobal('indexedDB', fake.factory);
    expect(await thumbprintOf(await keys.choose(second)), 'later it may').toBe(jkt);
  });

  test('one that was opened before is not taken for a missing one: another key would end the session', async () => {
    const { jkt } = await begin();
    const keys = open();
    await keys.choose(first);
    const spy = vi.spyOn(fake.factory, 'open').mockImplementation(() => {
      const request = {} as IDBOpenDBRequest;
      queueMicrotask(() => request.onerror?.({ type: 'error' } as Event));
      return request;
    });
    await expect(keys.choose(first)).rejects.toThrow('IndexedDB fails');
    expect((await open().choose(first)).marks, 'for who never opened it, it is missing').toEqual([]);
    spy.mockImplementation(() => {
      throw new DOMException('no', 'UnknownError');
    });
    await expect(keys.choose(first)).rejects.toThrow('IndexedDB fails');
    spy.mockRestore();
    expect(await thumbprintOf(await keys.choose(first))).toBe(jkt);
  });

  test('at the moment of a refresh: this context knows the key of the new tokens, and stores it with the next', async () => {
    const { jkt } = await begin();
    const keys = open();
    const key = await keys.choose(first);
    const spy = vi.spyOn(fake.factory, 'open').mockImplementation(() => {
      throw new DOMException('no', 'UnknownError');
    });
    await keys.bind(key, second);
    await keys.bind(key, second);
    spy.mockRestore();
    const next = await keys.choose(second);
    expect(await thumbprintOf(next)).toBe(jkt);
    await keys.bind(next, { refreshToken: 'third' });
    expect(await thumbprintOf(await open().choose({ refreshToken: 'third' }))).toBe(jkt);
    const [[, stored] = []] = await dump(fake.factory);
    expect(stored).toHaveLength(1);
  });

  test('R53: one that does not answer is given up after five seconds', async () => {
    const limit = new AbortController();
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(limit.signal);
    vi.spyOn(fake.factory, 'open').mockReturnValue({} as never);
    const choice = open().choose(first);
    await vi.waitFor(() => expect(timeout).toHaveBeenCalledWith(5_000));
    limit.abort();
    await expect(choice).rejects.toThrow('IndexedDB fails');
  });
});
