/** The web stores in a browser of the test's own: pages that open a store, and what can be done to it there. */

import type { StoreSubject } from 'evertoken/testing';
import { IDBDatabase } from 'fake-indexeddb';
import { vi } from 'vitest';
import { openWeb } from '../../src/store/web-store.ts';
import type { StorePort } from '../../src/types.ts';
import { type Browser, pass, stubBrowser } from '../support/browser.ts';
import { breakDatabases } from './web-faults.ts';

/** `sessionStorage` of one tab. From now on, and until the end of the test. */
export function stubSessionStorage(items = new Map<string, string>()): Map<string, string> {
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, item: string) => void items.set(name, item),
  });
  return items;
}

/** Puts something else in the place of an entry. */
export const putEntry = ({ connections: [connection] }: Browser, name: string, value: unknown) =>
  new Promise<void>((resolve, reject) => {
    if (!connection) throw new Error('nobody has opened the database');
    const transaction = connection.transaction('entries', 'readwrite');
    transaction.objectStore('entries').put(value, name);
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });

/** The port of a page, which is there. */
export const openPort = (name: string, isTab?: boolean): StorePort => openWeb(name, isTab) as StorePort;

export interface Platform {
  isSecure?: boolean;
  hasLocks?: boolean;
}

/** A web store, and all that can be done to it. */
export function subjectOf(says: StoreSubject['says'], isTab: boolean, platform: Platform = {}) {
  let browser: Browser;
  let faults: ReturnType<typeof breakDatabases>;
  const pages = new Map<StorePort, () => void>();
  const put = (value: unknown) => () => putEntry(browser, 'shop', value);
  const item = (text: string) => () => sessionStorage.setItem('shop', text);

  const subject: StoreSubject = {
    says,
    reset() {
      browser = stubBrowser(platform);
      stubSessionStorage();
      faults = breakDatabases(IDBDatabase.prototype as unknown as globalThis.IDBDatabase);
    },
    close() {
      faults.mend();
      pages.clear();
    },
    async open() {
      const { page, leave } = await browser.openPage(() => {
        const port = openPort('shop', isTab);
        // It connects at its first use.
        port.read().catch(() => {});
        return port;
      });
      pages.set(page, leave);
      return page;
    },
    fail: (mode) => faults.fail(mode),
    loseAnswer: () => faults.loseAnswer(),
    damage: isTab
      ? {
          'no JSON': item('{"version'),
          null: item('null'),
          'a number': item('7'),
          'a text': item('"access-a"'),
          'an object of somebody else': item('{"accessToken":"access-a"}'),
          'an item without a place for its version': item('{"version":"v","value":"x"}'),
        }
      : {
          'a number': put(7),
          'a text': put('access-a'),
          'an object of somebody else': put({ accessToken: 'access-a' }),
          'an entry with a key that is none': put({ version: 'v', value: { key: 1, iv: 2, data: 3 } }),
          'an entry without a value': put({ version: 'v' }),
          'a date': put(new Date(0)),
        },
    pass,
  };
  if (!isTab) subject.kill = (context) => pages.get(context)?.();
  return subject;
}
