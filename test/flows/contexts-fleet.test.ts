/** R35: many contexts, and an authorization server that is down. */
import { createTokenManager, memoryStore, type Refresh, refreshEndpoint, TokenError } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CellOptions, createCell } from '../support/ports.ts';
import { createServer, during, openTab, openTabs, pass } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** How often `count` contexts ask a server that is down for a minute, and what becomes of them after it. */
async function outage(count: number, options: CellOptions = {}) {
  const { cell, server, tabs } = await openTabs(count, { cell: createCell({ ms: 4, ...options }) });
  server.deny();
  server.isDown = true;
  const outcomes = new Set<unknown>();
  for (let second = 0; second < 60; second++) {
    for (const { send } of tabs) void send().then((outcome) => outcomes.add(outcome));
    await pass(1_000);
  }
  const asked = server.presented.length;
  server.isDown = false;
  // The last back-off may last a minute.
  await pass(90_000);
  const sent = await during(Promise.all(tabs.map(({ send }) => send())), 10_000);
  return { asked, outcomes, sent, server, tabs, cell };
}

describe('R35: the authorization server is down for a minute', { timeout: 30_000 }, () => {
  test.each<[string, CellOptions]>([
    ['with a lock and news', {}],
    ['with news alone', { hasLock: false }],
    ['with a lock alone', { isWatched: false }],
    ['with neither', { hasLock: false, isWatched: false }],
  ])('R35: 32 contexts of a store %s ask hardly more often than one', async (_how, options) => {
    const one = await outage(1, options);
    const many = await outage(32, options);
    expect(many.asked).toBeLessThanOrEqual(one.asked + 2);
    expect(many.asked).toBeGreaterThanOrEqual(2);
    expect([...many.outcomes]).toEqual(['refresh-failed']);
    expect(many.sent).toEqual(Array(32).fill(200));
    expect([many.server.presented.length - many.asked, many.server.reused]).toEqual([1, []]);
  });

  test('R35: a context that opens meanwhile keeps the back-off, too', async () => {
    const { cell, server, tabs } = await openTabs(1);
    server.deny();
    server.isDown = true;
    await tabs[0].send();
    const { length } = server.presented;
    const late = openTab(cell, server);
    expect([await late.send(), server.presented.length]).toEqual(['refresh-failed', length]);
    server.isDown = false;
    await late.auth.refresh();
    expect(await tabs[0].send()).toBe(200);
  });

  test('R35: what one context is told, to come back in five minutes, all keep', async () => {
    const asked = vi.fn<Refresh>(async () => {
      throw new TokenError('refresh-failed', { retryAt: Date.now() + 300_000 });
    });
    const { server, tabs } = await openTabs(3, { refresh: asked });
    server.deny();
    for (let second = 0; second < 299; second += 5) {
      for (const { send } of tabs) expect(await send()).toBe('refresh-failed');
      await pass(5_000);
    }
    expect(asked).toHaveBeenCalledTimes(1);
    await pass(5_000);
    await tabs[1].send();
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test('R35: a machine whose clock is a little behind keeps the back-off, too', async () => {
    const { server, tabs } = await openTabs(2, {
      cell: createCell({ ms: 20 }),
      server: createServer({ ms: 100 }),
    });
    const [a, b] = tabs;
    server.deny();
    server.isDown = true;
    const sent = [a.send()];
    await pass(60);
    sent.push(b.send());
    // The first has failed at 140 ms and written that by 160 ms; the other hears of it.
    await pass(95);
    expect(server.presented).toHaveLength(1);
    vi.setSystemTime(Date.now() - 100);
    expect(await during(Promise.all(sent), 1_500)).toEqual(['refresh-failed', 'refresh-failed']);
    expect(server.presented).toHaveLength(1);
  });

  test('R35: a good token is used meanwhile, and nobody is signed out', async () => {
    const { server, tabs } = await openTabs(8, { server: createServer({ lifetime: 100 }) });
    server.isDown = true;
    // Past `refreshAhead`, before the end.
    await pass(80_000);
    expect(await during(Promise.all(tabs.map(({ send }) => send())), 1_000)).toEqual(Array(8).fill(200));
    expect(server.presented.length).toBeLessThanOrEqual(2);
    expect(tabs.map(({ auth }) => auth.status)).toEqual(Array(8).fill('signed-in'));
  });
});

test('R35: a server that is down when one context has asked it three times is asked twice by the next, after the back-off', async () => {
  const store = memoryStore();
  const asked: number[] = [];
  const [one, two] = [1, 2].map((context) =>
    createTokenManager({
      refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'app' }),
      allow: 'https://api.example.com',
      store,
      fetch: async () => {
        asked.push(context);
        return new Response(null, { status: 503 });
      },
    }),
  );
  await one?.signIn({ access_token: 'a1', refresh_token: 'r1' });
  const first = one?.refresh().catch(() => {});
  await pass(10_000);
  await first;
  const second = two?.refresh().catch(() => {});
  await pass(10_000);
  await second;
  expect(asked).toEqual([1, 1, 1, 2, 2]);
});
