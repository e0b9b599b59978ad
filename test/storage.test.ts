import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Accept } from '../src/contracts.ts';
import {
  createRecordStore,
  isMemory,
  isSessionStorage,
  memoryStorage,
  type StoredSession,
} from '../src/storage.ts';
import type { TokenEvents, TokenSet, TokenStorage } from '../src/types.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Trusts what is an object, as no reader of real answers would. */
const accept: Accept = (tokens, issuedAt) => {
  if (typeof tokens !== 'object') throw new Error('no tokens');
  return { tokens: tokens as TokenSet, issuedAt, expiresAt: 9, aheadAt: 9, waitAt: 9 };
};
const session = (tokens: Partial<TokenSet> = {}): StoredSession => ({
  id: 's1',
  n: 3,
  base: 2,
  held: accept({ accessToken: 'access-1', tokenType: 'Bearer', ...tokens }, 7),
});

function store(parts: Partial<TokenStorage> = {}, text?: string) {
  const storage = { ...memoryStorage(), ...parts };
  if (text !== undefined) storage.setItem('key', text);
  const failures: TokenEvents['storage-failed'][] = [];
  const records = createRecordStore(storage, 'key', accept, (failure) => failures.push(failure));
  return { records, ...records, storage, failures };
}
const saying = (text: string) => ({ message: expect.stringContaining(text) });
const throwing = (error: unknown) => () => {
  throw error;
};

test('memoryStorage keeps, and forgets what is removed', () => {
  const storage = memoryStorage();
  storage.setItem('a', '1');
  expect([storage.getItem('a'), memoryStorage().getItem('a')]).toEqual(['1', undefined]);
  storage.removeItem('a');
  expect(storage.getItem('a')).toBeUndefined();
});

test('R56: a memoryStorage is known by itself, and nothing else is one', () => {
  const storage = memoryStorage();
  expect([isMemory(storage), isMemory({ ...storage })]).toEqual([true, false]);
});

describe('R54: the storage that each tab has for itself', () => {
  test('is the page’s `sessionStorage`, and no other', () => {
    const [own, other] = [memoryStorage(), memoryStorage()];
    vi.stubGlobal('sessionStorage', own);
    expect([isSessionStorage(own), isSessionStorage(other)]).toEqual([true, false]);
  });

  test('is none where it may not be looked at', () => {
    const own = Object.getOwnPropertyDescriptor(globalThis, 'sessionStorage');
    Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, get: throwing('blocked') });
    const isOwn = isSessionStorage(memoryStorage());
    if (own) Object.defineProperty(globalThis, 'sessionStorage', own);
    else Reflect.deleteProperty(globalThis, 'sessionStorage');
    expect(isOwn).toBe(false);
  });
});

describe('a record', () => {
  test('that was written is read back, and is JSON with a version', async () => {
    const { read, write, storage } = store();
    expect(await write(session())).toBe(true);
    const record = { v: 1, id: 's1', n: 3, base: 2, issuedAt: 7, tokens: session().held.tokens };
    expect(JSON.parse(`${storage.getItem('key')}`)).toEqual(record);
    expect(await read()).toEqual(session());
  });

  test('of nothing is none', async () => {
    const { read, write, storage, failures } = store({}, 'old');
    expect(await write(undefined)).toBe(true);
    expect([storage.getItem('key'), await read(), failures]).toEqual([undefined, 'none', []]);
  });

  test.each([null, undefined])('that a storage calls %s is none', async (nothing) => {
    const { read, failures } = store({ getItem: () => nothing });
    expect([await read(), failures]).toEqual(['none', []]);
  });

  test('that a storage has parsed by itself is taken as it is', async () => {
    const { write, storage } = store();
    await write(session());
    const parsed = JSON.parse(`${storage.getItem('key')}`);
    const { read, failures } = store({ getItem: () => parsed });
    expect([await read(), failures]).toEqual([session(), []]);
  });

  test('that an earlier release has written, without `base`, is taken', async () => {
    const { read } = store({}, '{"v":1,"id":"s1","n":3,"issuedAt":7,"tokens":{}}');
    expect(await read()).toMatchObject({ id: 's1', n: 3, base: 3 });
  });

  test('is written before anything else can run, and waited for where that takes time', async () => {
    const written: string[] = [];
    const promised = { setItem: async (_key: string, value: string) => written.push(value) };
    const [now, later] = [store(), store(promised)];
    const writing = [now.write(session()), later.write(session())];
    expect([typeof now.storage.getItem('key'), written.length]).toEqual(['string', 1]);
    expect(await Promise.all(writing)).toEqual([true, true]);
    await later.write(undefined);
    expect([now.records.isAsync, later.records.isAsync]).toEqual([false, true]);
  });

  const good = { v: 1, id: 's1', n: 3, issuedAt: 7, tokens: {} };
  test.each([
    ['', 'no JSON'],
    ['null', 'no object'],
    ...[{ v: 0 }, { id: 1 }, { n: null }, { issuedAt: undefined }, { tokens: 'secret' }].map((wrong) => [
      JSON.stringify({ ...good, ...wrong }),
      `no ${Object.keys(wrong)}`,
    ]),
  ])('R52: %s is removed behind the lock, and reported without being quoted: %s', async (text) => {
    const { read, storage, failures } = store({}, text);
    expect([await read(true), storage.getItem('key')]).toEqual(['damaged', undefined]);
    expect(failures).toMatchObject([{ operation: 'read', error: saying('damaged') }]);
    expect(`${failures[0]?.error}`).not.toContain('secret');
    expect(await read()).toBe('none');
  });

  test('R52: that may be half written is left alone by whoever does not hold the lock, and not reported', async () => {
    const { read, storage, failures } = store({}, '{"v":1,"id');
    expect([await read(), storage.getItem('key'), failures]).toEqual(['damaged', '{"v":1,"id', []]);
  });

  test('R52: of a newer version is reported and left alone', async () => {
    const { read, storage, failures } = store({}, '{"v":2}');
    expect([await read(), storage.getItem('key')]).toEqual(['newer', '{"v":2}']);
    expect(failures).toMatchObject([{ operation: 'read' }]);
  });
});

