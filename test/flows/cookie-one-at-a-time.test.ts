/** R31, R54, R8: a context does not present the same cookie twice at once, with Web Locks or without. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { createCookieWorld } from '../support/cookie-world.ts';
import { outcomeOf } from '../support/tabs.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

describe.each([
  ['with Web Locks', true],
  ['without', false],
])('R54: %s', (_how, hasLocks) => {
  async function restored(ms: number) {
    stubBrowser({ hasLocks });
    const world = createCookieWorld({ ms: 0 });
    world.login();
    const page = world.open();
    await come(page.auth.ready);
    world.server.ms = ms;
    world.asked.length = 0;
    return { ...world, ...page };
  }

  test('R31: a refresh on the wire, a sign-in, and a refresh after it: no reuse', async () => {
    const { server, auth } = await restored(500);
    const first = outcomeOf(auth.refresh());
    await pass(50);
    // The cookie stays: the page has its access token by another way.
    await come(auth.signIn({ access_token: 'from the page', expires_in: 300 }));
    const second = auth.refresh();
    expect(await come(first)).toBe('session-changed');
    const { accessToken } = await come(second);
    expect(accessToken).toMatch(/^access-ann/);
    expect([server.reused, auth.status, auth.tokens?.accessToken]).toEqual([[], 'signed-in', accessToken]);
  });

  test('R8: a sign-out during the page’s own refresh revokes when that refresh is over', async () => {
    const { server, auth, asked } = await restored(500);
    const refreshed = outcomeOf(auth.refresh());
    await pass(50);
    const began = Date.now();
    await come(auth.signOut());
    expect(await come(refreshed)).toBe('session-changed');
    await pass(2_000);
    const [refresh, revocation] = asked;
    expect([refresh?.path, revocation?.path]).toEqual(['/token', '/revoke']);
    expect(Number(revocation?.at) - Number(refresh?.at)).toBeGreaterThanOrEqual(500);
    expect(Number(revocation?.at) - began).toBeLessThan(2_000);
    expect([server.living, server.reused, auth.status]).toEqual([[], [], 'signed-out']);
  });

  test('R8: nor does a sign-out overtake the page’s first question who is signed in', async () => {
    stubBrowser({ hasLocks });
    const { server, login, open, asked } = createCookieWorld();
    login();
    const { auth } = open();
    const token = outcomeOf(auth.getAccessToken());
    await pass(100);
    await come(auth.signOut());
    await come(token);
    await pass(2_000);
    const [refresh, revocation] = asked;
    expect([refresh?.path, revocation?.path]).toEqual(['/token', '/revoke']);
    expect(Number(revocation?.at) - Number(refresh?.at)).toBeGreaterThanOrEqual(500);
    expect([server.living, server.reused]).toEqual([[], []]);
    expect([auth.status, await come(auth.getAccessToken())]).toEqual(['signed-out', undefined]);
  });

  test('R8: a sign-out waits for the page’s own refresh for 5 s at most', async () => {
    const { auth, asked } = await restored(20_000);
    const refreshed = outcomeOf(auth.refresh());
    await pass(50);
    const began = Date.now();
    await come(auth.signOut());
    expect(await come(refreshed)).toBe('session-changed');
    const revoked = asked.find(({ path }) => path === '/revoke');
    expect(Number(revoked?.at) - began).toBeGreaterThanOrEqual(4_900);
    expect(Number(revoked?.at) - began).toBeLessThanOrEqual(5_500);
  });
});
