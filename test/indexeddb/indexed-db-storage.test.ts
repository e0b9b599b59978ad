/** The storage by itself: records, dumps, damage, lost connections, missing platform. */
import { forceCloseDatabase } from 'fake-indexeddb';
import { createStore, promisifyRequest, set } from 'idb-keyval';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { indexedDbStorage } from '../../src/indexeddb/indexed-db-storage.ts';
import { dump, type FakeDatabases, readable, stubIndexedDb, within } from '../support/databases.ts';

const DATABASE = 'evertoken-storage';
const record = JSON.stringify({ v: 1, tokens: { accessToken: 'token-ÄÖ-0123456789' } });

let fake: FakeDatabases;
beforeEach(() => {
  fake = stubIndexedDb();
});

const keysIn = (values: unknown) => within(values).filter((value) => value instanceof CryptoKey);

describe('a record', () => {
  test('is read as it was written, here and by whoever opens the database next', async () => {
    const storage = indexedDbStorage();
    await storage.setItem('evertoken', record);
    expect(await storage.getItem('evertoken')).toBe(record);
    expect(await indexedDbStorage().getItem('evertoken')).toBe(record);
    await storage.setItem('evertoken', '{}');
    expect(await indexedDbStorage().getItem('evertoken')).toBe('{}');
  });

  test('that was never written is none', async () => {
    expect((await indexedDbStorage().getItem('evertoken')) ?? null).toBeNull();
  });

  test('has a name, and is not touched under another', async () => {
    const storage = indexedDbStorage();
    await storage.setItem('a', 'of a');
    await storage.setItem('b', 'of b');
    await storage.removeItem('a');
    expect([await storage.getItem('a'), await storage.getItem('b')]).toEqual([undefined, 'of b']);
  });

  test('that is removed leaves nothing behind, no key either', async () => {
    const storage = indexedDbStorage();
    await storage.setItem('evertoken', record);
    await storage.removeItem('evertoken');
    expect(await dump(fake.factory)).toEqual([]);
  });

  test('is what the last call made it, though encrypting takes longer than removing', async () => {
    const storage = indexedDbStorage();
    void storage.setItem('evertoken', 'one');
    const between = storage.getItem('evertoken');
    void storage.setItem('evertoken', 'two');
    void storage.removeItem('evertoken');
    expect([await between, await storage.getItem('evertoken')]).toEqual(['one', undefined]);
  });
});

describe('a dump of the storage', () => {
  test('shows the name of the record and nothing of its text', async () => {
    await indexedDbStorage().setItem('the-name', record);
    const text = readable(await dump(fake.factory));
    expect(text).toContain('the-name');
    expect(text).not.toMatch(/token|0123456789|"v"/i);
    expect(readable(new TextEncoder().encode(record))).toContain(record);
  });

  test('holds a key that no script can export, and an IV that is new with each write', async () => {
    const storage = indexedDbStorage();
    await storage.setItem('evertoken', record);
    const first = await dump(fake.factory);
    await storage.setItem('evertoken', record);
    const second = await dump(fake.factory);
    const bytes = [first, second].map((values) => within(values).filter(ArrayBuffer.isView).map(String));
    expect(bytes.map((views) => views.map((view) => view.split(',').length))).toEqual([[12], [12]]);
    expect(bytes[0]).not.toEqual(bytes[1]);
    const [key, ...others] = keysIn(second);
    expect(others).toEqual([]);
    await expect(crypto.subtle.exportKey('raw', key as CryptoKey)).rejects.toThrow();
  });

  test('holds one key and a whole record when many tabs write first at the same time', async () => {
    const tabs = Array.from({ length: 10 }, indexedDbStorage);
    await Promise.all(tabs.map((tab, index) => tab.setItem('evertoken', `${index}`)));
    expect(keysIn(await dump(fake.factory))).toHaveLength(1);
    const seen = await Promise.all([...tabs, indexedDbStorage()].map((tab) => tab.getItem('evertoken')));
    expect(new Set(seen).size).toBe(1);
    expect(Number(seen[0])).toBeLessThan(10);
  });
});

