/** A store over a key-value storage. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { keyValueStore } from 'evertoken';
import { describeStore } from 'evertoken/testing';
import { IDBKeyRange } from 'fake-indexeddb';
import { createStorage } from 'unstorage';
import fsDriver from 'unstorage/drivers/fs';
import memoryDriver from 'unstorage/drivers/memory';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { KeyValueStorage } from '../../src/store/key-value-store.ts';
import { useBrowserClock } from '../support/browser.ts';
import { stubIndexedDb } from '../support/databases.ts';
import { createSlowStorage, loadKeyValue, type OpenPort } from './key-values.ts';
import { runner } from './parts.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

let openPort: OpenPort;
beforeAll(async () => {
  openPort = await loadKeyValue();
});

let slow: ReturnType<typeof createSlowStorage>;
let names = 0;

const put = (item: string) => () => void slow.items.set(`shop ${names}`, item);

const pass = async (ms: number) => {
  for (let turns = 0; turns < 20; turns++) await setImmediate();
  await vi.advanceTimersByTimeAsync(ms);
};

describeStore(
  'keyValueStore over an asynchronous storage',
  {
    says: { contexts: 'one', watch: true },
    open: () => openPort(`shop ${names}`, slow.storage),
    reset() {
      names++;
      slow = createSlowStorage();
    },
    fail: (mode) => slow.fail(mode),
    loseAnswer: () => slow.loseAnswer(),
    damage: {
      'an empty text': put(''),
      'a text': put('access-a'),
      'half an entry': put('{"version":"v","val'),
      'a number': put('7'),
      null: put('null'),
      'an object of somebody else': put('{"accessToken":"access-a"}'),
      'an entry whose parts are no texts': put('{"version":7,"value":{}}'),
    },
    pass,
  },
  runner,
);

let storage: KeyValueStorage;
let folder: string | undefined;

/** It looks for IndexedDB when it is loaded, so each test loads its own. */
async function loadLocalForage(): Promise<KeyValueStorage> {
  stubIndexedDb();
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  vi.resetModules();
  const { createRequire } = await import('node:module');
  const require = createRequire(import.meta.url);
  delete require.cache[require.resolve('localforage')];
  const library = require('localforage') as typeof import('localforage');
  return library.createInstance({ name: 'app', driver: library.INDEXEDDB });
}

const libraries: Record<string, () => KeyValueStorage | Promise<KeyValueStorage>> = {
  unstorage: () => createStorage({ driver: memoryDriver() }),
  'unstorage over files': () => {
    folder = mkdtempSync(join(tmpdir(), 'evertoken-'));
    return createStorage({ driver: fsDriver({ base: folder }) });
  },
  localForage: loadLocalForage,
};

for (const [library, create] of Object.entries(libraries)) {
  describeStore(
    `keyValueStore over ${library}`,
    {
      says: { contexts: 'one', watch: true },
      open: () => openPort(`shop ${names}`, storage),
      async reset() {
        names++;
        storage = await create();
      },
      close() {
        if (folder) rmSync(folder, { recursive: true, maxRetries: 5 });
        folder = undefined;
      },
      times: 25,
      pass,
    },
    runner,
  );
}

/** Items in memory. */
const createStorageOf = (items = new Map<string, string>()): KeyValueStorage & { items: typeof items } => ({
  items,
  getItem: (key) => items.get(key),
  setItem: (key, value) => items.set(key, value),
  removeItem: (key) => items.delete(key),
});

const first = { version: 'v1', value: 'one' };
const second = { version: 'v2', value: 'two' };

