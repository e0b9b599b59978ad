/** R23, R31: one refresh for all contexts, and what a context does with tokens that another has brought. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { short } from '../support/recorder.ts';
import { createServer, during, openTab, openTabs, pass } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R31: tokens that another context has brought', () => {
  test('R31: serve: of eight contexts with a dead token one refreshes, whenever the others notice', async () => {
    const { tabs, server } = await openTabs(8, {
      server: createServer({ ms: 500 }),
      cell: createCell({ ms: 5 }),
    });
    server.deny();
    const sent: Promise<unknown>[] = [];
    for (const { send } of tabs) {
      sent.push(send(), send());
      await pass(150);
    }
    expect(await during(Promise.all(sent), 2_000)).toEqual(Array(16).fill(200));
    expect([server.presented.length, server.reused]).toEqual([1, []]);
    expect(tabs.map(({ told }) => short(told))).toEqual(Array(8).fill(['token-refreshed rejected']));
  });

  test('R23: and are refused are refreshed once, and not marked: the next request is good', async () => {
    const { tabs, server } = await openTabs(2, { cell: createCell({ isWatched: false }) });
    const [a, b] = tabs;
    server.deny();
    expect(await a.send()).toBe(200);
    server.deny();
    // Its answer to the second try is the caller's (R21).
    await b.send();
    expect([await b.send(), await a.send(), await b.send()]).toEqual([200, 200, 200]);
    expect([server.presented.length, server.reused]).toEqual([2, []]);
  });

  test('R23: and have expired meanwhile are refreshed before they are sent', async () => {
    const { tabs, server } = await openTabs(2, { cell: createCell({ isWatched: false }) });
    const [a, b] = tabs;
    await a.auth.refresh();
    vi.setSystemTime(Date.now() + 4_000_000);
    expect(await b.send()).toBe(200);
    expect([server.api, server.presented.length]).toEqual([['access-ann-3'], 2]);
  });

  test('R23: by another context and were refused there too are marked by nobody: each is good again at once', async () => {
    const { tabs, server } = await openTabs(3);
    for (let round = 1; round <= 5; round++) {
      server.deny();
      expect(await during(Promise.all(tabs.map(({ send }) => send())), 100)).toEqual([200, 200, 200]);
    }
    expect([server.presented.length, server.reused]).toEqual([5, []]);
  });

  test('R8: of client credentials serve all contexts: they are asked for once', async () => {
    const asked = vi.fn(async () => ({
      access_token: `of the client ${asked.mock.calls.length}`,
      expires_in: 60,
    }));
    const clientCredentials = Object.assign(asked, { withoutRefreshToken: true });
    const cell = createCell({ ms: 10 });
    const tabs = [1, 2, 3].map(() => openTab(cell, createServer(), { refresh: clientCredentials }));
    const tokens = await during(Promise.all(tabs.map(({ auth }) => auth.getAccessToken())), 1_000);
    expect(tokens).toEqual(Array(3).fill('of the client 1'));
    await pass(70_000);
    await during(Promise.all(tabs.map(({ auth }) => auth.getAccessToken())), 1_000);
    expect(tabs.map(({ token }) => token)).toEqual(Array(3).fill('of the client 2'));
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test('R10, R51: expire when they expire, whatever the clock of the context that brought them says', async () => {
    const cell = createCell({ hasClock: true });
    const server = createServer({ lifetime: 100 });
    const [a, b] = [openTab(cell, server), openTab(cell, server)];
    await a.auth.signIn(server.login());
    await pass(50_000);
    // The second machine's clock is an hour ahead.
    vi.setSystemTime(Date.now() + 3_600_000);
    const late = openTab(cell, server);
    await late.auth.ready;
    expect(Number(late.auth.tokens?.expiresAt) - Date.now()).toBeGreaterThan(45_000);
    expect([late.token, b.token]).toEqual(['access-ann-1', 'access-ann-1']);
  });
});

describe('R31: an explicit refresh()', () => {
  test('R31: is not content with tokens that its first read finds: they were issued before it', async () => {
    const { tabs } = await openTabs(2, { cell: createCell({ isWatched: false }) });
    const [a, b] = tabs;
    await a.auth.refresh();
    expect((await b.auth.refresh()).accessToken).toBe('access-ann-3');
  });

  test.each([true, false])(
    'R31: waits for a refresh elsewhere that has been sent, then sends its own (with a lock: %s)',
    async (hasLock) => {
      const { tabs, server } = await openTabs(2, {
        server: createServer({ ms: 1_000 }),
        cell: createCell({ hasLock }),
      });
      const [a, b] = tabs;
      const first = a.auth.refresh();
      await pass(600);
      const second = b.auth.refresh();
      await pass(5_000);
      expect([(await first).accessToken, (await second).accessToken]).toEqual([
        'access-ann-2',
        'access-ann-3',
      ]);
      expect(server.reused).toEqual([]);
    },
  );

  test.each([true, false])(
    'R31: of the same moment in four contexts share the tokens of a lease that was taken after they began (with a lock: %s)',
    async (hasLock) => {
      const { tabs, server } = await openTabs(4, {
        server: createServer({ ms: 1_000 }),
        cell: createCell({ ms: 10, hasLock }),
      });
      await during(Promise.all(tabs.map(({ auth }) => auth.refresh())), 10_000);
      expect([server.presented.length, server.reused]).toEqual([1, []]);
      expect(new Set(tabs.map(({ token }) => token)).size).toBe(1);
    },
  );
});
