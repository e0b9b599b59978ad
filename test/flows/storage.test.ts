import { memoryStorage, type TokenResponse, type TokenStorage } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { follow, record, short } from '../support/recorder.ts';
import { API, createManager, createWorld, deferred } from '../support/world.ts';

const first = {
  access_token: 'access-0',
  refresh_token: 'refresh-0',
  id_token: 'id-0',
  scope: 'read write',
  token_type: 'bearer',
  expires_in: 3600,
};
const me = `${API}/me`;

/** As `localStorage` is: items are its properties, values are strings, its methods need their `this`. */
class WebStorage {
  readonly #items = new Map<string, string>();
  get length() {
    return this.#items.size;
  }
  key(index: number) {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(key: string) {
    return this.#items.get(`${key}`) ?? null;
  }
  setItem(key: string, value: string) {
    this.#items.set(`${key}`, `${value}`);
  }
  removeItem(key: string) {
    this.#items.delete(`${key}`);
  }
  clear() {
    this.#items.clear();
  }
}

/** As React Native's AsyncStorage: promises, each after a while. */
function createAsyncStorage(ms = 30): TokenStorage {
  const inner = new WebStorage();
  const later = <T>(task: () => T) => new Promise<T>((resolve) => setTimeout(() => resolve(task()), ms));
  return {
    getItem: (key) => later(() => inner.getItem(key)),
    setItem: (key, value) => later(() => inner.setItem(key, value)),
    removeItem: (key) => later(() => inner.removeItem(key)),
  };
}

/** A module that exports the three functions: its namespace has no prototype. */
function createModuleStorage(): TokenStorage {
  const inner = new WebStorage();
  return Object.assign(Object.create(null) as TokenStorage, {
    getItem: (key: string) => inner.getItem(key),
    setItem: (key: string, value: string) => inner.setItem(key, value),
    removeItem: (key: string) => inner.removeItem(key),
  });
}

const kinds: [string, () => TokenStorage][] = [
  ['Web Storage', () => new WebStorage()],
  ['an asynchronous storage', () => createAsyncStorage()],
  ['memoryStorage', () => memoryStorage()],
  ['a module namespace', createModuleStorage],
];

function open(storage: TokenStorage, options: Parameters<typeof createManager>[1] = {}) {
  const world = createWorld();
  const auth = createManager(world, { storage, ...options });
  return { world, auth, told: record(auth) };
}

/** Signs in and closes, as a page that is left. */
async function leave(storage: TokenStorage, tokens: TokenResponse = first) {
  const { auth } = open(storage);
  const signedIn = auth.signIn(tokens);
  await vi.advanceTimersByTimeAsync(200);
  await signedIn;
  const { tokens: held, sessionId } = auth;
  auth.close();
  return { held, sessionId };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each(kinds)('a session in %s', (_name, create) => {
  test('survives a restart whole: tokens, expiry and id; signed-in with cause restored', async () => {
    const storage = create();
    const { held, sessionId } = await leave(storage);
    await vi.advanceTimersByTimeAsync(100_000);
    const { auth, told, world } = open(storage);
    const request = auth.fetch(me);
    await vi.advanceTimersByTimeAsync(200);
    await request;
    expect(auth.tokens).toEqual(held);
    expect(Object.isFrozen(auth.tokens)).toBe(true);
    expect(auth.sessionId).toBe(sessionId);
    expect(world.api[0]?.authorization).toBe('Bearer access-0');
    expect(told).toStrictEqual([['signed-in', { sessionId, expiresAt: held?.expiresAt, cause: 'restored' }]]);
  });

  test('holds what the last refresh brought, and what it did not bring', async () => {
    const storage = create();
    await leave(storage);
    const before = open(storage, { refresh: async () => ({ access_token: 'access-1' }) });
    const refreshed = before.auth.refresh();
    await vi.advanceTimersByTimeAsync(400);
    await refreshed;
    before.auth.close();
    const { auth } = open(storage);
    await vi.advanceTimersByTimeAsync(200);
    expect(auth.tokens).toEqual({
      accessToken: 'access-1',
      tokenType: 'bearer',
      refreshToken: 'refresh-0',
      idToken: 'id-0',
      scope: 'read write',
    });
  });

  test('is gone after a sign-out', async () => {
    const storage = create();
    await leave(storage);
    const before = open(storage);
    const out = before.auth.signOut();
    await vi.advanceTimersByTimeAsync(400);
    await out;
    expect(await Promise.race([storage.getItem('evertoken'), vi.advanceTimersByTimeAsync(100)])).toBeFalsy();
    const { auth, told } = open(storage);
    await vi.advanceTimersByTimeAsync(200);
    await auth.ready;
    expect(auth.tokens).toBeUndefined();
    expect(told).toEqual([]);
  });

  test('that has expired meanwhile is refreshed before its first request', async () => {
    const storage = create();
    await leave(storage);
    await vi.advanceTimersByTimeAsync(4_000_000);
    const { auth, told, world } = open(storage);
    const request = auth.fetch(me);
    await vi.advanceTimersByTimeAsync(400);
    await request;
    expect(world.refreshes[0]?.body).toContain('refresh-0');
    expect(world.api[0]?.authorization).toBe('Bearer access-1');
    expect(short(told)).toEqual(['signed-in restored', 'token-refreshed expired']);
  });
});

describe('reading and writing', () => {
  test('R11: after a restart the lifetime is still the whole one, not what is left of it', async () => {
    const storage = new WebStorage();
    await leave(storage, { ...first, expires_in: 40 });
    await vi.advanceTimersByTimeAsync(29_000);
    const { auth, world } = open(storage);
    await auth.fetch(me);
    expect(world.refreshes).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    await auth.fetch(me);
    await vi.advanceTimersByTimeAsync(0);
    expect(world.refreshes).toHaveLength(1);
  });

  test('signIn resolves when the tokens are stored, and requests wait for it', async () => {
    const stored = deferred();
    const setItem = vi.fn(() => stored.promise);
    const { auth, world } = open({ getItem: () => null, setItem, removeItem: () => {} });
    await auth.ready;
    const signIn = follow(auth.signIn(first));
    const request = follow(auth.fetch(me));
    await vi.advanceTimersByTimeAsync(1_000);
    expect([signIn.state, request.state, world.api.length]).toEqual(['pending', 'pending', 0]);
    stored.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect([signIn.state, request.value]).toEqual(['resolved', expect.any(Response)]);
    expect(world.api[0]?.authorization).toBe('Bearer access-0');
    expect(setItem).toHaveBeenCalledTimes(1);
  });

  test('R39: refreshed tokens are stored before they are used', async () => {
    const storage = new WebStorage();
    await leave(storage);
    const stored = deferred();
    const { auth, world } = open({
      getItem: (key) => storage.getItem(key),
      setItem: () => stored.promise,
      removeItem: () => {},
    });
    await vi.advanceTimersByTimeAsync(3_600_000);
    const request = follow(auth.fetch(me));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(world.refreshes).toHaveLength(1);
    expect(world.api).toEqual([]);
    stored.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(request.state).toBe('resolved');
  });

  test('`name` names the record; two names in one storage do not meet', async () => {
    const storage = new WebStorage();
    const a = open(storage, { name: 'a' });
    const b = open(storage, { name: 'b' });
    await a.auth.signIn({ access_token: 'of-a' });
    await b.auth.signIn({ access_token: 'of-b' });
    await a.auth.signOut();
    expect([storage.length, storage.key(0)]).toEqual([1, 'b']);
    const again = open(storage, { name: 'b' });
    await again.auth.ready;
    expect(again.auth.tokens?.accessToken).toBe('of-b');
  });

  test('only what the library needs is stored: members it does not know stay out', async () => {
    const storage = new WebStorage();
    const { held } = await leave(storage, { ...first, user: { mail: 'a@b' }, password: 'pw', not_ours: 1 });
    expect(storage.getItem('evertoken')).not.toMatch(/a@b|password|not_?ours/i);
    expect(Object.keys(held ?? {}).sort()).toEqual(
      ['accessToken', 'expiresAt', 'idToken', 'refreshToken', 'scope', 'tokenType'].sort(),
    );
  });

  test('R52: the record is JSON with the version field v, 1 today', async () => {
    const storage = new WebStorage();
    await leave(storage);
    expect(JSON.parse(`${storage.getItem('evertoken')}`)).toMatchObject({ v: 1 });
  });
});
