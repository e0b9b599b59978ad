/** The store of pages and workers. */
import { createTokenManager, webStore } from 'evertoken';
import { describeStore } from 'evertoken/testing';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openWeb } from '../../src/store/web-store.ts';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { dump, readable, within } from '../support/databases.ts';
import { polluted } from '../support/polluted.ts';
import { openPort, putEntry, stubSessionStorage, subjectOf } from './browsers.ts';
import { runner } from './parts.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

const isShared = { watch: true, lock: true };

describeStore('webStore', subjectOf(isShared, false, { isSecure: true }), runner);
describeStore('webStore on plain http', subjectOf(isShared, false), runner);
describeStore('webStore without Web Locks', subjectOf({ watch: true }, false, { hasLocks: false }), runner);
describeStore("webStore with `area: 'session'`", subjectOf({ contexts: 'one', ...isShared }, true), runner);

const first = { version: 'v1', value: 'access-a refresh-a' };
const second = { version: 'v2', value: 'access-b refresh-b' };

describe('R56: the entry', () => {
  test('is one of the database `evertoken`, under the name of the store', async () => {
    const { factory } = stubBrowser({ isSecure: true });
    await come(openPort('shop').replace(undefined, first));
    await come(openPort('admin').replace(undefined, second));
    expect((await factory.databases()).map(({ name }) => name)).toEqual(['evertoken']);
    expect((await dump(factory)).map(([key]) => key)).toEqual(['admin', 'shop']);
    expect([await come(openPort('shop').read()), await come(openPort('admin').read())]).toEqual([
      first,
      second,
    ]);
  });

  test('is encrypted with a key that no script can export, a new one each time', async () => {
    const { factory } = stubBrowser({ isSecure: true });
    const port = openPort('shop');
    await come(port.replace(undefined, first));
    const keys = async () =>
      within(await dump(factory)).filter((value): value is CryptoKey => value instanceof CryptoKey);
    const [before] = await keys();
    await come(port.replace('v1', first));
    const after = await keys();
    expect(readable(await dump(factory))).not.toMatch(/access-|refresh-/);
    expect([before?.extractable, after.length, after[0]?.extractable]).toEqual([false, 1, false]);
    expect(after[0]).not.toBe(before);
  });

  test('R57: is not encrypted on plain http, where there is no `crypto.subtle`', async () => {
    const { factory } = stubBrowser();
    await come(openPort('shop').replace(undefined, first));
    expect(readable(await dump(factory))).toContain(first.value);
  });

  test('R53: that was touched since it was encrypted is damage, and can be replaced', async () => {
    const browser = stubBrowser({ isSecure: true });
    const port = openPort('shop');
    await come(port.replace(undefined, first));
    const [[, kept]] = (await dump(browser.factory)) as [[string, { value: { data: ArrayBuffer } }]];
    const data = new Uint8Array(kept.value.data.slice(0));
    data[0] = Number(data[0]) ^ 1;
    await putEntry(browser, 'shop', { ...kept, value: { ...kept.value, data: data.buffer } });
    expect(await come(port.read())).toEqual({ version: 'v1', value: '' });
    expect(await come(port.replace('v1', second))).toBe(true);
  });

  test('R56: is compared inside the transaction that replaces it: of two pages that encrypt at once one succeeds', async () => {
    stubBrowser({ isSecure: true });
    const [a, b] = [openPort('shop'), openPort('shop')];
    await come(a.replace(undefined, first));
    const answers = Promise.all([a.replace('v1', second), b.replace('v1', { version: 'v3', value: '' })]);
    expect((await come(answers)).filter((isDone) => isDone)).toHaveLength(1);
  });

  test('R53: that a shared worker of WebKit reads as `null` cannot be reached, and is left alone', async () => {
    const browser = stubBrowser();
    const port = openPort('shop');
    await come(port.replace(undefined, first));
    await putEntry(browser, 'shop', null);
    await expect(come(port.read())).rejects.toThrow('cannot be read here');
    expect(await come(port.replace('v1', second))).toBe(false);
  });
});

/** Until the end of the test: its getter throws, in the places where IndexedDB refuses. */
function refuseWebStorage(): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'sessionStorage');
  Object.defineProperty(globalThis, 'sessionStorage', {
    configurable: true,
    get() {
      throw new DOMException('Access is denied for this document.', 'SecurityError');
    },
  });
  onTestFinished(() => {
    if (before) Object.defineProperty(globalThis, 'sessionStorage', before);
    else Reflect.deleteProperty(globalThis, 'sessionStorage');
  });
}

