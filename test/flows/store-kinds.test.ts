/** What every store does for a session: it survives a restart whole, and its end does, too. */
import {
  type KeyValueStorage,
  keyValueStore,
  memoryStore,
  type TokenResponse,
  type TokenStore,
  tokenStore,
  webStore,
} from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { createCell } from '../support/ports.ts';
import { record, short } from '../support/recorder.ts';
import { API, createManager, createWorld } from '../support/world.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

const first = {
  access_token: 'access-0',
  refresh_token: 'refresh-0',
  id_token: 'id-0',
  scope: 'read write',
  token_type: 'bearer',
  expires_in: 3600,
};
const me = `${API}/me`;

/** As `localStorage` is: values are strings, its methods need their `this`. */
class WebStorage {
  readonly #items = new Map<string, string>();
  getItem(key: string) {
    return this.#items.get(`${key}`) ?? null;
  }
  setItem(key: string, value: string) {
    this.#items.set(`${key}`, `${value}`);
  }
  removeItem(key: string) {
    this.#items.delete(`${key}`);
  }
}

/** As React Native's AsyncStorage: promises, each after a while. */
function createAsyncStorage(ms = 30): KeyValueStorage {
  const inner = new WebStorage();
  const later = <T>(task: () => T) => new Promise<T>((resolve) => setTimeout(() => resolve(task()), ms));
  return {
    getItem: (key) => later(() => inner.getItem(key)),
    setItem: (key, value) => later(() => inner.setItem(key, value)),
    removeItem: (key) => later(() => inner.removeItem(key)),
  };
}

/** A module that exports the three functions: its namespace has no prototype. */
function createModuleStorage(): KeyValueStorage {
  const inner = new WebStorage();
  return Object.assign(Object.create(null) as KeyValueStorage, {
    getItem: (key: string) => inner.getItem(key),
    setItem: (key: string, value: string) => inner.setItem(key, value),
    removeItem: (key: string) => inner.removeItem(key),
  });
}

let names = 0;

/** A name of its own, and a store that is made anew at each start of the app. */
const keyValue = (storage: KeyValueStorage) => {
  const name = `kinds ${++names}`;
  return () => keyValueStore(name, storage);
};

/** One store for all starts: the place itself is what lasts. */
const lasting = (store: TokenStore) => () => store;

function views() {
  const cell = createCell({ ms: 10 });
  return () => tokenStore(cell.open().port);
}

function web(isSecure: boolean) {
  stubBrowser({ isSecure });
  return () => webStore('shop');
}

const kinds: [name: string, create: () => () => TokenStore][] = [
  ['a memoryStore', () => lasting(memoryStore())],
  ['a keyValueStore over Web Storage', () => keyValue(new WebStorage())],
  ['a keyValueStore over an asynchronous storage', () => keyValue(createAsyncStorage())],
  ['a keyValueStore over a module namespace', () => keyValue(createModuleStorage())],
  ['a webStore', () => web(true)],
  ['a webStore on plain http', () => web(false)],
  ['a tokenStore', views],
];

function open(create: () => TokenStore) {
  const world = createWorld();
  const auth = createManager(world, { store: create() });
  onTestFinished(() => auth.close());
  return { world, auth, told: record(auth) };
}

/** Signs in and closes, as a page that is left. */
async function leave(create: () => TokenStore, tokens: TokenResponse = first) {
  const { auth } = open(create);
  await come(auth.signIn(tokens));
  const { tokens: held, sessionId } = auth;
  auth.close();
  return { held, sessionId };
}

describe.each(kinds)('a session in %s', (_name, createKind) => {
  test('survives a restart whole: tokens, expiry and id; signed-in with cause restored', async () => {
    const create = createKind();
    const { held, sessionId } = await leave(create);
    vi.setSystemTime(Date.now() + 100_000);
    const { auth, told, world } = open(create);
    expect(auth.status).toBe('unknown');
    await come(auth.fetch(me));
    expect(auth.tokens).toEqual(held);
    expect([Object.isFrozen(auth.tokens), auth.sessionId, auth.status]).toEqual([
      true,
      sessionId,
      'signed-in',
    ]);
    expect(world.api[0]?.authorization).toBe('Bearer access-0');
    expect(told).toStrictEqual([
      ['signed-in', { sessionId, expiresAt: held?.expiresAt, cause: 'restored', elsewhere: false }],
    ]);
  });

  test('holds what the last refresh brought, and what it did not bring (R36)', async () => {
    const create = createKind();
    await leave(create);
    const before = open(create);
    before.world.answerRefresh = () => Response.json({ access_token: 'access-1' });
    await come(before.auth.refresh());
    before.auth.close();
    const { auth } = open(create);
    await come(auth.ready);
    expect(auth.tokens).toEqual({
      accessToken: 'access-1',
      tokenType: 'bearer',
      refreshToken: 'refresh-0',
      idToken: 'id-0',
      scope: 'read write',
    });
  });

  test('is gone after a sign-out, and does not come back', async () => {
    const create = createKind();
    await leave(create);
    const before = open(create);
    await come(before.auth.signOut());
    before.auth.close();
    const { auth, told, world } = open(create);
    await come(auth.ready);
    await come(auth.fetch(me));
    expect([auth.tokens, auth.status, told]).toEqual([undefined, 'signed-out', []]);
    expect(world.api[0]?.authorization).toBeNull();
  });

  test('that has expired meanwhile is refreshed before its first request', async () => {
    const create = createKind();
    await leave(create);
    vi.setSystemTime(Date.now() + 4_000_000);
    const { auth, told, world } = open(create);
    await come(auth.fetch(me));
    await pass();
    expect(world.refreshes[0]?.body).toContain('refresh-0');
    expect(world.api[0]?.authorization).toBe('Bearer access-1');
    expect(short(told)).toEqual(['signed-in restored', 'token-refreshed expired']);
  });

  test('R50: is that of two managers at once: one refresh, and both know of it', async () => {
    const create = createKind();
    const [a, b] = [open(create), open(create)];
    await come(a.auth.signIn(first));
    await pass(100);
    expect(b.auth.sessionId).toBe(a.auth.sessionId);
    const calls = [a, b].map(({ auth }) => auth.getAccessToken({ minValidity: 3_599_000 }));
    vi.setSystemTime(Date.now() + 4_000_000);
    await come(Promise.all([...calls, a.auth.fetch(me), b.auth.fetch(me)]));
    await pass(100);
    expect(a.world.refreshes.length + b.world.refreshes.length).toBe(1);
    await come(b.auth.signOut());
    await pass(100);
    expect([a.auth.status, b.auth.status]).toEqual(['signed-out', 'signed-out']);
  });

  test('R11: has the whole lifetime after a restart, and not what is left of it', async () => {
    const create = createKind();
    await leave(create, { ...first, expires_in: 40 });
    vi.setSystemTime(Date.now() + 29_000);
    const { auth, world } = open(create);
    await come(auth.fetch(me));
    expect(world.refreshes).toEqual([]);
    vi.setSystemTime(Date.now() + 2_000);
    await come(auth.fetch(me));
    await pass(500);
    expect(world.refreshes).toHaveLength(1);
  });

  test('R71: is stored without what the library does not need', async () => {
    const create = createKind();
    const { held } = await leave(create, {
      ...first,
      ...{ user: { mail: 'a@b' }, password: 'pw', not_ours: 1 },
    });
    expect(Object.keys(held ?? {}).sort()).toEqual(
      ['accessToken', 'expiresAt', 'idToken', 'refreshToken', 'scope', 'tokenType'].sort(),
    );
  });
});
