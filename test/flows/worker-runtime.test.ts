/** R14: where a platform forbids timers, random values and signals outside a request, and sharing signals between requests. */
import {
  cookieStore,
  createTokenManager,
  keyValueStore,
  memoryStore,
  refreshEndpoint,
  type TokenStore,
  webStore,
} from 'evertoken';
import { describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { login } from '../support/refresh.ts';
import { API, createWorld, TOKEN_ENDPOINT, unauthorized } from '../support/world.ts';

const items = new Map<string, string>();
const storage = {
  getItem: (key: string) => items.get(key),
  setItem: (key: string, value: string) => void items.set(key, value),
  removeItem: (key: string) => void items.delete(key),
};

let names = 0;
const stores: [what: string, create: () => TokenStore | undefined][] = [
  ['no store', () => undefined],
  ['memoryStore', () => memoryStore()],
  ['keyValueStore', () => keyValueStore(`runtime-${++names}`, storage)],
  ['tokenStore', () => createCell().open()],
  ['webStore', () => webStore('shop')],
  ['cookieStore', () => cookieStore('shop')],
];

/** What Cloudflare's workers refuse while a module is loaded. */
const forbidden = ['setTimeout', 'setInterval', 'setImmediate', 'AbortController', 'AbortSignal', 'crypto'];

/** Outside a request nothing of it may be called or read. */
function forbid(): void {
  const refuse = () => {
    throw new Error('Disallowed operation called within global scope');
  };
  for (const name of forbidden) {
    vi.stubGlobal(name, new Proxy(refuse, { get: refuse, apply: refuse, construct: refuse }));
  }
  vi.spyOn(Math, 'random').mockImplementation(refuse);
}

/** The code of a module is over when all that it has begun has come to rest. */
async function endModule(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
}

describe.each(stores)('R14: with %s, creation in module scope', (what, createStore) => {
  test('calls no timer, no random value and no signal, and everything works in the first request', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    forbid();
    const world = createWorld();
    const format = what === 'cookieStore' ? 'cookie' : 'form';
    const failed = vi.fn();
    const auth = createTokenManager({
      refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, clientId: 'worker', format }),
      revoke: async () => {},
      allow: API,
      capture: [{ url: `${API}/password` }],
      store: createStore(),
      keepFresh: true,
      fetch: world.fetch,
    });
    auth.on('store-failed', failed);
    auth.subscribe(() => {});
    expect([auth.tokens, auth.sessionId]).toEqual([undefined, undefined]);
    expect(auth.status).toMatch(/unknown|signed-out/);
    await endModule();

    await auth.ready;
    await auth.signIn(login());
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-0' ? unauthorized() : Response.json({});
    expect((await auth.fetch(`${API}/me`)).status).toBe(200);
    await auth.signOut();
    expect(failed).not.toHaveBeenCalled();
    auth.close();
  });
});

/** The request that is being served. */
let served = 0;

/** Signals that belong to the request in which they were made, as those of Cloudflare's workers do. */
function stubOwnedSignals(): void {
  const Real = AbortController;
  const guard = <T extends object>(target: T): T => {
    const owner = served;
    return new Proxy(target, {
      get(_target, name) {
        if (served !== owner) throw new Error('Cannot perform I/O on behalf of a different request');
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
  vi.stubGlobal(
    'AbortController',
    class {
      readonly signal: AbortSignal;
      readonly abort: AbortController['abort'];
      constructor() {
        const real = new Real();
        this.signal = guard(real.signal);
        this.abort = guard({ abort: (reason?: unknown) => real.abort(reason) }).abort;
      }
    },
  );
}

describe.each(stores.slice(0, 4))(
  'R14: with %s, nothing that belongs to one request',
  (_what, createStore) => {
    test('is kept for the next: created in the first one, it serves all', async () => {
      stubOwnedSignals();
      served = 1;
      let dead = 'none';
      let refreshes = 0;
      const auth = createTokenManager({
        allow: API,
        store: createStore(),
        refresh: async ({ signal }) => {
          expect(signal.aborted).toBe(false);
          return {
            access_token: `access-${++refreshes}`,
            refresh_token: `refresh-${refreshes}`,
            expires_in: 3600,
          };
        },
        revoke: async ({ signal }) => expect(signal.aborted).toBe(false),
        fetch: async (_input, init) => {
          const authorization = new Headers(init?.headers).get('authorization');
          return authorization === `Bearer ${dead}` ? unauthorized() : Response.json({});
        },
      });
      await auth.signIn(login());
      for (const _request of [1, 2, 3]) {
        served++;
        expect((await auth.fetch(`${API}/me`)).status).toBe(200);
        dead = `${auth.tokens?.accessToken}`;
        expect((await auth.fetch(`${API}/me`)).status).toBe(200);
        await auth.refresh();
      }
      expect(refreshes).toBe(6);
      served++;
      await auth.signOut();
      served++;
      await auth.signIn(login({ access_token: 'again' }));
      served++;
      expect(await auth.getAccessToken()).toBe('again');
      auth.close();
    });
  },
);
