/** R51: an older entry comes back: a failed write, a failover. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { API, createServer, during, openTab, openTabs, pass } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R51: an older entry of the session comes back', () => {
  test('R51: the one whose refresh token was replaced more often goes on, and is written again', async () => {
    const { cell, server, tabs, open } = await openTabs(2);
    const [a, b] = tabs;
    const before = cell.entry;
    await a.auth.refresh();
    await pass();
    cell.put(before, true);
    await pass(10_000);
    expect([a.token, b.token]).toEqual(['access-ann-2', 'access-ann-2']);
    expect(cell.entry?.value).toContain('refresh-ann-2');
    server.deny();
    expect(await open().send()).toBe(200);
    expect(server.reused).toEqual([]);
  });

  test('R51: of the same refresh token the one with the later capture goes on', async () => {
    const cell = createCell();
    const server = createServer();
    const fetch: typeof server.fetch = async (input, init) =>
      `${input}`.endsWith('/password')
        ? Response.json({ access_token: 'access-captured', expires_in: 60 })
        : server.fetch(input, init);
    const [a, b] = [1, 2].map(() => openTab(cell, server, { fetch, capture: [{ url: `${API}/password` }] }));
    await a?.auth.signIn(server.login());
    const before = cell.entry;
    await a?.auth.fetch(`${API}/password`);
    await pass();
    cell.put(before, true);
    await pass(10_000);
    expect([a?.token, b?.token]).toEqual(['access-captured', 'access-captured']);
    expect(cell.entry?.value).toContain('access-captured');
  });

  test('R54: a refresh token that was in the store once is presented under a lease only, also after that', async () => {
    const { cell, server, tabs } = await openTabs(2);
    const [a, b] = tabs;
    const before = cell.entry;
    await a.auth.refresh();
    await pass();
    for (const { view } of [a, b]) view.fail('replace', 'throws');
    cell.put(before, true);
    await pass();
    server.deny();
    expect(await during(Promise.all([a.send(), b.send()]), 40_000)).toEqual([
      'refresh-failed',
      'refresh-failed',
    ]);
    expect([server.presented.length, server.reused]).toEqual([1, []]);
  });

  test('R35: whoever replaced the token because of which another took the session for over goes on', async () => {
    const { cell, server, tabs } = await openTabs(2, { server: createServer({ ms: 1_000 }) });
    const [a, b] = tabs;
    const refreshed = a.auth.refresh();
    await pass(700);
    a.view.fail('replace', 'throws');
    await during(refreshed, 1_000);
    // The other was told that the old token is spent.
    cell.edit({ state: { ...(cell.value?.['state'] as object), end: { reason: 'ended', at: Date.now() } } });
    a.view.heal();
    await pass(60_000);
    expect([a.token, b.token]).toEqual(['access-ann-2', 'access-ann-2']);
    server.deny();
    expect(await during(b.send(), 3_000)).toBe(200);
  });

  test('R51: nothing is sent on a read that no replacement has confirmed', async () => {
    const { cell, server, tabs, open } = await openTabs(1);
    const before = cell.entry;
    await tabs[0].auth.refresh();
    const newest = cell.entry;
    cell.put(before);
    const late = open();
    await late.auth.ready;
    late.view.ms = 100;
    const refreshed = late.auth.refresh();
    await pass(80);
    // It has read the older one; the failover is over before it replaces anything.
    expect([late.token, late.view.calls.at(-1)]).toEqual(['access-ann-1', 'read']);
    cell.put(newest);
    await during(refreshed, 1_000);
    expect([server.presented, server.reused, late.token]).toEqual([['refresh-ann-1'], [], 'access-ann-2']);
  });
});