describe('R52: what cannot be decrypted is answered with a text that is no record', () => {
  const store = () => createStore(DATABASE, 'records');
  const expectDamaged = async (name: string) => {
    const text = await indexedDbStorage().getItem(name);
    expect(text).toEqual(expect.any(String));
    expect(() => JSON.parse(`${text}`)).toThrow(SyntaxError);
    await indexedDbStorage().setItem(name, record);
    expect(await indexedDbStorage().getItem(name)).toBe(record);
  };

  test.each(['', record, 7, {}, [1]])('R52: a foreign value, %o', async (value) => {
    await set('evertoken', value, store());
    await expectDamaged('evertoken');
  });

  test('R53: a value that this context sees nothing of is left alone', async () => {
    await set('evertoken', null, store());
    await expect(indexedDbStorage().getItem('evertoken')).rejects.toThrow('cannot read encrypted records');
  });

  test('R52: a record whose bytes were touched', async () => {
    await indexedDbStorage().setItem('evertoken', record);
    const [[, value] = []] = await dump(fake.factory);
    const data = (value as { data: ArrayBuffer }).data.slice(1);
    await set('evertoken', { ...(value as object), data }, store());
    await expectDamaged('evertoken');
  });

  test('R52: a record that was copied from another name, key and all', async () => {
    await indexedDbStorage().setItem('of somebody else', record);
    const [[, value] = []] = await dump(fake.factory);
    await set('evertoken', value, store());
    await expectDamaged('evertoken');
  });
});

describe('a connection', () => {
  test('is opened at the first use, and once', async () => {
    const open = vi.spyOn(fake.factory, 'open');
    const storage = indexedDbStorage();
    expect(open).not.toHaveBeenCalled();
    await Promise.all([storage.getItem('a'), storage.getItem('b'), storage.setItem('c', 'd')]);
    expect(open).toHaveBeenCalledTimes(1);
  });

  test.each<[string, (database: IDBDatabase) => void]>([
    ['without a word', (database) => database.close()],
    ['with a close event', (database) => forceCloseDatabase(database as never)],
  ])('that the browser closes %s is opened again by the next operation', async (_how, close) => {
    const storage = indexedDbStorage();
    await storage.setItem('evertoken', record);
    for (const operation of [
      () => storage.getItem('evertoken'),
      () => storage.setItem('evertoken', record),
      () => storage.removeItem('evertoken'),
    ]) {
      close(fake.connections.at(-1) as IDBDatabase);
      const opened = fake.connections.length;
      await operation();
      expect(fake.connections).toHaveLength(opened + 1);
    }
    expect(await storage.getItem('evertoken')).toBeUndefined();
  });

  test('does not hold up whoever deletes the database; the record is gone, the storage is not', async () => {
    const [storage, other] = [indexedDbStorage(), indexedDbStorage()];
    await storage.setItem('evertoken', record);
    expect(await other.getItem('evertoken')).toBe(record);
    await promisifyRequest(fake.factory.deleteDatabase(DATABASE) as IDBRequest);
    expect(await storage.getItem('evertoken')).toBeUndefined();
    await storage.setItem('evertoken', '{}');
    expect(await other.getItem('evertoken')).toBe('{}');
  });

  test('R53: that is blocked is tried twice and rejects with what the browser says, until it is free', async () => {
    const storage = indexedDbStorage();
    const open = vi.spyOn(fake.factory, 'open').mockImplementation(() => {
      throw new DOMException('blocked by the user', 'SecurityError');
    });
    await expect(storage.setItem('evertoken', record)).rejects.toThrow('blocked by the user');
    expect(open).toHaveBeenCalledTimes(2);
    await expect(storage.getItem('evertoken')).rejects.toThrow('blocked by the user');
    open.mockRestore();
    await storage.setItem('evertoken', record);
    expect(await storage.getItem('evertoken')).toBe(record);
  });
});

describe('where something is missing', () => {
  const missing: [what: string, take: () => void, advice: string][] = [
    ['IndexedDB', () => vi.stubGlobal('indexedDB', undefined), 'another storage'],
    [
      'crypto.subtle',
      () => vi.stubGlobal('crypto', { getRandomValues: (array: Uint8Array) => array }),
      'https',
    ],
    ['crypto.subtle', () => vi.stubGlobal('crypto', undefined), 'https'],
  ];

  test.each(missing)(
    '%s: every operation rejects, saying what to do, and nothing is stored',
    async (...row) => {
      const [what, take, advice] = row;
      take();
      const storage = indexedDbStorage();
      for (const operation of [
        () => storage.setItem('evertoken', record),
        () => storage.getItem('evertoken'),
        () => storage.removeItem('evertoken'),
      ]) {
        const message = await Promise.resolve(operation()).then(String, String);
        expect(message).toContain(`no ${what} here`);
        expect(message).toContain(advice);
        expect(message).not.toContain('token-');
      }
      expect(await fake.factory.databases()).toEqual([]);
    },
  );
});
