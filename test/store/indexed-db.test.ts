/** Entries in IndexedDB. */
import { forceCloseDatabase } from 'fake-indexeddb';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createDatabase } from '../../src/store/indexed-db.ts';
import { type FakeDatabases, stubIndexedDb } from '../support/databases.ts';

let fake: FakeDatabases;
beforeEach(() => {
  fake = stubIndexedDb();
});

const one = { version: 'v1', value: 'one' };
const two = { version: 'v2', value: 'two' };
const always = () => true;
const never = () => false;

describe('a visit', () => {
  test('finds nothing at first, and later what was put', async () => {
    const { visit } = createDatabase();
    expect(await visit('shop')).toEqual({ found: undefined, isPut: false });
    expect(await visit('shop', one, always)).toEqual({ found: undefined, isPut: true });
    expect(await visit('shop', two, always)).toEqual({ found: one, isPut: true });
    expect(await createDatabase().visit('shop')).toEqual({ found: two, isPut: false });
  });

  test('puts nothing that does not fit what is there', async () => {
    const { visit } = createDatabase();
    await visit('shop', one, always);
    const fits = vi.fn(never);
    expect(await visit('shop', two, fits)).toEqual({ found: one, isPut: false });
    expect(fits.mock.calls).toEqual([[one]]);
    expect((await visit('shop')).found).toEqual(one);
  });

  test('R53: says what cannot be kept, and that as no error of the page', async () => {
    const { visit } = createDatabase();
    await visit('shop', one, always);
    const key = { version: 'v2', value: () => {} };
    await expect(visit('shop', key, always)).rejects.toThrow(
      expect.objectContaining({ name: 'DataCloneError' }),
    );
    expect(await visit('shop', two, always)).toEqual({ found: one, isPut: true });
  });

  test('leaves what has another name alone', async () => {
    const { visit } = createDatabase();
    await visit('a', one, always);
    await visit('b', two, always);
    expect([(await visit('a')).found, (await visit('b')).found]).toEqual([one, two]);
  });

  test('R51: sees what the one before it has put, through another connection too', async () => {
    const databases = [createDatabase(), createDatabase(), createDatabase()];
    const visits = Array.from({ length: 30 }, (_, index) => {
      const version = `v${index}`;
      return databases[index % 3]?.visit('shop', { version }, always);
    });
    const all = (await Promise.all(visits)).map((visit) => visit?.found?.version);
    expect(new Set(all).size).toBe(30);
  });

  test('opens one connection, however many there are at first', async () => {
    const { visit } = createDatabase();
    await Promise.all([visit('a'), visit('b'), visit('c')]);
    await visit('d');
    expect(fake.connections).toHaveLength(1);
  });
});

describe('a connection', () => {
  test('is opened at the first use, not before', async () => {
    const open = vi.spyOn(fake.factory, 'open');
    const { visit } = createDatabase();
    await Promise.resolve();
    expect(open).not.toHaveBeenCalled();
    await visit('shop');
    expect(open).toHaveBeenCalledTimes(1);
  });

  test('that was closed behind its back is opened again', async () => {
    const { visit } = createDatabase();
    await visit('shop', one, always);
    for (const connection of fake.connections) forceCloseDatabase(connection as never);
    expect((await visit('shop')).found).toEqual(one);
  });

  test('keeps nobody from deleting the database, and is opened again', async () => {
    const { visit } = createDatabase();
    await visit('shop', one, always);
    await new Promise<void>((resolve, reject) => {
      const deleting = fake.factory.deleteDatabase('evertoken');
      deleting.onsuccess = () => resolve();
      deleting.onblocked = () => reject(new Error('blocked'));
    });
    expect((await visit('shop')).found).toBeUndefined();
    expect((await visit('shop', two, always)).isPut).toBe(true);
  });

  test('that cannot be had rejects, and is tried anew at the next visit', async () => {
    const { visit } = createDatabase();
    const open = fake.factory.open.bind(fake.factory);
    fake.factory.open = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    await expect(visit('shop')).rejects.toThrow('denied');
    fake.factory.open = open;
    expect((await visit('shop', one, always)).isPut).toBe(true);
  });
});

describe('what cannot be put', () => {
  test('rejects, and what was there stays', async () => {
    const { visit } = createDatabase();
    await visit('shop', one, always);
    const unclonable = { version: 'v2', value: () => {} };
    await expect(visit('shop', unclonable, always)).rejects.toThrow();
    expect((await visit('shop')).found).toEqual(one);
  });

  test('R53: rejects with what whoever decides throws, and that is no error of the page', async () => {
    const { visit } = createDatabase();
    await visit('shop', one, always);
    const fits = () => {
      throw new Error('full');
    };
    await expect(visit('shop', two, fits)).rejects.toThrow('full');
    expect((await visit('shop')).found).toEqual(one);
  });
});
