/** R14, R57: what is left of webStore where a platform lacks or refuses something. */
import { createTokenManager, webStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { record, short } from '../support/recorder.ts';
import { API, createServer, ME, outcomeOf, refresh, type Server } from '../support/tabs.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

let names = 0;
beforeEach(() => void names++);

/** A page with a manager; the name is the same for all pages of a test. */
function open(server: Server) {
  const store = webStore(`less web ${names}`);
  const auth = createTokenManager({ allow: API, refresh, fetch: server.fetch, store });
  onTestFinished(() => auth.close());
  return {
    auth,
    told: record(auth),
    send: () => come(outcomeOf(auth.fetch(ME).then(({ status }) => status))),
  };
}

/** Runs what an app does, and what it ends as. */
async function live(server: Server) {
  const page = open(server);
  await come(page.auth.signIn(server.login()));
  expect(await page.send()).toBe(200);
  server.deny();
  expect(await page.send()).toBe(200);
  await come(page.auth.refresh());
  expect(await page.send()).toBe(200);
  return page;
}

describe('R57: where a page lacks or refuses something', () => {
  const refuse = () => {
    throw new DOMException('denied', 'SecurityError');
  };
  const reject = () => Promise.reject(new DOMException('denied', 'SecurityError'));
  const refuseLater = () => {
    const request = { error: new DOMException('denied', 'InvalidStateError'), onerror: () => {} };
    queueMicrotask(() => request.onerror());
    return request;
  };

  const refusals: [string, object | undefined, object | undefined][] = [
    ['all cookies are blocked (both are there, and reject)', { open: refuseLater }, { request: reject }],
    ['a sandboxed frame (both throw)', { open: refuse }, { request: refuse }],
    ['neither is there', undefined, undefined],
  ];
  const block = (indexedDB: object | undefined, locks: object | undefined) => {
    stubBrowser();
    vi.stubGlobal('document', new EventTarget());
    vi.stubGlobal('indexedDB', indexedDB);
    vi.stubGlobal('navigator', locks && { locks });
    return createServer();
  };

  test.each(refusals)(
    'R14, R57: IndexedDB and locks: %s: the session lives in memory',
    async (_what, indexedDB, locks) => {
      const server = block(indexedDB, locks);
      const { told } = await live(server);
      await pass();
      expect(short(told)).toEqual(['signed-in local', 'token-refreshed rejected', 'token-refreshed manual']);
      expect(server.reused).toEqual([]);
    },
  );

  test('R50, R57: and the managers of one name in that page share it', async () => {
    const server = block(undefined, undefined);
    const [other, page] = [open(server), await live(server)];
    await pass();
    expect(other.auth.sessionId).toBe(page.auth.sessionId);
  });

  test.each([
    ['BroadcastChannel', { BroadcastChannel: undefined }],
    ['Web Locks', { navigator: {} }],
    ['navigator', { navigator: undefined }],
    ['crypto', { crypto: undefined }],
    ['a BroadcastChannel that may be opened', { BroadcastChannel: refuse }],
  ])('R14, R57: no %s: the pages still share their session, and refresh once', async (_what, globals) => {
    stubBrowser();
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    const server = createServer();
    const page = await live(server);
    const other = open(server);
    await come(other.auth.ready);
    const refreshes = server.presented.length;
    server.deny();
    expect(await Promise.all([page.send(), other.send()])).toEqual([200, 200]);
    expect([server.presented.length - refreshes, server.reused]).toEqual([1, []]);
  });

  test('R53: IndexedDB that hangs is a store that hangs: 5 s once, then in memory', async () => {
    stubBrowser();
    vi.stubGlobal('indexedDB', { open: () => ({}) });
    const server = createServer();
    const began = Date.now();
    const page = await live(server);
    expect(Date.now() - began).toBeLessThan(7_000);
    expect(short(page.told)).toContain('store-failed read');
  });
});

test('R57: outside a page or worker it stores nothing and joins nobody: it may stand in a module that a server renders', async () => {
  vi.stubGlobal('indexedDB', undefined);
  Reflect.deleteProperty(globalThis, 'indexedDB');
  const items = new Map<string, string>();
  // Deno and Node 25 have one.
  vi.stubGlobal('localStorage', { getItem: (key: string) => items.get(key), setItem: items.set.bind(items) });
  const channel = vi.fn();
  vi.stubGlobal('BroadcastChannel', channel);
  const request = vi.fn();
  vi.stubGlobal('navigator', { locks: { request } });
  const server = createServer();
  const [ann, bob] = [open(server), open(server)];
  await come(ann.auth.signIn(server.login('ann')));
  expect([bob.auth.status, await bob.send()]).toEqual(['signed-out', 401]);
  await come(bob.auth.signIn(server.login('bob')));
  await come(ann.auth.refresh());
  expect([ann.auth.tokens?.accessToken, bob.auth.tokens?.accessToken]).toEqual([
    'access-ann-3',
    'access-bob-2',
  ]);
  expect([items.size, channel.mock.calls, request.mock.calls]).toEqual([0, [], []]);
});

test('R50: a manager without a store joins nobody in a page either: no lock, no channel, no database', async () => {
  const browser = stubBrowser();
  const server = createServer();
  const request = vi.spyOn(navigator.locks, 'request');
  const auth = createTokenManager({ allow: API, refresh, fetch: server.fetch });
  onTestFinished(() => auth.close());
  await come(auth.signIn(server.login()));
  await come(auth.refresh());
  await come(auth.signOut());
  expect([browser.connections, browser.messages, request.mock.calls]).toEqual([[], [], []]);
});
