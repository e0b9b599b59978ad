/** What a shared session costs: calls of the store, timers, and news. */
import { type Refresh, type TokenStore, tokenStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPage } from '../support/page.ts';
import { type CellOptions, createCell } from '../support/ports.ts';
import { API, AS, createServer, during, openTab, openTabs, pass, revoke } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('calls of the store', () => {
  test('a good token costs none: not with a hundred requests, nor with an hour between two', async () => {
    const { tabs } = await openTabs(2, { server: createServer({ lifetime: 36_000 }) });
    for (const { auth, send, view } of tabs) {
      await Promise.all(Array.from({ length: 100 }, send));
      await pass(3_600_000);
      await auth.getAccessToken();
      expect(await send()).toBe(200);
      expect(view.calls).toEqual([]);
    }
  });

  test.each<[string, CellOptions]>([
    ['with a lock and news', {}],
    ['without a lock', { hasLock: false }],
    ['without news', { isWatched: false }],
  ])('a refresh costs at most three (a store %s), whatever it is for', async (_how, options) => {
    const { server, tabs } = await openTabs(2, { cell: createCell(options) });
    const [tab] = tabs;
    for (const act of [() => tab.auth.refresh(), () => tab.send(), () => tab.send()]) {
      server.deny();
      await act();
      await pass();
      expect(tab.view.calls.splice(0).length).toBeLessThanOrEqual(3);
    }
    expect(server.presented).toHaveLength(3);
  });

  test('news of it costs the others one, and taking the lease is no news', async () => {
    const { tabs } = await openTabs(2, { server: createServer({ ms: 1_000 }) });
    const [a, b] = tabs;
    const refreshed = a.auth.refresh();
    await pass(700);
    expect(b.view.calls).toEqual([]);
    await during(refreshed, 1_000);
    expect(b.view.calls).toEqual(['read']);
  });

  test('a sign-in or sign-out costs at most two, and one that changes nothing writes nothing', async () => {
    const server = createServer();
    const cell = createCell();
    const tab = openTab(cell, server, { revoke });
    await pass();
    tab.view.calls.length = 0;
    const tokens = server.login();
    await tab.auth.signIn(tokens);
    expect(tab.view.calls.splice(0).length).toBeLessThanOrEqual(2);
    await tab.auth.signIn(tokens);
    expect(tab.view.calls.splice(0)).not.toContain('replace');
    await tab.auth.signOut();
    expect(tab.view.calls.splice(0).length).toBeLessThanOrEqual(2);
  });

  test('R53: a failed refresh costs one more, for the back-off that all keep', async () => {
    const { server, tabs } = await openTabs(1);
    server.isDown = true;
    await tabs[0].auth.refresh().catch(() => {});
    await pass();
    expect(tabs[0].view.calls.length).toBeLessThanOrEqual(4);
  });

  test('R14: creation calls the store, and waits for nothing', () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    openTab(createCell(), createServer());
    expect(setTimeout).not.toHaveBeenCalled();
  });
});

describe('R13: timers', () => {
  test('R13: a context with nothing unwritten has none: signed in, refreshed, ended, or never signed in', async () => {
    const { cell, server, tabs } = await openTabs(2);
    const [a] = tabs;
    expect(vi.getTimerCount()).toBe(0);
    await a.auth.refresh();
    await pass();
    expect(vi.getTimerCount()).toBe(0);
    server.isDown = true;
    await a.auth.refresh().catch(() => {});
    expect(vi.getTimerCount()).toBe(0);
    await a.auth.signOut();
    await pass();
    openTab(cell, server);
    await pass();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('R13, R61: one with something unwritten has one, until that is written or the manager is closed', async () => {
    const { tabs } = await openTabs(2);
    const [a, b] = tabs;
    for (const { auth, view } of [a, b]) {
      view.fail('replace', 'throws');
      await auth.signOut();
    }
    expect(vi.getTimerCount()).toBe(2);
    a.auth.close();
    expect(vi.getTimerCount()).toBe(1);
    b.view.heal();
    await pass(60_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('R61: a closed context reads no more, whatever is told', async () => {
    const page = createPage();
    const { tabs } = await openTabs(2);
    const [a, b] = tabs;
    b.auth.close();
    await a.auth.refresh();
    for (const type of ['visibilitychange', 'online', 'pageshow'] as const) page.fire(type);
    await pass(5_000);
    expect([b.view.calls, b.told]).toEqual([[], []]);
  });

  test('R61: a refresh that is on the wire when its context is closed is stored, and the others are told', async () => {
    const { server, tabs } = await openTabs(2, { server: createServer({ ms: 1_000 }) });
    const [a, b] = tabs;
    const refreshed = a.auth.refresh().catch(({ code }) => code);
    await pass(700);
    a.auth.close();
    await pass(1_000);
    expect([await refreshed, a.told, b.token]).toEqual(['closed', [], 'access-ann-2']);
    expect(server.reused).toEqual([]);
  });
});

describe('how long an entry is kept', () => {
  test('R51: an end for days, so that those who were away learn of it; a session without a known end for ever', async () => {
    const { cell, tabs } = await openTabs(1);
    expect(cell.entry?.keepFor).toBeUndefined();
    await tabs[0].auth.signOut();
    expect(cell.entry?.keepFor).toBeGreaterThanOrEqual(24 * 3_600_000);
  });

  test('a session for as long as its refresh token lives, where the server says that', async () => {
    const cell = createCell();
    const tab = openTab(cell, createServer());
    await tab.auth.signIn({
      access_token: 'a',
      refresh_token: 'r',
      expires_in: 60,
      refresh_expires_in: 7_200,
    });
    expect(cell.entry?.keepFor).toBe(7_200_000);
    await pass(600_000);
    await tab.auth.signIn({ access_token: 'b', refresh_token: 's', expires_in: 60 });
    expect(cell.entry?.keepFor).toBeUndefined();
  });
});

test('R50: managers without a store know nothing of each other', async () => {
  const server = createServer();
  const cell = createCell();
  const [a, b] = ['ann', 'bob'].map(() => openTab(cell, server, { store: undefined as never as TokenStore }));
  await a?.auth.signIn(server.login('ann'));
  await b?.auth.signIn(server.login('bob'));
  await a?.auth.signOut();
  expect([a?.token, b?.token, cell.entry]).toEqual([undefined, 'access-bob-2', undefined]);
});

test('R54: each version is another, and is never used twice', async () => {
  const { cell, server, tabs } = await openTabs(3);
  for (const { auth } of tabs) {
    await auth.refresh();
    await auth.signOut();
    await auth.signIn(server.login());
  }
  const versions = cell.history.map(({ version }) => version);
  expect(new Set(versions).size).toBe(versions.length);
});

test('tokenStore says which method of a port is missing', () => {
  expect(() => tokenStore({ read: async () => undefined } as never)).toThrow(/port\.replace/);
  expect(() => tokenStore(undefined as never)).toThrow(TypeError);
});

test('R31: `refresh` is given the newest tokens, and the `fetch` underneath', async () => {
  const seen: unknown[] = [];
  const refresh: Refresh = async ({ tokens, fetch }) => {
    seen.push(tokens?.refreshToken, (await fetch(`${API}/me`)).status);
    const response = await fetch(`${AS}/token`, { method: 'POST', body: tokens?.refreshToken ?? '' });
    return response.json();
  };
  const { tabs } = await openTabs(2, { refresh });
  tabs[1].view.news = 'lost';
  await tabs[0].auth.refresh();
  await during(tabs[1].auth.refresh(), 1_000);
  expect(seen).toEqual(['refresh-ann-1', 401, 'refresh-ann-2', 401]);
});