describe('R53: a storage', () => {
  test('that throws or rejects makes nobody fail, and is reported', async () => {
    const error = new Error('blocked');
    const [getItem, removeItem] = [throwing(error), throwing(error)];
    const { read, write, failures } = store({ getItem, removeItem, setItem: () => Promise.reject(error) });
    expect([await read(), await write(session()), await write(undefined)]).toEqual([undefined, false, false]);
    expect(failures).toEqual(['read', 'write', 'remove'].map((operation) => ({ operation, error })));
  });

  test('that hangs is given up after 5 s', async () => {
    const { read, failures } = store({ getItem: () => new Promise(() => {}) });
    const reading = read();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(failures).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await reading).toBeUndefined();
    expect(failures).toMatchObject([{ operation: 'read', error: { name: 'TimeoutError' } }]);
  });

  test('that hangs while it writes has not written, after 5 s', async () => {
    const { write, failures } = store({ setItem: () => new Promise(() => {}) });
    const writing = write(session());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await writing).toBe(false);
    expect(failures).toMatchObject([{ operation: 'write', error: { name: 'TimeoutError' } }]);
  });

  test('that fails to remove a damaged record has failed twice', async () => {
    const { read, failures } = store({ removeItem: throwing('read-only') }, 'damaged');
    await read(true);
    expect(failures).toMatchObject([{ operation: 'remove', error: 'read-only' }, { operation: 'read' }]);
  });
});

describe('R70: what a storage threw', () => {
  const secret = { accessToken: 'secret-a', refreshToken: 'secret-r', idToken: 'secret-i' };
  const circle: Record<string, unknown> = { command: 'set key' };
  circle['self'] = circle;

  const command = { args: ['set', 'x=secret-i'] };
  test.each([
    ['a text', 'full: secret-r'],
    ['a message', new Error('cannot write {"accessToken":"secret-a"}')],
    ['a command, deep inside', Object.assign(new Error('failed'), { command })],
  ])('is not handed on where it shows a token: %s', async (_where, thrown) => {
    const { write, failures } = store({ setItem: throwing(thrown) });
    await write(session(secret));
    expect(failures).toMatchObject([{ operation: 'write', error: saying('show a token') }]);
  });

  const harmless = [undefined, null, 7, 'full', circle, new Error('full')];
  test.each(harmless)('is handed on as it is: %s', async (thrown) => {
    const { write, failures } = store({ setItem: throwing(thrown) });
    await write(session(secret));
    expect(failures[0]?.error).toBe(thrown);
  });

  test('is not handed on where it quotes the record with a token that JSON escapes', async () => {
    const setItem = (_key: string, value: string) => throwing(new Error(`cannot write ${value}`))();
    const { write, failures } = store({ setItem });
    await write(session({ accessToken: 'quote"d' }));
    expect(`${failures[0]?.error}`).not.toContain('quote');
  });

  test('makes nobody fail even where looking at it throws', async () => {
    const thrown = Object.defineProperty({}, 'command', { get: throwing('do not look') });
    const { write, failures } = store({ setItem: throwing(thrown) });
    await write(session(secret));
    expect(failures).toMatchObject([{ operation: 'write' }]);
  });
});

describe('R52: a record in a storage that takes its time', () => {
  /** Is seen as `first` by the first read, and as `later` 100 ms after it. */
  async function seen(first: string, later: string) {
    const items = memoryStorage();
    const { read, failures } = store({ getItem: async (key) => items.getItem(key) });
    const write = (text: string) => items.setItem('key', text);
    write(first);
    const found = read(true);
    await vi.advanceTimersByTimeAsync(100);
    write(later);
    await vi.advanceTimersByTimeAsync(1_000);
    return { found: await found, kept: items.getItem('key'), failures };
  }
  const { held, ...numbers } = session();
  const text = JSON.stringify({ v: 1, ...numbers, issuedAt: held.issuedAt, tokens: held.tokens });

  test.each(['', text.slice(0, 40)])('may be half written: "%s" is read once more', async (half) => {
    const { found, kept, failures } = await seen(half, text);
    expect(found).toMatchObject({ id: 's1', held: { tokens: held.tokens } });
    expect([kept, failures]).toEqual([text, []]);
  });

  test('is removed and reported where it stays damaged', async () => {
    const { found, failures } = await seen('x', 'x');
    expect([found, failures]).toMatchObject(['damaged', [{ operation: 'read', error: saying('damaged') }]]);
  });
});
