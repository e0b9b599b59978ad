/** The store of a session that an HttpOnly cookie holds. */
import { cookieStore, createTokenManager, refreshEndpoint } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { dump, readable } from '../support/databases.ts';
import { follow } from '../support/recorder.ts';
import { type Context, join } from './contexts.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

let names = 0;

/** Pages of one origin, the first of which has signed in. */
async function openPages({ hasLocks = true } = {}) {
  const browser = stubBrowser({ hasLocks });
  const name = `cookie ${++names}`;
  const open = () => browser.openPage(() => join(cookieStore(name), { isCookie: true }));
  const first = await open();
  await come(first.page.signIn('a'));
  const second = await open();
  await pass(100);
  return { browser, open, first, a: first.page, b: second.page };
}

/** A refresh that took this long, by which later ones are measured. */
const refreshFor = async (page: Context, ms: number) => {
  const done = page.refresh('b', { ms, cause: 'expired' });
  await pass(ms + 200);
  await done;
};

describe('R8: cookieStore', () => {
  test('keeps no token, and tells none', async () => {
    const { browser, a } = await openPages();
    await refreshFor(a, 100);
    expect(readable(await dump(browser.factory))).toContain('rotation');
    expect(readable([await dump(browser.factory), browser.messages])).not.toMatch(/access-|refresh-/);
  });

  test('can be read where no key can, as in a shared worker of WebKit', async () => {
    const { factory, openPage } = stubBrowser({ isSecure: true });
    const { page } = await openPage(() => join(cookieStore(`cookie ${++names}`), { isCookie: true }));
    await come(page.signIn('a'));
    expect(readable(await dump(factory))).toContain('rotation');
  });

  test('R54: of two pages that ask the server at the same time one waits for the other', async () => {
    const { a, b } = await openPages();
    const first = follow(a.refresh('b', { ms: 1_000, cause: 'expired' }));
    await pass(100);
    const second = follow(b.refresh('c', { ms: 1_000, cause: 'expired' }));
    await pass(500);
    expect([a.presented.length, b.presented.length]).toEqual([1, 0]);
    await pass(600);
    expect([first.state, b.presented.length]).toEqual(['resolved', 1]);
    await pass(1_200);
    expect(second.state).toBe('resolved');
  });

  test.each([
    ['0.5 s at least', 100, 500],
    ['twice as long as the last refresh took', 1_000, 2_000],
    ['3 s at most', 5_000, 3_000],
  ])('waits for the lease of a page that was left: %s', async (_what, last, grace) => {
    const { a, b, first } = await openPages();
    await refreshFor(a, last);
    a.refresh('c', { ms: 60_000, cause: 'expired' });
    await pass(100);
    first.leave();
    const next = follow(b.refresh('d', { cause: 'expired' }));
    await pass(grace - 250);
    expect([next.state, b.presented.length]).toEqual(['pending', 0]);
    await pass(500);
    expect([next.state, b.presented.length]).toEqual(['resolved', 1]);
  });

  test('waits longest where nobody knows how long a refresh takes: the first one after a sign-in', async () => {
    const { a, b, first } = await openPages();
    a.refresh('c', { ms: 60_000, cause: 'expired' });
    await pass(100);
    first.leave();
    const next = follow(b.refresh('d', { cause: 'expired' }));
    await pass(2_750);
    expect([next.state, b.presented.length]).toEqual(['pending', 0]);
    await pass(500);
    expect([next.state, b.presented.length]).toEqual(['resolved', 1]);
  });

  test('R32: a sign-out elsewhere makes a page drop its tokens, and ask the server again', async () => {
    const { a, b } = await openPages();
    await refreshFor(b, 10);
    await come(a.signOut());
    await pass(200);
    expect([b.token, b.heard.at(-1), b.found]).toEqual([undefined, 'signed-out local', 1]);
  });

  test('R32: so does a sign-in elsewhere', async () => {
    const { a, b } = await openPages();
    await come(a.signIn('x'));
    await pass(200);
    expect(b.found).toBeGreaterThan(0);
    expect(b.token).not.toBe('access-a');
  });

  test('a sign-out waits until the server has answered another page, before it revokes', async () => {
    const { a, b } = await openPages();
    const refreshed = follow(b.refresh('b', { ms: 2_000, cause: 'expired' }));
    await pass(100);
    const revoked = vi.fn(async () => {});
    const done = follow(a.sharing.end({ reason: 'local', at: Date.now(), isRevoked: true }, revoked));
    await pass(1_500);
    expect(revoked).not.toHaveBeenCalled();
    await pass(1_000);
    expect([refreshed.state, done.state, revoked.mock.calls.length]).toEqual(['resolved', 'resolved', 1]);
  });

  test('5 s at most', async () => {
    const { a, b } = await openPages();
    b.refresh('b', { ms: 20_000, cause: 'expired' });
    await pass(100);
    const revoked = vi.fn(async () => {});
    const done = follow(a.sharing.end({ reason: 'local', at: Date.now(), isRevoked: true }, revoked));
    await pass(4_500);
    expect(revoked).not.toHaveBeenCalled();
    await pass(1_000);
    expect([done.state, revoked.mock.calls.length]).toEqual(['resolved', 1]);
    await pass(20_000);
    expect(revoked).toHaveBeenCalledTimes(1);
  });

  test.each([
    ['when the server has answered', 2_000],
    ['after 5 s', 20_000],
  ])('R32: what is revoked are the newest tokens of the session, %s', async (_what, ms) => {
    const { a, b } = await openPages();
    b.refresh('b', { ms, cause: 'expired' });
    await pass(100);
    const done = follow(a.signOut({ isRevoked: true }));
    await pass(6_000);
    expect([done.state, done.value]).toMatchObject(['resolved', { tokens: { accessToken: 'access-a' } }]);
  });

  test('R50: is another session than a webStore of the same name, and than a cookieStore of another one', async () => {
    const { browser, a } = await openPages();
    const other = (await browser.openPage(() => join(cookieStore('another'), { isCookie: true }))).page;
    await come(a.signIn('x'));
    await pass(200);
    expect([other.sharing.isRead(), other.found, other.heard]).toEqual([true, 0, []]);
    expect((await dump(browser.factory)).map(([key]) => key)).not.toContain(`cookie ${names}`);
  });

  test('R57: outside a page or worker stores nothing and joins nobody', () => {
    expect(join(cookieStore('server'), { isCookie: true }).sharing).toBeUndefined();
  });
});

describe('R71: what cannot be right is a TypeError', () => {
  const api = { allow: 'https://api.example.com', store: cookieStore('shop') };

  test('a `refresh` that is not marked: the refresh token would be nowhere', () => {
    stubBrowser();
    const refresh = refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' });
    expect(() => createTokenManager({ ...api, refresh })).toThrow(TypeError);
    expect(() => createTokenManager({ ...api, refresh })).toThrow('withoutRefreshToken');
  });

  test.each([undefined, '', 7])('the name %o', (name) => {
    expect(() => cookieStore(name as string)).toThrow(TypeError);
  });
});
