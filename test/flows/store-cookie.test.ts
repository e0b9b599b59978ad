/** R8: an HttpOnly cookie holds the session, and the contexts of one name ask the server one after the other. */
import { cookieStore, createTokenManager } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { createCookieWorld } from '../support/cookie-world.ts';
import { dump, readable } from '../support/databases.ts';
import { short } from '../support/recorder.ts';
import { API } from '../support/tabs.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

const facts = ({ told }: { told: Parameters<typeof short>[0] }) => short(told);

describe('R8: contexts that share a cookie', () => {
  test('R8: a page and its worker that refresh at the same time do so one after the other', async () => {
    const browser = stubBrowser();
    const { server, login, open } = createCookieWorld();
    login();
    const [page, worker] = [open(), open()];
    expect(await come(Promise.all([page.send(), worker.send()]))).toEqual([200, 200]);
    server.deny();
    expect(await come(Promise.all([page.send(), worker.send()]))).toEqual([200, 200]);
    expect(server.reused).toEqual([]);
    expect([page.auth.status, worker.auth.status]).toEqual(['signed-in', 'signed-in']);
    expect(readable(await dump(browser.factory))).not.toMatch(/access-|refresh-/);
  });

  test.each([
    ['with Web Locks', true],
    ['without', false],
  ])(
    'R8: eight at once, each of which needs a token of its own, cause no reuse (%s)',
    async (_how, hasLocks) => {
      stubBrowser({ hasLocks });
      const { server, login, open } = createCookieWorld({ ms: 100 });
      login();
      const tabs = Array.from({ length: 8 }, open);
      expect(await come(Promise.all(tabs.map(({ send }) => send())))).toEqual(Array(8).fill(200));
      expect(server.reused).toEqual([]);
    },
  );

  test('R8: drop their tokens when another signs in or out, and ask again', async () => {
    stubBrowser();
    const { login, open } = createCookieWorld({ ms: 0 });
    login('ann');
    const [a, b] = [open(), open()];
    await come(Promise.all([a.send(), b.send()]));
    await come(a.auth.signIn(login('bob')));
    await pass(1_000);
    expect(b.auth.tokens?.accessToken).toMatch(/^access-bob/);
    await come(a.auth.signOut());
    await pass(1_000);
    expect([b.auth.status, await come(b.send())]).toEqual(['signed-out', 401]);
    expect(facts(b)).toEqual([
      'signed-in restored',
      'signed-out replaced',
      'signed-in restored',
      'signed-out local',
    ]);
  });

  test('R8: a page that is signed out asks the server no more, until somebody signs in', async () => {
    stubBrowser();
    const { server, login, open } = createCookieWorld({ ms: 0 });
    const [a, b] = [open(), open()];
    expect(await come(Promise.all([a.send(), b.send(), a.send()]))).toEqual([401, 401, 401]);
    expect([a.auth.status, b.auth.status, facts(a)]).toEqual(['signed-out', 'signed-out', []]);
    await come(b.auth.signIn(login()));
    await pass(1_000);
    expect([a.auth.status, await come(a.send()), server.reused]).toEqual(['signed-in', 200, []]);
  });

  test('R8: somebody else’s cookie begins a new session', async () => {
    stubBrowser();
    const { server, login, open } = createCookieWorld({ ms: 0 });
    login('ann');
    const page = open();
    await come(page.send());
    const { sessionId } = page.auth;
    // A login in a page that knows nothing of the library.
    login('bob');
    server.deny();
    await come(page.auth.refresh().catch(() => {}));
    await pass();
    expect(page.auth.tokens?.accessToken).toMatch(/^access-bob/);
    expect(page.auth.sessionId).not.toBe(sessionId);
    expect(facts(page)).toEqual(['signed-in restored', 'signed-out replaced', 'signed-in restored']);
  });
});

describe('R8, R32: a sign-out that revokes, beside another tab’s refresh', () => {
  test.each([0, 100, 200, 300, 400, 499])(
    'R32: begun %d ms before it: signed out everywhere, and a reload is, too',
    async (ms) => {
      stubBrowser();
      const { server, login, open } = createCookieWorld();
      login();
      const [one, two] = [open(), open()];
      await come(Promise.all([one.send(), two.send()]));
      server.deny();
      const sent = two.send();
      await pass(ms);
      await come(one.auth.signOut());
      await come(sent);
      await pass(10_000);
      expect([one.auth.status, two.auth.status, server.living]).toEqual(['signed-out', 'signed-out', []]);
      const reloaded = open();
      await come(reloaded.auth.ready);
      expect([reloaded.auth.status, reloaded.auth.tokens]).toEqual(['signed-out', undefined]);
    },
  );

  test('R8: waits for the lease for 5 s at most', async () => {
    stubBrowser();
    const { server, login, open } = createCookieWorld();
    login();
    const [one, two] = [open(), open()];
    await come(Promise.all([one.send(), two.send()]));
    server.ms = 20_000;
    server.deny();
    void two.send();
    await pass(500);
    const began = Date.now();
    await come(one.auth.signOut());
    expect(Date.now() - began).toBeLessThanOrEqual(5_500);
    await pass(40_000);
    expect([one.auth.status, two.auth.status, server.living]).toEqual(['signed-out', 'signed-out', []]);
  });
});

describe('R8: a page that is left while its refresh is on the wire', () => {
  test.each([50, 150, 300, 400])(
    'R8: F5 at %d ms: the new page is signed in, without a reuse',
    async (ms) => {
      const browser = stubBrowser();
      const { server, login, open } = createCookieWorld();
      login();
      const { page, leave } = await browser.openPage(open);
      expect(await come(page.send())).toBe(200);
      server.deny();
      void page.send();
      await pass(ms);
      leave();
      const next = open();
      expect(await come(next.send())).toBe(200);
      expect([server.reused, next.auth.status]).toEqual([[], 'signed-in']);
    },
  );

  test('R8: again and again, each page is left before it has its answer', async () => {
    const browser = stubBrowser();
    const { server, login, open } = createCookieWorld();
    login();
    for (const ms of [150, 400, 700, 100, 499]) {
      const { page, leave } = await browser.openPage(open);
      void page.send();
      await pass(ms);
      leave();
    }
    const last = open();
    expect([await come(last.send()), server.reused]).toEqual([200, []]);
  });
});

test('R57: outside a page or worker it joins nobody: two requests of one server never mix', async () => {
  Reflect.deleteProperty(globalThis, 'indexedDB');
  const { login, open } = createCookieWorld({ ms: 0 });
  const [a, b] = [open(), open()];
  await come(a.auth.signIn(login()));
  expect(b.auth.status).toBe('unknown');
  await come(a.auth.signOut());
  expect(facts(b)).toEqual([]);
});

test('R8: a `refresh` that needs a refresh token is not for a cookieStore', () => {
  const refresh = async () => ({});
  expect(() => createTokenManager({ allow: API, refresh, store: cookieStore('shop') })).toThrow(
    /withoutRefreshToken/,
  );
});