describe('R57: where the platform lacks something', () => {
  test('without BroadcastChannel it works, and nobody is told', async () => {
    stubBrowser();
    vi.stubGlobal('BroadcastChannel', undefined);
    const [a, b] = [openPort('shop'), openPort('shop')];
    const heard = vi.fn();
    const undo = b.watch?.(heard);
    expect(await come(a.replace(undefined, first))).toBe(true);
    undo?.();
    expect([await come(b.read()), heard.mock.calls]).toEqual([first, []]);
  });

  test('without Web Locks it has no lock', () => {
    stubBrowser({ hasLocks: false });
    expect(openPort('shop').lock).toBeUndefined();
  });

  const refusing = (error: DOMException) => ({
    open() {
      const request = { error } as IDBOpenDBRequest;
      queueMicrotask(() => request.onerror?.(new Event('error')));
      return request;
    },
  });
  const throwing = (error: DOMException) => ({
    open() {
      throw error;
    },
  });
  test.each([
    ['is missing', undefined],
    [
      'throws, as in a sandboxed frame',
      throwing(new DOMException('The operation is insecure', 'SecurityError')),
    ],
    ['refuses', refusing(new DOMException('denied', 'SecurityError'))],
    [
      'refuses, as in Chromium where cookies are blocked',
      refusing(new DOMException('The user denied permission to access the database.', 'UnknownError')),
    ],
  ])(
    'IndexedDB %s: the entry is in the memory of the page, for all who open it there',
    async (what, indexedDB) => {
      stubBrowser();
      vi.stubGlobal('document', {});
      vi.stubGlobal('indexedDB', indexedDB);
      refuseWebStorage();
      const [a, b] = [openPort(`memory ${what}`), openPort(`memory ${what}`)];
      expect([await come(a.read()), await come(a.replace(undefined, first))]).toEqual([undefined, true]);
      expect([await come(b.read()), await come(b.replace(undefined, second))]).toEqual([first, false]);
    },
  );

  test('outside a page or worker it stores nothing and joins nobody', () => {
    expect(openWeb('shop')).toBeUndefined();
    vi.stubGlobal('localStorage', { getItem: () => null });
    vi.stubGlobal('sessionStorage', { getItem: () => null });
    expect([openWeb('shop'), openWeb('shop', true)]).toEqual([undefined, undefined]);
    expect(() => webStore('shop')).not.toThrow();
  });
});

describe('R53: where the platform fails', () => {
  test('a database that cannot be opened just now is asked again, and is not taken for missing', async () => {
    const { factory } = stubBrowser();
    await come(openPort('shop').replace(undefined, first));
    const open = factory.open.bind(factory);
    let failures = 2;
    factory.open = (...args) => {
      if (failures-- <= 0) return open(...args);
      const request = { error: new DOMException('Internal error.', 'UnknownError') } as IDBOpenDBRequest;
      queueMicrotask(() => request.onerror?.(new Event('error')));
      return request as never;
    };
    const port = openPort('shop');
    await come(port.read()).catch(() => {});
    failures = 0;
    expect(await come(port.read())).toEqual(first);
  });
});

describe('R50, R70: the news', () => {
  test('goes to the name of the store, and says nothing', async () => {
    const { messages } = stubBrowser();
    const port = openPort('shop');
    await come(port.replace(undefined, first));
    expect(messages.map(({ channel }) => channel)).toEqual([expect.stringContaining('shop')]);
    expect(readable(messages)).not.toMatch(/access-|refresh-|v1/);
  });

  test('is not sent of a quiet replacement, nor of one that was not made', async () => {
    const { messages } = stubBrowser();
    const port = openPort('shop');
    await come(port.replace(undefined, first, true));
    await come(port.replace('other', second));
    await pass();
    expect(messages).toEqual([]);
  });

  test("of a tab's own session says nothing either, and is heard by the other managers of the tab", async () => {
    const { messages } = stubBrowser();
    stubSessionStorage();
    const [a, b] = [openPort('shop', true), openPort('shop', true)];
    const heard = vi.fn();
    b.watch?.(heard);
    await come(a.replace(undefined, first));
    await pass();
    expect(readable(messages)).not.toMatch(/access-|refresh-|v1/);
    expect([heard.mock.calls.length, await come(b.read())]).toMatchObject([1, first]);
  });
});

test('R50: stores of two names share neither lock nor entry', async () => {
  const browser = stubBrowser();
  const { signal } = new AbortController();
  const [a, b] = [openPort('shop'), openPort('admin')];
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = a.lock?.(() => promise, { signal });
  expect(await come(Promise.resolve(b.lock?.(async () => 'granted', { signal })))).toBe('granted');
  expect(browser.locks).toHaveLength(1);
  resolve();
  await held;
});

test.each([
  ['no name', [undefined]],
  ['an empty name', ['']],
  ['an unknown area', ['shop', { area: 'cookie' }]],
  ['an unknown option', ['shop', { aera: 'session' }]],
])('%s is a TypeError that names it', (_what, args) => {
  expect(() => webStore(...(args as unknown as Parameters<typeof webStore>))).toThrow(TypeError);
});

test('R37: what a page put on Object.prototype is no area', async () => {
  const { factory } = stubBrowser({ isSecure: true });
  const items = stubSessionStorage();
  const auth = createTokenManager({
    refresh: async () => ({ access_token: 'b' }),
    allow: 'https://api.example.com',
    store: await polluted({ area: 'session' }, () => webStore('shop')),
  });
  await come(auth.signIn({ access_token: 'a', expires_in: 3_600 }));
  expect([items.size, (await dump(factory)).map(([key]) => key)]).toEqual([0, ['shop']]);
  auth.close();
});
