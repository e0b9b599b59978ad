/** R8: `refreshEndpoint` with `format: 'cookie'`: what it needs in a page, and how it asks. */
import {
  cookieStore,
  createTokenManager,
  memoryStore,
  refreshEndpoint,
  type TokenStore,
  webStore,
} from 'evertoken';
import { dpop } from 'evertoken/dpop';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { expectTypeError, thrownBy } from '../support/attach.ts';
import { createPage } from '../support/page.ts';
import { login } from '../support/refresh.ts';
import { API, TOKEN_ENDPOINT } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const cookie = () => refreshEndpoint({ url: TOKEN_ENDPOINT, format: 'cookie' });
const create = (store?: TokenStore, refresh = cookie()) =>
  createTokenManager({ refresh, store, allow: API, fetch: async () => new Response('', { status: 401 }) });

const others: [what: string, create: () => TokenStore | undefined][] = [
  ['no store', () => undefined],
  ['webStore', () => webStore('shop')],
  ['memoryStore', () => memoryStore()],
];

describe('a cookie in a page or worker', () => {
  const places: [where: string, enter: () => unknown][] = [
    ['a page', () => createPage()],
    ['a worker', () => vi.stubGlobal('indexedDB', {})],
  ];
  const cases = places.flatMap(([where, enter]) =>
    others.map(([what, open]) => [where, what, enter, open] as const),
  );

  test.each(cases)('in %s with %s is a TypeError that says what to write', (_where, _what, enter, open) => {
    enter();
    const store = open();
    expectTypeError(
      thrownBy(() => create(store)),
      /options\.store/,
      /cookieStore\('/,
    );
  });

  test('also where something wraps the refresh', () => {
    createPage();
    const refresh = dpop('shop').refresh(cookie());
    expectTypeError(
      thrownBy(() => create(undefined, refresh)),
      /cookieStore\('/,
    );
  });

  test('is taken with cookieStore', () => {
    createPage();
    create(cookieStore('shop')).close();
  });

  test('is nobody’s to join on a server', () => {
    for (const [, open] of others) create(open()).close();
    create(cookieStore('shop')).close();
  });
});

test.each([[undefined], [''], [5]])('cookieStore(%j) is a TypeError', (name) => {
  expectTypeError(
    thrownBy(() => cookieStore(name as unknown as string)),
    /name/,
  );
});

test('cookieStore with a refresh that needs a refresh token is a TypeError: it keeps none', () => {
  const refresh = refreshEndpoint({ url: TOKEN_ENDPOINT, clientId: 'spa' });
  expectTypeError(
    thrownBy(() => create(cookieStore('shop'), refresh)),
    /options\.refresh/,
    /withoutRefreshToken/,
  );
});

describe('its request', () => {
  /** How each request was sent. */
  async function sent(...answers: (() => Response | Promise<Response>)[]) {
    const asked: (boolean | undefined)[] = [];
    const auth = createTokenManager({
      refresh: cookie(),
      allow: API,
      fetch: async (_input, init) => {
        asked.push(init?.keepalive);
        return (answers[asked.length - 1] ?? (() => Response.json(login())))();
      },
    });
    const token = auth.getAccessToken();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await token).toBe('access-0');
    return asked;
  }

  test('outlives the page that is left: keepalive', async () => {
    expect(await sent()).toEqual([true]);
  });

  test('is sent once more without, where that is refused', async () => {
    expect(await sent(() => Promise.reject(new TypeError('too much is on the way')))).toEqual([true, false]);
  });

  test('is sent with it again when the server was down', async () => {
    expect(await sent(() => new Response('', { status: 503 }))).toEqual([true, true]);
  });
});
