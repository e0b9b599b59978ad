/** The session of one tab: the value in its `sessionStorage`, the version in IndexedDB. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createDatabase } from '../../src/store/indexed-db.ts';
import { loadTab, openTab } from '../../src/store/tab.ts';
import { stubBrowser } from '../support/browser.ts';
import { dump, readable } from '../support/databases.ts';
import { putEntry, stubSessionStorage } from './browsers.ts';

let items: Map<string, string>;
let browser: ReturnType<typeof stubBrowser>;
beforeEach(() => {
  browser = stubBrowser();
  items = stubSessionStorage();
});

const one = { version: 'v1', value: 'access-1' };
const two = { version: 'v2', value: 'access-2' };
const three = { version: 'v3', value: 'access-3' };

const open = () => openTab(createDatabase(), 'shop');

/** A tab with an entry, and a duplicate: it has a copy of what was there when it was opened. */
async function duplicate() {
  const tab = open();
  await tab.replace(undefined, one);
  const copied = new Map(items);
  /** In the duplicate, whose `sessionStorage` is another. */
  const elsewhere = async <T>(act: (copy: ReturnType<typeof open>) => Promise<T>): Promise<T> => {
    stubSessionStorage(copied);
    try {
      return await act(open());
    } finally {
      stubSessionStorage(items);
    }
  };
  return { tab, elsewhere };
}

describe('R56: the entry of a tab', () => {
  test('survives a reload', async () => {
    await open().replace(undefined, one);
    await open().replace('v1', two);
    expect(await open().read()).toMatchObject(two);
  });

  test('has its value in sessionStorage alone, and its version in both', async () => {
    await open().replace(undefined, one);
    expect(items.get('shop')).toContain('access-1');
    const text = readable(await dump(browser.factory));
    expect(text).toContain('v1');
    expect(text).not.toContain('access-1');
  });

  test('has a place of its own in IndexedDB: of another tab nothing is known', async () => {
    await open().replace(undefined, one);
    const others = stubSessionStorage();
    expect([await open().read(), await open().replace(undefined, two)]).toEqual([undefined, true]);
    expect([others.get('shop'), items.get('shop')].join()).toMatch(/access-2.*access-1/s);
    stubSessionStorage(items);
    expect(await open().read()).toMatchObject(one);
  });

  test('R51: is replaced by one of two managers of the tab, the other is told that it is not there any more', async () => {
    await open().replace(undefined, one);
    const answers = await Promise.all([open().replace('v1', two), open().replace('v1', three)]);
    expect(answers.filter((isDone) => isDone)).toHaveLength(1);
    expect(await open().read()).toMatchObject(answers[0] ? two : three);
  });

  test('R51: is begun by one of two managers of the tab', async () => {
    const answers = await Promise.all([open().replace(undefined, one), open().replace(undefined, two)]);
    expect(answers.filter((isDone) => isDone)).toHaveLength(1);
    expect(await open().replace(undefined, three)).toBe(false);
  });

  test('R53: whose sessionStorage is full is not replaced, and its version stays', async () => {
    const tab = open();
    await tab.replace(undefined, one);
    const { setItem, ...others } = sessionStorage;
    vi.stubGlobal('sessionStorage', {
      ...others,
      setItem() {
        throw new DOMException('full', 'QuotaExceededError');
      },
    });
    await expect(tab.replace('v1', two)).rejects.toThrow();
    vi.stubGlobal('sessionStorage', { ...others, setItem });
    expect(await tab.read()).toMatchObject(one);
    expect(await tab.replace('v1', three)).toBe(true);
  });

  test('whose page was left before its version was stored is there, and goes on', async () => {
    const tab = open();
    await tab.replace(undefined, one);
    const [key] = (await dump(browser.factory)).map(([name]) => name);
    await tab.replace('v1', two);
    // The transaction was undone with the page.
    await putEntry(browser, `${String(key)}`, { version: 'v1' });
    expect(await open().read()).toMatchObject(two);
    expect(await open().replace('v2', three)).toBe(true);
    expect(await open().read()).toMatchObject(three);
  });

  test('R54: that is older than its version, as a browser that was killed restores it, is dropped', async () => {
    const tab = open();
    await tab.replace(undefined, one);
    const before = `${items.get('shop')}`;
    await tab.replace('v1', two);
    items.set('shop', before);
    expect([await open().read(), await open().replace('v1', three)]).toEqual([undefined, false]);
    expect(await open().replace(undefined, three)).toBe(true);
  });
});

describe('R54: of a duplicated tab', () => {
  test('both have the session at first', async () => {
    const { tab, elsewhere } = await duplicate();
    expect([await tab.read(), await elsewhere((copy) => copy.read())]).toMatchObject([one, one]);
  });

  test('the copy that can never learn the newer tokens is dropped', async () => {
    const { tab, elsewhere } = await duplicate();
    expect(await tab.replace('v1', two)).toBe(true);
    expect(await elsewhere((copy) => copy.read())).toBeUndefined();
    expect(await elsewhere((copy) => copy.replace('v1', three))).toBe(false);
    expect(await tab.read()).toMatchObject(two);
  });

  test('the one that was dropped begins for itself, and the other goes on', async () => {
    const { tab, elsewhere } = await duplicate();
    await tab.replace('v1', two);
    expect(await elsewhere((copy) => copy.replace(undefined, three))).toBe(true);
    expect([await tab.read(), await elsewhere((copy) => copy.read())]).toMatchObject([two, three]);
    expect(await tab.replace('v2', { version: 'v4', value: '' })).toBe(true);
    expect(await elsewhere((copy) => copy.read())).toMatchObject(three);
  });

  test('it is the original that is dropped when the copy was first', async () => {
    const { tab, elsewhere } = await duplicate();
    expect(await elsewhere((copy) => copy.replace('v1', two))).toBe(true);
    expect([await tab.read(), await tab.replace('v1', three)]).toEqual([undefined, false]);
  });
});

describe('what stands in sessionStorage', () => {
  test.each(['', 'x', '{"version":', 'null'])('is nothing when it is %o', (text) => {
    items.set('shop', text);
    expect(loadTab('shop')).toBeUndefined();
  });

  test('is nothing where there is none', () => {
    expect(loadTab('shop')).toBeUndefined();
  });
});
