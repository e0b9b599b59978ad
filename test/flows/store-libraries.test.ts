/** Storages of other libraries, handed to keyValueStore without a wrapper. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type KeyValueStorage, keyValueStore } from 'evertoken';
import { IDBKeyRange } from 'fake-indexeddb';
import type localforage from 'localforage';
import { createStorage } from 'unstorage';
import fsDriver from 'unstorage/drivers/fs';
import memoryDriver from 'unstorage/drivers/memory';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { stubIndexedDb } from '../support/databases.ts';
import { record, short } from '../support/recorder.ts';
import { API, createManager, createWorld } from '../support/world.ts';

/** Opens the storage as each start of the app does; what the last one stored is there. */
type Open = () => KeyValueStorage;

function unstorageInMemory(): Open {
  const storage = createStorage({ driver: memoryDriver() });
  return () => storage;
}

function unstorageInFiles(): Open {
  const base = mkdtempSync(join(tmpdir(), 'evertoken-unstorage-'));
  onTestFinished(() => rmSync(base, { recursive: true }));
  return () => createStorage({ driver: fsDriver({ base }) });
}

/** It looks for IndexedDB when it is loaded, so each test loads its own. */
function localForage(): Open {
  stubIndexedDb();
  vi.stubGlobal('IDBKeyRange', IDBKeyRange);
  const require = createRequire(import.meta.url);
  delete require.cache[require.resolve('localforage')];
  const library: typeof localforage = require('localforage');
  return () => library.createInstance({ name: 'app', driver: library.INDEXEDDB });
}

type Callback<T> = (error?: Error | null, result?: T) => void;

/** What `@react-native-async-storage/async-storage` says of these three. */
interface AsyncStorage {
  getItem(key: string, callback?: Callback<string | null>): Promise<string | null>;
  setItem(key: string, value: string, callback?: Callback<void>): Promise<void>;
  removeItem(key: string, callback?: Callback<void>): Promise<void>;
}

function asyncStorage(): Open {
  const items = new Map<string, string>();
  /** The native side answers in a later task, calls back too, and takes nothing but texts. */
  const later = async <T>(texts: unknown[], callback: Callback<T> | undefined, task: () => T) => {
    await setImmediate();
    if (texts.some((text) => typeof text !== 'string')) throw new TypeError('not a text');
    const result = task();
    callback?.(null, result);
    return result;
  };
  const storage: AsyncStorage = {
    getItem: (key, callback) => later([key], callback, () => items.get(key) ?? null),
    setItem: (key, value, callback) => later([key, value], callback, () => void items.set(key, value)),
    removeItem: (key, callback) => later([key], callback, () => void items.delete(key)),
  };
  return () => storage;
}

const libraries: [name: string, create: () => Open][] = [
  ['unstorage, memory', unstorageInMemory],
  ['unstorage, files', unstorageInFiles],
  ['localForage', localForage],
  ["React Native's AsyncStorage", asyncStorage],
];

/** The item's name in all of them. */
const name = 'app';

/** The app starts. */
async function start(open: Open) {
  const world = createWorld();
  const auth = createManager(world, { store: keyValueStore(name, open()) });
  onTestFinished(() => auth.close());
  const told = record(auth);
  await auth.ready;
  return { world, auth, told };
}

describe.each(libraries)('%s as it is', (_name, create) => {
  const first = { access_token: 'access-0', refresh_token: 'refresh-0', id_token: '1.2', expires_in: 3600 };

  test('keeps a session over a restart, and what a refresh brought', async () => {
    const open = create();
    const before = await start(open);
    await before.auth.signIn(first);
    before.auth.close();

    const { auth, told, world } = await start(open);
    expect([auth.tokens, auth.sessionId]).toEqual([before.auth.tokens, before.auth.sessionId]);
    await auth.fetch(`${API}/me`);
    expect(world.api[0]?.authorization).toBe('Bearer access-0');
    await auth.refresh();
    auth.close();
    expect(short(told)).toEqual(['signed-in restored', 'token-refreshed manual']);

    const after = await start(open);
    expect(after.auth.tokens).toMatchObject({
      accessToken: 'access-1',
      refreshToken: 'refresh-1',
      idToken: '1.2',
    });
    expect(short(after.told)).toEqual(['signed-in restored']);
  });

  test('R51: keeps no token of a session that was signed out, and knows that it was', async () => {
    const open = create();
    const before = await start(open);
    await before.auth.signIn(first);
    await before.auth.signOut();
    before.auth.close();
    expect(JSON.stringify(await open().getItem(name))).not.toMatch(/access-|refresh-/);
    const { auth, told } = await start(open);
    expect([auth.tokens, auth.status, told]).toEqual([undefined, 'signed-out', []]);
  });

  test('R50: a hot reload leaves an old manager behind, and the refresh token is spent once all the same', async () => {
    const open = create();
    const [old, next] = [await start(open), await start(open)];
    await old.auth.signIn(first);
    await expect.poll(() => next.auth.sessionId).toBe(old.auth.sessionId);
    const wanted = [old, next].map(({ auth, world }) => {
      world.good = 'access-1';
      return auth.fetch(`${API}/me`);
    });
    expect((await Promise.all(wanted)).map(({ status }) => status)).toEqual([200, 200]);
    expect(old.world.refreshes.length + next.world.refreshes.length).toBe(1);
  });

  test.each(['not json', '{"theme":"dark"}', '["a","b"]', '1', 'true'])(
    'R53: reports what is no entry, %s, and means signed out; a sign-in replaces it',
    async (text) => {
      const open = create();
      await open().setItem(name, text);
      const { auth, told } = await start(open);
      expect([auth.tokens, auth.status, short(told)]).toEqual([
        undefined,
        'signed-out',
        ['store-failed read'],
      ]);
      await auth.signIn(first);
      auth.close();
      expect((await start(open)).auth.tokens?.accessToken).toBe('access-0');
    },
  );

  test('R53: leaves an entry of a newer version alone', async () => {
    const open = create();
    const value = JSON.stringify({ format: 2, id: 'x' });
    await open().setItem(name, JSON.stringify({ version: 'v', value }));
    const before = await open().getItem(name);
    const { auth, told } = await start(open);
    expect([auth.tokens, short(told)]).toEqual([undefined, ['store-failed read']]);
    auth.close();
    expect(await open().getItem(name)).toEqual(before);
  });
});
