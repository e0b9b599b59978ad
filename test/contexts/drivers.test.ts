/** What the other tests here stand on: how the real browsers behave, and that their drivers keep their word. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LoopbackServer, listenOnLoopback } from '../../examples/demo/loopback.ts';
import type { Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';

const TABS = 8;

const worker = `addEventListener('install', () => skipWaiting());
  addEventListener('activate', (event) => event.waitUntil(clients.claim()));
  addEventListener('fetch', (event) => {
    if (event.request.url.endsWith('/greeting')) event.respondWith(new Response('from the worker'));
  });`;

async function startSite(): Promise<LoopbackServer & { page: string }> {
  const http = await listenOnLoopback();
  http.handle(({ url }, response) => {
    if (url === '/worker.js') response.writeHead(200, { 'content-type': 'text/javascript' }).end(worker);
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>page</title>');
  });
  return { ...http, page: `${http.origin.replace('127.0.0.1', 'localhost')}/` };
}

inEveryEngine('eight tabs of one profile', (browser, engine) => {
  let site: Awaited<ReturnType<typeof startSite>>;
  let tabs: Tab[];
  const open = (): Promise<Tab> => browser().open(site.page);
  const inAll = <T>(expression: string, among = tabs): Promise<T[]> =>
    Promise.all(among.map((tab) => tab.evaluate<T>(expression)));
  const inFirst = <T>(expression: string): Promise<T> =>
    inAll<T>(expression, tabs.slice(0, 1)).then(([value]) => value as T);

  beforeAll(async () => {
    site = await startSite();
    tabs = [];
    for (let count = 0; count < TABS; count++) tabs.push(await open());
  });
  afterAll(async () => {
    await Promise.all(tabs.map((tab) => tab.close()));
    await site.close();
  });

  test('what one tab writes to localStorage the seven others read, sooner or later', async () => {
    await inFirst(`localStorage.setItem('written', 'by the first')`);
    const read = `new Promise((resolve) => {
      const look = () => localStorage.written ? resolve(localStorage.written) : setTimeout(look, 5);
      look();
    })`;
    expect(await inAll(read)).toEqual(Array(TABS).fill('by the first'));
  });

  test('what one tab writes to IndexedDB the seven others read at once', async () => {
    const store = (mode: string, request: string) => `new Promise((resolve, reject) => {
      const opening = indexedDB.open('shared', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('store');
      opening.onsuccess = () => {
        const transaction = opening.result.transaction('store', '${mode}');
        const request = transaction.objectStore('store').${request};
        transaction.oncomplete = () => { opening.result.close(); resolve(request.result); };
        transaction.onabort = reject;
      };
    })`;
    await inFirst(store('readwrite', `put('by the first', 'key')`));
    expect(await inAll(store('readonly', `get('key')`))).toEqual(Array(TABS).fill('by the first'));
  });

  test('a message on a BroadcastChannel reaches the seven others', async () => {
    const others = tabs.slice(1);
    const listen = `globalThis.heard = new Promise((resolve) => {
      const channel = new BroadcastChannel('news');
      channel.onmessage = ({ data }) => { channel.close(); resolve(data); };
    }), 'listening'`;
    await inAll(listen, others);
    await inFirst(`new BroadcastChannel('news').postMessage('hello')`);
    expect(await inAll('heard', others)).toEqual(Array(TABS - 1).fill('hello'));
  });

  test('a Web Lock is held by one tab at a time', async () => {
    const hold = `navigator.locks.request('turn', async () => {
      const from = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 20));
      return { from, to: Date.now() };
    })`;
    const turns = await inAll<{ from: number; to: number }>(hold);
    turns.sort((one, other) => one.from - other.from);
    // Clocks of pages are rounded.
    const overlaps = turns.filter(({ from }, index) => from < (turns[index - 1]?.to ?? 0) - 2);
    expect(overlaps).toEqual([]);
  });

  test('a Web Lock is freed when the tab that holds it is closed', async () => {
    const holder = await open();
    await holder.evaluate(`new Promise((resolve) => {
      navigator.locks.request('left', () => new Promise(() => resolve('held')));
    })`);
    const waiting = inFirst(`navigator.locks.request('left', () => 'mine')`);
    await expect.poll(() => inFirst('navigator.locks.query().then(({ pending }) => pending.length)')).toBe(1);
    await holder.close();
    expect(await waiting).toBe('mine');
  });

  test('a service worker that one tab registers answers the seven others', async () => {
    const register = `navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(() => 'ready')`;
    await inFirst(register);
    const controlled = `new Promise((resolve) => {
      if (navigator.serviceWorker.controller) resolve();
      else navigator.serviceWorker.oncontrollerchange = resolve;
    }).then(() => fetch('/greeting')).then((response) => response.text())`;
    expect(await inAll(controlled)).toEqual(Array(TABS).fill('from the worker'));
    await inFirst(`navigator.serviceWorker.ready.then((registration) => registration.unregister())`);
  });

  test('timers of tabs in the background are not slowed down', async () => {
    const many = `(async () => {
      const began = performance.now();
      for (let count = 0; count < 30; count++) await new Promise((resolve) => setTimeout(resolve, 10));
      return performance.now() - began;
    })()`;
    // Slowed down, all but the first few take a second each.
    expect(Math.max(...(await inAll<number>(many)))).toBeLessThan(20_000);
  });

  test('evaluations of one tab do not wait for each other, in all tabs at once', async () => {
    const settled = await Promise.all(
      tabs.map(async (tab) => {
        const first = tab.evaluate('new Promise((resolve) => { globalThis.release = resolve; })');
        const never = tab.evaluate('new Promise(() => {})').catch(() => {});
        const second = await tab.evaluate(`(release('late'), 'early')`);
        return [second, await Promise.race([first, never])];
      }),
    );
    expect(settled).toEqual(Array(TABS).fill(['early', 'late']));
  });

  test('an error in a page rejects with its name, message and code', async () => {
    const thrown = `Promise.reject(Object.assign(new TypeError('no way'), { code: 'some-code' }))`;
    await expect(inFirst(thrown)).rejects.toThrow(/TypeError: no way.*some-code/s);
    await expect(inFirst(`(() => { throw new RangeError('too far') })()`)).rejects.toThrow(
      'RangeError: too far',
    );
    await expect(inFirst(`Promise.reject('a text')`)).rejects.toThrow('a text');
    await expect(inFirst('1 +')).rejects.toThrow();
    expect(await inFirst('undefined')).toBe(undefined);
  });

  test.for(['goto', 'reload', 'back', 'close'] as const)(
    'what a page has not answered rejects on %s()',
    async (way) => {
      const tab = await open();
      await tab.goto(`${site.page}second`);
      const unanswered = expect(tab.evaluate('new Promise(() => {})')).rejects.toThrow();
      // The page has the question when it answers the next one.
      await tab.evaluate('1');
      await tab[way](site.page);
      await unanswered;
      if (way === 'close') return;
      expect(await tab.evaluate('location.pathname')).toBe(way === 'reload' ? '/second' : '/');
      await tab.close();
    },
  );

  test('back() takes the page out of the back/forward cache, as it was', async () => {
    const tab = await open();
    await tab.evaluate(
      `globalThis.kept = 'kept', addEventListener('pageshow', ({ persisted }) => { globalThis.persisted = persisted; })`,
    );
    await tab.goto(`${site.page}second`);
    await tab.back();
    expect(await tab.evaluate('[kept, persisted]')).toEqual(['kept', true]);
    await tab.close();
  });

  // WebDriver has no way to do it.
  if (engine.name === 'WebKitGTK') return;
  test('an offline tab reaches nothing, and then everything again', async () => {
    const tab = await open();
    const reach = `fetch('/').then(({ status }) => status, ({ name }) => name).then((what) => [what, navigator.onLine])`;
    await tab.setOffline?.(true);
    expect(await tab.evaluate(reach)).toEqual(['TypeError', false]);
    await tab.setOffline?.(false);
    expect(await tab.evaluate(reach)).toEqual([200, true]);
    await tab.close();
  });
});
