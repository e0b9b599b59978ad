import { forceCloseDatabase, IDBDatabase, IDBObjectStore } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  type Change,
  type Claim,
  claimed,
  createLedger,
  type Entry,
  nextNumber,
  noLedger,
} from '../src/ledger.ts';
import { memoryStorage } from '../src/storage.ts';
import { dump, type FakeDatabases, stubIndexedDb } from './support/databases.ts';

/** A fake IndexedDB works with real immediates. */
beforeEach(() => void vi.useFakeTimers({ now: 0, toFake: ['setTimeout', 'clearTimeout', 'Date'] }));
afterEach(() => void vi.useRealTimers());

const entry = (n: number, more: Partial<Entry> = {}): Entry => ({ n, id: 's1', base: n, at: 0, ...more });
const plusOne: Change = (found) => entry((found?.n ?? 0) + 1);
const ledger = ({ name = 'shop', storage = memoryStorage(), isPerSession = false } = {}) =>
  createLedger(name, storage, isPerSession);

describe('the number of a commit', () => {
  test('is greater than that of the ledger, than the own one, and not below the clock', () => {
    vi.setSystemTime(1_000);
    expect(nextNumber(undefined, { n: 0 })).toBe(1_000);
    expect(nextNumber(entry(2_000), { n: 0 })).toBe(2_001);
    expect(nextNumber(entry(2_000), { n: 3_000 })).toBe(3_001);
  });
});

describe('R54: a claim', () => {
  const own = { n: 3, id: 's1', base: 2 };
  const me = { by: 'me', isLocked: false };
  const never = () => false;

  test('is written into the entry, whose commit stays as old as it is', () => {
    vi.setSystemTime(700);
    const claim = { ...me, at: 700 };
    expect(claimed(entry(3, { at: 9 }), own, me, never)).toEqual({ ...entry(3, { at: 9 }), claim });
    expect(claimed(undefined, own, me, never)).toEqual({ ...own, at: 700, claim });
  });

  test.each<[string, Partial<Entry>]>([
    ['tokens that were replaced', { n: 4 }],
    ['another session', { id: 's2' }],
    ['a session that is over', { isOver: true }],
  ])('is refused for %s', (_what, more) => {
    expect(claimed(entry(3, more), own, me, () => true)).toBeUndefined();
  });

  test('of another context stands until it may be taken; the own one may always be made again', () => {
    const mayTake = vi.fn(({ at }: Claim) => at < 500);
    const taken = (by: string, at: number) =>
      claimed(entry(3, { claim: { by, at, isLocked: true } }), own, me, mayTake);
    expect([taken('other', 500), taken('other', 499)?.claim?.by]).toEqual([undefined, 'me']);
    expect(mayTake.mock.calls.map(([{ at }]) => at)).toEqual([500, 499]);
    expect(taken('me', 900)?.claim).toEqual({ ...me, at: 0 });
  });
});

test('R56: for managers that share nothing there is no entry, and every change may be made', async () => {
  const change = vi.fn<Change>(() => entry(1));
  expect([await noLedger.visit('s1', change), await noLedger.visit('s1')]).toEqual([undefined, undefined]);
  expect(change.mock.calls).toEqual([[undefined]]);
  expect(noLedger.isShared).toBeUndefined();
});

