/** React Native has no platform of its own here: these are the polyfills that its globals come from. */
import { AbortController, AbortSignal } from 'abort-controller';
import { keyValueStore, type TokenManagerOptions } from 'evertoken';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Headers, Request, Response } from 'whatwg-fetch';
import { API, TOKEN_ENDPOINT } from '../support/world.ts';

/** What its fetch was given. */
interface Sent {
  readonly url: string;
  readonly authorization: string | null;
  readonly body: string;
}

const sent: Sent[] = [];
let good = 'access-0';
let outages = 0;

const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<globalThis.Response> => {
  const request = new Request(input, init);
  const body = await request.text();
  sent.push({ url: request.url, authorization: request.headers.get('authorization'), body });
  const answer = (status: number, json: object) =>
    new Response(JSON.stringify(json), { status, headers: { 'content-type': 'application/json' } });
  if (request.url === TOKEN_ENDPOINT) {
    if (outages-- > 0) return answer(503, {});
    good = `access-${Number(good.at(-1)) + 1}`;
    return answer(200, { access_token: good, refresh_token: 'r', expires_in: 3600 });
  }
  return answer(request.headers.get('authorization') === `Bearer ${good}` ? 200 : 401, {});
};

beforeEach(() => {
  // A refresh that never ends has time limits, which are not to go off in the tests of others.
  vi.useFakeTimers();
  sent.length = 0;
  good = 'access-0';
  outages = 0;
  const missing = ['crypto', 'document', 'location', 'BroadcastChannel', 'indexedDB', 'reportError'];
  for (const name of missing) vi.stubGlobal(name, undefined);
  const given = { AbortController, AbortSignal, Headers, Request, Response, fetch };
  for (const [name, value] of Object.entries(given)) vi.stubGlobal(name, value);
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('navigator', { product: 'ReactNative' });
});

afterEach(() => void vi.useRealTimers());
// The next file is to find none that was loaded on this platform.
afterAll(() => void vi.resetModules());

const items = new Map<string, string>();
const asyncStorage = {
  getItem: async (key: string) => items.get(key) ?? null,
  setItem: async (key: string, value: string) => void items.set(key, value),
  removeItem: async (key: string) => void items.delete(key),
};

async function signedIn(options: Partial<TokenManagerOptions> = {}) {
  // Here, because ky looks at the platform when it is loaded.
  vi.resetModules();
  const { createTokenManager, refreshEndpoint } = await import('evertoken');
  const refresh = refreshEndpoint({ url: TOKEN_ENDPOINT, clientId: 'app' });
  const auth = createTokenManager({ refresh, allow: API, ...options });
  await auth.signIn({ access_token: 'access-0', refresh_token: 'r', expires_in: 3600 });
  return auth;
}

describe('R14: on React Native, whose signals know no reason and whose bodies are no streams,', () => {
  test('a request is sent, refused, refreshed and replayed, from a string and from a Request', async () => {
    const auth = await signedIn({ store: keyValueStore('app', asyncStorage) });
    const init = { method: 'POST', body: 'text' };
    expect((await auth.fetch(API, init)).status).toBe(200);
    good = 'access-7';
    expect((await auth.fetch(API, init)).status).toBe(200);
    good = 'access-7';
    expect((await auth.fetch(new Request(API, init))).status).toBe(200);
    const api = sent.filter(({ url }) => url !== TOKEN_ENDPOINT);
    expect(api.map(({ authorization }) => authorization?.at(-1))).toEqual(['0', '0', '8', '8', '8']);
    expect(api.every(({ body }) => body === 'text')).toBe(true);
    await auth.signOut();
    expect(await auth.getAccessToken()).toBeUndefined();
    expect([...items.values()].join()).not.toContain('access');
  });

  test('a token endpoint that is down is asked again (R35)', async () => {
    const auth = await signedIn();
    outages = 1;
    const refreshed = auth.refresh();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await refreshed).toMatchObject({ accessToken: 'access-1' });
  });

  test('who waits for a session that ends is told why (R32)', async () => {
    const auth = await signedIn({ refresh: () => new Promise(() => {}) });
    const waiting = [auth.refresh(), auth.getAccessToken({ minValidity: 3_590_000 })];
    await auth.signOut();
    const outcomes = await Promise.allSettled(waiting);
    expect(outcomes).toMatchObject([
      { reason: { code: 'session-changed' } },
      { reason: { code: 'session-changed' } },
    ]);
  });

  test('whoever comes after close() is told, and who waited (R61)', async () => {
    const auth = await signedIn({ refresh: () => new Promise(() => {}) });
    const waiting = auth.refresh();
    auth.close();
    await expect(waiting).rejects.toMatchObject({ code: 'closed' });
    await expect(auth.fetch(API)).rejects.toMatchObject({ code: 'closed' });
    await expect(auth.signIn({ accessToken: 'a' })).rejects.toMatchObject({ code: 'closed' });
  });

  test('an aborted caller gets an AbortError at once, before and while it waits (R33)', async () => {
    const auth = await signedIn({ refresh: () => new Promise(() => {}) });
    const controller = new AbortController();
    const signal = controller.signal as globalThis.AbortSignal;
    const waiting = auth.refresh({ signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await expect(auth.getAccessToken({ signal })).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('a refresh that takes too long is a refresh-failed whose cause is the timeout (R34)', async () => {
    const auth = await signedIn({ refresh: () => new Promise(() => {}), refreshTimeout: 1_000 });
    const waiting = auth.refresh();
    const outcome = expect(waiting).rejects.toMatchObject({
      code: 'refresh-failed',
      cause: { name: 'TimeoutError' },
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await outcome;
  });
});
