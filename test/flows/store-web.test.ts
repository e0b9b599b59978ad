/** R56, R57: the store of pages and workers, and what is left of it where a platform lacks or refuses something. */
import { createTokenManager, type TokenManagerOptions, webStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Browser, come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { answerOf, dump, readable } from '../support/databases.ts';
import { record, short } from '../support/recorder.ts';
import { API, createServer, ME, outcomeOf, refresh, type Server } from '../support/tabs.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

let names = 0;

/** A page with a manager; `name` is the same for all pages of a test unless it says otherwise. */
function open(server: Server, name = `web ${names}`, options: Partial<TokenManagerOptions> = {}) {
  const store = webStore(name);
  const auth = createTokenManager({ allow: API, refresh, fetch: server.fetch, store, ...options });
  onTestFinished(() => auth.close());
  return {
    auth,
    told: record(auth),
    send: () => come(outcomeOf(auth.fetch(ME).then(({ status }) => status))),
  };
}

beforeEach(() => void names++);

/** Signed in, and known to a second page. */
async function openTwo() {
  const server = createServer();
  const [a, b] = [open(server), open(server)];
  await pass();
  await come(a.auth.signIn(server.login()));
  await pass();
  return { server, a, b };
}

describe('R56: a webStore', () => {
  test('R50, R56: joins the pages of an origin: one refresh, one sign-out, each heard at once', async () => {
    stubBrowser({ isSecure: true });
    const { server, a, b } = await openTwo();
    await vi.waitFor(() => expect(b.auth.sessionId).toBe(a.auth.sessionId));
    server.deny();
    expect(await Promise.all([a.send(), b.send(), a.send(), b.send()])).toEqual([200, 200, 200, 200]);
    expect([server.presented.length, server.reused]).toEqual([1, []]);
    await come(b.auth.signOut());
    await vi.waitFor(() => expect(a.auth.status).toBe('signed-out'));
    expect([short(a.told), short(b.told)]).toEqual([
      ['signed-in local', 'token-refreshed rejected', 'signed-out local'],
      ['signed-in local', 'token-refreshed rejected', 'signed-out local'],
    ]);
  });

  test('R56, R70: is one entry in IndexedDB that shows no token, and nothing is in a message between pages', async () => {
    const browser = stubBrowser({ isSecure: true });
    const { a } = await openTwo();
    await come(a.auth.refresh());
    const stored = await dump(browser.factory);
    expect(stored).toHaveLength(1);
    expect(readable(stored)).not.toMatch(/access-|refresh-|ann/);
    expect(readable(browser.messages)).not.toMatch(/access-|refresh-|ann/);
    expect(browser.messages.length).toBeGreaterThan(0);
  });

  test('R56: whoever touches the bytes makes damage of it: signed out, and the next session is stored', async () => {
    const browser = stubBrowser({ isSecure: true });
    const { server, a } = await openTwo();
    a.auth.close();
    expect(await touch(browser)).toBe(1);
    const next = open(server);
    await come(next.auth.ready);
    expect([next.auth.status, short(next.told)]).toEqual(['signed-out', ['store-failed read']]);
    await come(next.auth.signIn(server.login('bob')));
    const last = open(server);
    await come(last.auth.ready);
    expect(last.auth.tokens?.accessToken).toMatch(/bob/);
  });

  test('R50: two names on one origin are two sessions', async () => {
    stubBrowser();
    const server = createServer();
    const [shop, admin] = [open(server, `shop ${names}`), open(server, `admin ${names}`)];
    await come(shop.auth.signIn(server.login('ann')));
    await come(admin.auth.signIn(server.login('bob')));
    await come(shop.auth.signOut());
    await pass();
    expect([shop.auth.status, admin.auth.tokens?.accessToken]).toEqual(['signed-out', 'access-bob-2']);
  });

  test('R50: two apps with the README’s name on one origin leave each other’s session alone', async () => {
    stubBrowser();
    const [shop, admin] = [createServer(), createServer()];
    const a = open(shop, undefined, { refresh: Object.assign(refresh.bind(undefined), { id: 'shop' }) });
    const b = open(admin, undefined, { refresh: Object.assign(refresh.bind(undefined), { id: 'admin' }) });
    await come(a.auth.signIn(shop.login()));
    await pass();
    expect([b.auth.status, await b.send(), admin.presented, await a.send()]).toEqual([
      'signed-out',
      401,
      [],
      200,
    ]);
  });

  test('R57: a connection that is closed behind its back is opened again', async () => {
    const browser = stubBrowser();
    const { server, a, b } = await openTwo();
    for (const connection of browser.connections) connection.close();
    server.deny();
    expect([await a.send(), await b.send(), server.reused]).toEqual([200, 200, []]);
  });

  test('R57: whoever wants to delete the database may; that ends the session', async () => {
    const browser = stubBrowser();
    const { server, a } = await openTwo();
    for (const { name } of await browser.factory.databases()) {
      await new Promise((resolve) => {
        browser.factory.deleteDatabase(`${name}`).onsuccess = resolve;
      });
    }
    server.deny();
    await a.send();
    await pass(1_000);
    expect([a.auth.status, server.reused]).toEqual(['signed-out', []]);
  });
});

/** Other bytes in the place of those that were sealed. */
async function touch({ factory }: Browser): Promise<number> {
  const database = await answerOf(factory.open('evertoken'));
  const store = database.transaction('entries', 'readwrite').objectStore('entries');
  const entries = await answerOf<{ value: { data: ArrayBuffer } }[]>(store.getAll());
  const keys = await answerOf(store.getAllKeys());
  entries.forEach((entry, place) => {
    new Uint8Array(entry.value.data).fill(7, 3, 9);
    store.put(entry, keys[place]);
  });
  database.close();
  return entries.length;
}

test('R50: a store has a name', () => {
  for (const name of [undefined, '', 7]) expect(() => webStore(name as string)).toThrow(/name/);
  expect(() => webStore('shop', { area: 'cookie' as 'local' })).toThrow(/area/);
});
