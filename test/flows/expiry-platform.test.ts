import { createTokenManager, keyValueStore, refreshEndpoint, type TokenStore, webStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { signedIn, watch } from '../support/attach.ts';
import { createCell } from '../support/cell.ts';
import { stubIndexedDb } from '../support/databases.ts';
import { API, createManager, createWorld, TOKEN_ENDPOINT, unauthorized } from '../support/world.ts';

afterEach(() => void vi.useRealTimers());

function createDefault() {
  const refresh = refreshEndpoint({ url: TOKEN_ENDPOINT, clientId: 'spa' });
  return createTokenManager({ refresh, allow: API });
}

describe('R14: the default fetch', () => {
  test('is looked up at each use: a fetch that is patched later is used, and unpatched again', async () => {
    const auth = createDefault();
    const [first, second] = [createWorld(), createWorld()];
    vi.stubGlobal('fetch', first.fetch);
    await auth.signIn({ access_token: 'access-0', refresh_token: 'r' });
    await auth.fetch(`${API}/1`);
    vi.stubGlobal('fetch', second.fetch);
    await auth.fetch(`${API}/2`);
    await auth.fetch('https://other.test/');
    expect(first.api.map(({ url }) => url)).toEqual([`${API}/1`]);
    expect(second.api.map(({ url }) => url)).toEqual([`${API}/2`, 'https://other.test/']);
  });

  test('so it is for the refresh and its retries', async () => {
    const auth = createDefault();
    const world = createWorld();
    await auth.signIn({ access_token: 'access-0', refresh_token: 'r' });
    vi.stubGlobal('fetch', () => {
      vi.stubGlobal('fetch', world.fetch);
      return Promise.reject(new TypeError('fetch failed'));
    });
    expect((await auth.refresh()).accessToken).toBe('access-1');
    expect(world.refreshes).toHaveLength(1);
  });

  test('between a refusal and its replay too', async () => {
    const auth = createDefault();
    const world = createWorld();
    await auth.signIn({ access_token: 'access-0', refresh_token: 'r' });
    vi.stubGlobal('fetch', async () => {
      vi.stubGlobal('fetch', world.fetch);
      return unauthorized();
    });
    expect((await auth.fetch(API)).status).toBe(200);
    expect(world.api.map(({ authorization }) => authorization)).toEqual(['Bearer access-1']);
  });

  test('is called without an object: browsers refuse any other `this`', async () => {
    const auth = createDefault();
    await auth.signIn({ access_token: 'a' });
    vi.stubGlobal('fetch', async function (this: unknown) {
      return this === undefined || this === globalThis ? new Response('ok') : Promise.reject(new TypeError());
    });
    expect((await auth.fetch(API)).status).toBe(200);
    expect((await auth.fetch('https://other.test/')).status).toBe(200);
  });
});

test('R14: the clock and the timers are looked up at each use', async () => {
  const world = createWorld();
  const auth = createManager(world, { keepFresh: true });
  vi.useFakeTimers({ now: 1_000_000 });
  await auth.signIn({ access_token: 'a', refresh_token: 'r', expires_in: 3600 });
  expect(auth.tokens?.expiresAt).toBe(4_600_000);
  await vi.advanceTimersByTimeAsync(3_590_000);
  expect(world.refreshes).toHaveLength(1);
});

let lives = 0;

/** A store that needs a platform, and one that does not. */
const stores: [where: string, create: (name: string) => TokenStore][] = [
  ['a web store', (name) => webStore(name)],
  ['a key-value store', (name) => keyValueStore(name, new MapStorage())],
];

class MapStorage {
  readonly #items = new Map<string, string>();
  getItem = (key: string) => this.#items.get(key);
  setItem = (key: string, value: string) => void this.#items.set(key, value);
  removeItem = (key: string) => void this.#items.delete(key);
}

/** A whole life: sign-in, request, refusal, replay, refresh, sign-out, close. */
async function live(createStore: (name: string) => TokenStore, create: typeof createManager = createManager) {
  const world = createWorld();
  const auth = create(world, { store: createStore(`life-${++lives}`), keepFresh: true });
  const ids: unknown[] = [];
  for (let n = 0; n < 3; n++) {
    await auth.signIn({ access_token: 'access-0', refresh_token: `r${n}`, expires_in: 3600 });
    ids.push(auth.sessionId);
  }
  await auth.fetch(API, { method: 'POST', body: 'text' });
  world.good = 'access-1';
  const replayed = await auth.fetch(API, { method: 'POST', body: 'text' });
  await auth.refresh();
  const token = await auth.getAccessToken();
  await auth.signOut();
  auth.close();
  const bodies = world.api.map(({ body }) => body);
  return { token, status: replayed.status, bodies, sessions: new Set(ids).size, members: Object.keys(auth) };
}

const lived = { token: 'access-2', status: 200, bodies: ['text', 'text', 'text'], sessions: 3 };

describe.each(stores)('R14: what is missing degrades, with %s', (_where, createStore) => {
  beforeEach(() => void stubIndexedDb());

  test.each<[string, string[]]>([
    ['crypto', ['crypto']],
    ['navigator, and with it Web Locks', ['navigator']],
    ['BroadcastChannel', ['BroadcastChannel']],
    ['reportError', ['reportError']],
    ['IndexedDB', ['indexedDB']],
    ['document and location', ['document', 'location', 'window', 'addEventListener']],
    ['performance', ['performance']],
    ['all of them', ['crypto', 'navigator', 'BroadcastChannel', 'document', 'location', 'indexedDB']],
  ])('without %s everything works', async (_what, names) => {
    for (const name of names) vi.stubGlobal(name, undefined);
    expect(await live(createStore)).toMatchObject(lived);
  });

  test('without crypto.randomUUID (plain-http hosts) sessions still have ids of their own', async () => {
    vi.stubGlobal('crypto', { getRandomValues: undefined });
    vi.stubGlobal('navigator', {});
    expect(await live(createStore)).toMatchObject(lived);
  });

  test('with a document that has no events and no visibility (React Native shims)', async () => {
    vi.stubGlobal('document', {});
    vi.stubGlobal('window', globalThis);
    vi.stubGlobal('navigator', { product: 'ReactNative' });
    expect(await live(createStore)).toMatchObject(lived);
  });

  test('without URL.canParse rules are checked all the same', async () => {
    vi.stubGlobal('URL', class extends URL {});
    vi.spyOn(URL, 'canParse').mockImplementation(() => {
      throw new TypeError('not a function');
    });
    expect(await live(createStore)).toMatchObject(lived);
    expect(() => createTokenManager({ refresh: async () => ({}), allow: 'https://a b' })).toThrow(/allow/);
  });
});

describe('R14: what is missing degrades', () => {
  test('without Symbol.dispose there is close(), and no member called "undefined"', async () => {
    const Real = Symbol;
    const handler: ProxyHandler<(name?: string) => symbol> = {
      get: (_target, name) => (/^(async)?dispose$/i.test(String(name)) ? undefined : Reflect.get(Real, name)),
    };
    vi.stubGlobal('Symbol', new Proxy((name?: string) => Real(name), handler));
    vi.resetModules();
    const fresh = await import('evertoken');
    const refresh = fresh.refreshEndpoint({ url: TOKEN_ENDPOINT, clientId: 'spa' });
    const life = await live(
      () => fresh.memoryStore(),
      (world, options) => fresh.createTokenManager({ refresh, allow: API, fetch: world.fetch, ...options }),
    );
    expect(life).toMatchObject(lived);
    const auth = fresh.createTokenManager({ refresh, allow: API });
    expect('undefined' in auth).toBe(false);
  });

  test('without Request.body a Request is sent with its body all the same', async () => {
    const body = Object.getOwnPropertyDescriptor(Request.prototype, 'body') as PropertyDescriptor;
    Reflect.deleteProperty(Request.prototype, 'body');
    try {
      const world = createWorld();
      const auth = await signedIn(world);
      await auth.fetch(new Request(API, { method: 'POST', body: 'kept' }));
      world.good = 'access-1';
      await auth.fetch(new Request(API, { method: 'POST', body: 'kept' }));
      expect(world.api.map((seen) => seen.body).slice(0, 2)).toEqual(['kept', 'kept']);
      expect(world.api.every((seen) => seen.body === 'kept')).toBe(true);
    } finally {
      Object.defineProperty(Request.prototype, 'body', body);
    }
  });

  test('Symbol.dispose, where there is one, closes', async () => {
    const auth = await signedIn(createWorld());
    auth[Symbol.dispose]();
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: 'closed' });
  });

  test('a lock that is there and refuses (an opaque origin) counts as missing', async () => {
    vi.useFakeTimers();
    const lock = () => Promise.reject(new DOMException('denied', 'SecurityError'));
    const auth = await signedIn(createWorld(), { store: createCell().open({ lock }) });
    const refresh = watch(auth.refresh());
    await vi.advanceTimersByTimeAsync(100);
    expect(refresh.value).toMatchObject({ accessToken: 'access-1' });
  });
});
