/** R54, R56: `area: 'session'`: each tab has a session of its own, of which a duplicated tab has a copy. */
import { createTokenManager, webStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Browser, come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { dump, readable } from '../support/databases.ts';
import { createPage } from '../support/page.ts';
import { record, short } from '../support/recorder.ts';
import { API, createServer, ME, outcomeOf, refresh, revoke, type Server } from '../support/tabs.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

/**
 * Tabs of one browser. They share the one `sessionStorage` of this program, so the item of each has a name of its own;
 * where its version is compared stands in the item, and is copied with it.
 */
function createTabs() {
  const page = createPage();
  const browser: Browser = stubBrowser();
  const items = new Map<string, string>();
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => items.get(name) ?? null,
    setItem: (name: string, item: string) => void items.set(name, item),
  });
  const server: Server = createServer();
  const open = (name: string) => {
    const store = webStore(name, { area: 'session' });
    const auth = createTokenManager({ allow: API, refresh, revoke, fetch: server.fetch, store });
    onTestFinished(() => auth.close());
    const send = () => come(outcomeOf(auth.fetch(ME).then(({ status }) => status)));
    return { auth, told: record(auth), send };
  };
  const duplicate = async (from: string, to: string) => {
    items.set(to, `${items.get(from)}`);
    const copy = open(to);
    await come(copy.auth.ready);
    return copy;
  };
  return { page, browser, items, server, open, duplicate };
}

/** A tab that is signed in, and its duplicate, which is too. */
async function openDuplicated() {
  const tabs = createTabs();
  const original = tabs.open('original');
  await come(original.auth.signIn(tabs.server.login()));
  const copy = await tabs.duplicate('original', 'copy');
  expect(copy.auth.tokens?.accessToken).toBe('access-ann-1');
  return { ...tabs, original, copy };
}

describe('R56: the session of a tab', () => {
  test('R56: survives a reload, and no other tab knows of it', async () => {
    const { open, server } = createTabs();
    const tab = open('tab');
    await come(tab.auth.signIn(server.login()));
    await come(tab.auth.refresh());
    tab.auth.close();
    const [reloaded, other] = [open('tab'), open('other')];
    expect([await reloaded.send(), await other.send()]).toEqual([200, 401]);
    expect([reloaded.auth.sessionId, short(reloaded.told)]).toEqual([
      expect.any(String),
      ['signed-in restored'],
    ]);
    expect(other.auth.status).toBe('signed-out');
  });

  test('R56: is in sessionStorage; of it IndexedDB has the version alone, and no message says anything', async () => {
    const { browser, items, open, server } = createTabs();
    const tab = open('tab');
    await come(tab.auth.signIn(server.login()));
    await come(tab.auth.refresh());
    expect(items.get('tab')).toContain('refresh-ann-2');
    expect(readable(await dump(browser.factory))).not.toMatch(/access-|refresh-/);
    expect(browser.messages.map(({ data }) => data)).toEqual([0, 0]);
  });

  test('R50: is left alone by a sign-in or sign-out in another tab', async () => {
    const { open, server } = createTabs();
    const [one, two] = [open('one'), open('two')];
    await come(one.auth.signIn(server.login('ann')));
    await come(two.auth.signIn(server.login('bob')));
    await come(one.auth.signOut());
    server.deny();
    expect([await two.send(), server.reused, one.auth.status]).toEqual([200, [], 'signed-out']);
  });

  test('R57: where sessionStorage refuses, lives in memory', async () => {
    const { open, server } = createTabs();
    const refuse = () => {
      throw new DOMException('denied', 'SecurityError');
    };
    vi.stubGlobal('sessionStorage', { getItem: refuse, setItem: refuse });
    const tab = open('tab');
    await come(tab.auth.signIn(server.login()));
    server.deny();
    expect([await tab.send(), short(tab.told)]).toEqual([
      200,
      ['signed-in local', 'token-refreshed rejected'],
    ]);
  });

  test('R53: where sessionStorage is full, goes on in memory, and `store-failed` says so', async () => {
    const { items, open, server } = createTabs();
    const full = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    vi.stubGlobal('sessionStorage', { getItem: (name: string) => items.get(name) ?? null, setItem: full });
    const tab = open('tab');
    await come(tab.auth.signIn(server.login()));
    expect(await tab.send()).toBe(200);
    expect(short(tab.told).sort()).toEqual(['signed-in local', 'store-failed write']);
  });
});

describe('R54: a duplicated tab', () => {
  test('R54: once the original has refreshed its copy is dropped, not presented', async () => {
    const { original, copy, server } = await openDuplicated();
    server.deny();
    expect(await original.send()).toBe(200);
    await copy.send();
    await pass(1_000);
    expect([copy.auth.status, short(copy.told).at(-1)]).toEqual(['signed-out', 'signed-out local']);
    expect(copy.told.at(-1)?.[1]).toMatchObject({ elsewhere: true });
    server.deny();
    expect([await original.send(), server.reused]).toEqual([200, []]);
  });

  test('R54: of the two at the same time one refreshes, and the server sees no reuse', async () => {
    const { original, copy, server } = await openDuplicated();
    server.ms = 500;
    server.deny();
    const outcomes = await Promise.all([original.send(), copy.send()]);
    await pass(60_000);
    expect(outcomes).toContain(200);
    expect([server.presented.length, server.reused]).toEqual([1, []]);
    expect([original.auth.status, copy.auth.status].sort()).toEqual(['signed-in', 'signed-out']);
  });

  test('R54: it is the original that is dropped when the copy was first', async () => {
    const { original, copy, server } = await openDuplicated();
    await come(copy.auth.refresh());
    server.deny();
    await original.send();
    await pass(1_000);
    expect([original.auth.status, await copy.send(), server.reused]).toEqual(['signed-out', 200, []]);
  });

  test.each(['signIn', 'signOut'] as const)(
    'R54: a %s in the original ends the copy at its next look',
    async (act) => {
      const { original, copy, page, server } = await openDuplicated();
      await come(act === 'signIn' ? original.auth.signIn(server.login('bob')) : original.auth.signOut());
      page.fire('visibilitychange');
      await pass(1_000);
      expect([copy.auth.status, copy.auth.tokens]).toEqual(['signed-out', undefined]);
      expect(original.auth.tokens?.accessToken).toBe(act === 'signIn' ? 'access-bob-2' : undefined);
    },
  );

  test('R54: of a session that has gone on begins signed out', async () => {
    const { original, duplicate, items } = await openDuplicated();
    const item = `${items.get('original')}`;
    await come(original.auth.signOut());
    items.set('stale', item);
    const late = await duplicate('stale', 'late');
    expect([late.auth.status, late.told]).toEqual(['signed-out', []]);
  });

  test('R54: that was dropped can sign in for itself, beside the original', async () => {
    const { original, copy, server } = await openDuplicated();
    await come(original.auth.refresh());
    await come(copy.auth.signIn(server.login('bob')));
    for (let round = 2; round; round--) {
      server.deny();
      expect([await original.send(), await copy.send()]).toEqual([200, 200]);
    }
    expect([original.auth.tokens?.accessToken, copy.auth.tokens?.accessToken].join()).toMatch(/ann.*bob/);
    expect(server.reused).toEqual([]);
  });
});