describe('R54: with IndexedDB', () => {
  let fake: FakeDatabases;
  beforeEach(() => {
    fake = stubIndexedDb();
  });

  test('two ledgers of one name see at once what the other has changed; one of another name does not', async () => {
    const [a, b, other] = [ledger(), ledger(), ledger({ name: 'bank' })];
    expect(await a.visit('s1', () => entry(7))).toBeUndefined();
    expect([await b.visit('s1'), await other.visit('s1')]).toEqual([entry(7), undefined]);
    expect([a.isShared, b.isShared]).toEqual([true, true]);
  });

  test('of two hundred changes at once by four ledgers none is lost', async () => {
    const ledgers = [ledger(), ledger(), ledger(), ledger()];
    await Promise.all(Array.from({ length: 200 }, (_, index) => ledgers[index % 4]?.visit('s1', plusOne)));
    expect(await ledger().visit('s1')).toEqual(entry(200));
  });

  test('a visit is one transaction, which only reads where nothing is to change', async () => {
    const own = ledger();
    await own.visit('s1');
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
    await own.visit('s1', plusOne);
    await own.visit('s1');
    expect(transaction.mock.calls.map(([, mode]) => mode)).toEqual(['readwrite', 'readonly']);
    expect(fake.connections).toHaveLength(1);
  });

  test('a change that answers nothing leaves the entry as it is', async () => {
    const own = ledger();
    await own.visit('s1', plusOne);
    expect(await own.visit('s1', () => undefined)).toEqual(entry(1));
    expect(await own.visit('s1')).toEqual(entry(1));
  });

  test('R70: nothing but the entry is kept', async () => {
    await ledger().visit('s1', plusOne);
    expect(await dump(fake.factory)).toEqual([['shop', entry(1)]]);
  });

  test('where a tab has a storage of its own, each session has an entry of its own', async () => {
    const [a, b] = [ledger({ isPerSession: true }), ledger({ isPerSession: true })];
    await a.visit('s1', () => entry(1));
    await b.visit('s2', () => entry(5, { id: 's2' }));
    expect([await b.visit('s1'), await a.visit('s2')]).toEqual([entry(1), entry(5, { id: 's2' })]);
    expect([a.isPerSession, ledger().isPerSession]).toEqual([true, false]);
  });

  test('a connection that was closed behind its back is opened again, and the entry is still there', async () => {
    const own = ledger();
    await own.visit('s1', plusOne);
    for (const connection of fake.connections) forceCloseDatabase(connection as never);
    expect([await own.visit('s1', plusOne), await own.visit('s1'), own.isShared]).toEqual([
      ...[entry(1), entry(2)],
      true,
    ]);
  });

  test('whoever wants to delete the database may, and a new one is made', async () => {
    const own = ledger();
    await own.visit('s1', plusOne);
    const blocked = vi.fn();
    await new Promise((resolve) => {
      const request = fake.factory.deleteDatabase('evertoken-ledger');
      Object.assign(request, { onsuccess: resolve, onblocked: blocked });
    });
    expect(blocked).not.toHaveBeenCalled();
    expect([await own.visit('s1', plusOne), await ledger().visit('s1')]).toEqual([undefined, entry(1)]);
  });

  describe('that fails, a change is called once, and this context goes on by itself:', () => {
    const throwing = () => {
      throw new DOMException('no', 'QuotaExceededError');
    };

    test('where it may not be opened', async () => {
      fake.factory.open = throwing;
      const own = ledger();
      const change = vi.fn(plusOne);
      await own.visit('s1', change);
      expect([await own.visit('s1'), change.mock.calls.length, own.isShared]).toEqual([entry(1), 1, false]);
    });

    test('where opening it fails late', async () => {
      fake.factory.open = vi.fn(() => {
        const request = { error: new DOMException('no', 'UnknownError') } as unknown as IDBOpenDBRequest;
        setImmediate(() => request.onerror?.(new Event('error')));
        return request;
      });
      const own = ledger();
      await own.visit('s1', plusOne);
      expect([await own.visit('s1'), own.isShared]).toEqual([entry(1), false]);
      expect(fake.factory.open).toHaveBeenCalledTimes(2);
    });

    test('where opening it hangs, after 6 s; and a late answer changes nothing more', async () => {
      const open = fake.factory.open.bind(fake.factory);
      let answer = () => {};
      fake.factory.open = (...args) => {
        const shown = {} as IDBOpenDBRequest;
        answer = () => void Object.assign(open(...args), { onupgradeneeded: null, onsuccess: null });
        return shown;
      };
      const own = ledger();
      const change = vi.fn(plusOne);
      const visit = own.visit('s1', change);
      await vi.advanceTimersByTimeAsync(5_999);
      expect(change).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      await visit;
      answer();
      expect([await own.visit('s1'), change.mock.calls.length, own.isShared]).toEqual([entry(1), 1, false]);
    });

    test('where another context’s transaction never ends; and what is let in late changes nothing more', async () => {
      const own = ledger();
      await own.visit('s1', plusOne);
      const others = fake.connections[0]?.transaction('entries', 'readwrite').objectStore('entries');
      let isHeld = true;
      const hold = () => {
        if (isHeld) Object.assign(others?.get('x') as object, { onsuccess: hold });
      };
      hold();
      const change = vi.fn<Change>(() => entry(9));
      const visit = own.visit('s1', change);
      await vi.advanceTimersByTimeAsync(6_000);
      expect([await visit, change.mock.calls]).toEqual([undefined, [[undefined]]]);
      isHeld = false;
      expect(await ledger().visit('s1')).toEqual(entry(1));
      expect([change.mock.calls.length, await own.visit('s1'), own.isShared]).toEqual([1, entry(9), false]);
    });

    /** The change was made, and cannot be kept; then all is well again. */
    async function losePut(put: (this: IDBObjectStore) => never) {
      const own = ledger();
      await own.visit('s1', plusOne);
      vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(put as never);
      const change = vi.fn(plusOne);
      await own.visit('s1', change);
      expect(change.mock.calls).toEqual([[entry(1)]]);
      expect([await own.visit('s1', plusOne), await own.visit('s1')]).toEqual([entry(1), entry(2)]);
      expect(own.isShared).toBe(true);
    }

    test('where there is no room for it, that once', () => losePut(throwing));

    test('where the platform gives the transaction up, that once', () =>
      losePut(function (this: IDBObjectStore) {
        this.transaction.abort();
        return {} as never;
      }));
  });
});

describe('without IndexedDB', () => {
  test('managers of this context over one storage share the entries, under each name and session', async () => {
    const storage = memoryStorage();
    const [a, b] = [ledger({ storage }), ledger({ storage })];
    await a.visit('s1', plusOne);
    expect([await b.visit('s1'), a.isShared]).toEqual([entry(1), false]);
    const strangers = [ledger({ storage, name: 'bank' }), ledger({ storage, isPerSession: true }), ledger()];
    for (const stranger of strangers) expect(await stranger.visit('s1')).toBeUndefined();
  });

  test('a change that answers nothing leaves the entry as it is, and each is called once', async () => {
    const own = ledger();
    const change = vi.fn(plusOne);
    await own.visit('s1', change);
    await own.visit('s1', () => undefined);
    expect([await own.visit('s1'), change.mock.calls]).toEqual([entry(1), [[undefined]]]);
  });

  test.each([null, undefined])('an `indexedDB` that is %s is none', async (value) => {
    vi.stubGlobal('indexedDB', value);
    const own = ledger();
    await own.visit('s1', plusOne);
    expect([await own.visit('s1'), own.isShared]).toEqual([entry(1), false]);
  });
});
