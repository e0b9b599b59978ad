import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Accept } from '../src/contracts.ts';
import { createRecordStore, memoryStorage, type StoredSession } from '../src/storage.ts';
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
  held: accept({ accessToken: 'access-1', tokenType: 'Bearer', ...tokens }, 7),
});

function store(parts: Partial<TokenStorage> = {}, text?: string) {
  const storage = { ...memoryStorage(), ...parts };
  if (text !== undefined) storage.setItem('key', text);
  const failures: TokenEvents['storage-failed'][] = [];
  const records = createRecordStore(storage, 'key', accept, (failure) => failures.push(failure));
  return { ...records, storage, failures };
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

describe('a record', () => {
  test('that was written is read back, and is JSON with a version', async () => {
    const { read, write, storage } = store();
    await write(session());
    const record = { v: 1, id: 's1', n: 3, issuedAt: 7, tokens: session().held.tokens };
    expect(JSON.parse(`${storage.getItem('key')}`)).toEqual(record);
    expect(await read()).toEqual(session());
  });

  test('of nothing is none', async () => {
    const { read, write, storage, failures } = store({}, 'old');
    await write(undefined);
    expect([storage.getItem('key'), await read(), failures]).toEqual([undefined, undefined, []]);
  });

  const good = { v: 1, id: 's1', n: 3, issuedAt: 7, tokens: {} };
  test.each([
    ['', 'no JSON'],
    ['null', 'no object'],
    ...[{ v: 0 }, { id: 1 }, { n: null }, { issuedAt: undefined }, { tokens: 'secret' }].map((wrong) => [
      JSON.stringify({ ...good, ...wrong }),
      `no ${Object.keys(wrong)}`,
    ]),
  ])('R52: %s is removed and reported without being quoted: %s', async (text) => {
    const { read, storage, failures } = store({}, text);
    expect([await read(), storage.getItem('key')]).toEqual([undefined, undefined]);
    expect(failures).toMatchObject([{ operation: 'read', error: saying('damaged') }]);
    expect(`${failures[0]?.error}`).not.toContain('secret');
  });

  test('R52: that was seen half written is read again before it counts as damaged', async () => {
    const { write, storage } = store();
    await write(session());
    const texts = ['{"v":1,"id', `${storage.getItem('key')}`];
    const { read, failures } = store({ getItem: () => texts.shift() });
    expect([await read(), failures]).toEqual([session(), []]);
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
    expect(await read()).toBeUndefined();
    await write(session());
    await write(undefined);
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

  test('that fails to remove a damaged record has failed twice', async () => {
    const { read, failures } = store({ removeItem: throwing('read-only') }, 'damaged');
    await read();
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