describe('keyValueStore', () => {
  test('keeps the entry as one item of its name, and leaves other items alone', async () => {
    const { items, ...methods } = createStorageOf(new Map([['other', 'item']]));
    await openPort('of its name', methods).replace(undefined, { ...first, keepFor: 5 });
    expect([...items]).toEqual([
      ['other', 'item'],
      ['of its name', JSON.stringify(first)],
    ]);
  });

  test('R50: two names are two stores', async () => {
    const all = createStorageOf();
    const [a, b] = [openPort('a', all), openPort('b', all)];
    const heard = vi.fn();
    b.watch?.(heard);
    await a.replace(undefined, first);
    await pass(0);
    expect([await b.read(), heard.mock.calls]).toEqual([undefined, []]);
  });

  test('R57: two copies of the module meet: one replaces at a time, and the other hears of it', async () => {
    const other = await loadKeyValue();
    const { storage: shared } = createSlowStorage();
    const [a, b] = [openPort('copies', shared), other('copies', shared)];
    const heard = vi.fn();
    b.watch?.(heard);
    const answers = await Promise.all([a.replace(undefined, first), b.replace(undefined, second)]);
    expect([answers, await b.read()]).toEqual([[true, false], first]);
    expect(heard).toHaveBeenCalled();
  });

  test('calls the methods of the storage it was given, with their `this`', async () => {
    class Storage {
      readonly #items = new Map<string, string>();
      getItem(key: string) {
        return this.#items.get(key) ?? null;
      }
      setItem(key: string, value: string) {
        this.#items.set(key, value);
      }
      removeItem(key: string) {
        this.#items.delete(key);
      }
    }
    const port = openPort('with this', new Storage());
    await port.replace(undefined, first);
    expect(await port.read()).toEqual(first);
  });

  test('reads from a storage that parses what it reads', async () => {
    const { items, ...methods } = createStorageOf();
    const parsing = { ...methods, getItem: (key: string) => JSON.parse(items.get(key) ?? 'null') };
    const port = openPort('parsing', parsing);
    expect([await port.read(), await port.replace(undefined, first)]).toEqual([undefined, true]);
    expect([await port.read(), await port.replace('v1', second)]).toEqual([first, true]);
  });

  test('R53: what throws at once rejects', async () => {
    const refuse = () => {
      throw new Error('denied');
    };
    const port = openPort('refusing', { getItem: refuse, setItem: refuse, removeItem: refuse });
    await expect(port.read()).rejects.toThrow('denied');
    await expect(port.replace(undefined, first)).rejects.toThrow('denied');
  });

  test('R53: a call that hangs holds up the others for 5 s, and not for ever', async () => {
    const { storage: hanging, fail } = createSlowStorage();
    const port = openPort('hanging', hanging);
    fail('hang');
    void port.replace(undefined, first);
    await pass(0);
    fail(undefined);
    const next = vi.fn();
    const replaced = port.replace(undefined, second).then(next);
    await pass(4_900);
    expect(next).not.toHaveBeenCalled();
    await pass(100);
    await replaced;
    expect([next.mock.calls, await port.read()]).toEqual([[[true]], second]);
  });

  test('R53: what another manager is writing just now is not read half, as files can be', async () => {
    const { items, ...methods } = createStorageOf();
    const inSteps: KeyValueStorage = {
      ...methods,
      async setItem(key, value) {
        items.set(key, '');
        await setImmediate();
        items.set(key, value);
      },
    };
    const [a, b] = [openPort('in steps', inSteps), openPort('in steps', inSteps)];
    await a.replace(undefined, first);
    const replaced = a.replace('v1', second);
    while (items.get('in steps')) await Promise.resolve();
    expect([first, second]).toContainEqual(await b.read());
    await replaced;
  });

  test.each([
    ['no name', undefined, createStorageOf()],
    ['an empty name', '', createStorageOf()],
    ['no storage', 'shop', undefined],
    ['a storage without setItem', 'shop', { ...createStorageOf(), setItem: undefined }],
    ['a storage whose getItem is no function', 'shop', { ...createStorageOf(), getItem: 'x' }],
  ])('%s is a TypeError', (_what, name, given) => {
    expect(() => keyValueStore(name as string, given as KeyValueStorage)).toThrow(TypeError);
  });
});
