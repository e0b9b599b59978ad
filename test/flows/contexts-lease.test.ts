/** R54: a refresh token that one context has presented is not presented by another while the first may be at it. */
import type { Refresh } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { SessionState } from '../../src/session/session.ts';
import { type CellOptions, createCell } from '../support/ports.ts';
import { follow, short } from '../support/recorder.ts';
import { failure } from '../support/refresh.ts';
import { createServer, during, ME, openTab, openTabs, pass, refresh } from '../support/tabs.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const kinds: [string, CellOptions][] = [
  ['lock and news', {}],
  ['news and no lock', { hasLock: false }],
  ['a lock and no news', { isWatched: false }],
  ['neither', { hasLock: false, isWatched: false }],
];

/** Two tabs, the first of which does not get beyond its first step until the test wants it to. */
async function openHeld(options: CellOptions, refreshTimeout = 5_000) {
  const cell = createCell(options);
  const server = createServer();
  const held = deferred();
  let isHeld = true;
  const slow: Refresh = async (context) => {
    if (isHeld) await held.promise;
    return refresh(context);
  };
  const { tabs, open } = await openTabs(1, { cell, server, refreshTimeout });
  const [other] = tabs;
  const holder = openTab(cell, server, { refreshTimeout, refresh: slow });
  await holder.auth.ready;
  holder.told.length = 0;
  server.deny();
  const sent = follow(holder.auth.fetch(ME));
  await pass(1);
  expect(server.presented).toEqual([]);
  const goOn = () => {
    isHeld = false;
    held.resolve();
  };
  return { cell, server, holder, other, sent, open, goOn };
}

/** When the refresh token was presented, in seconds from now. */
async function presentedAfter(
  { server }: { server: { presented: string[] } },
  seconds: number,
  act: () => unknown,
) {
  for (let second = 0; second <= seconds; second++) {
    act();
    await pass(1);
    if (server.presented.length) return second;
    await pass(999);
  }
  return Number.NaN;
}

describe('R54: who finds a lease', () => {
  test.each(kinds)(
    'R31, R54: (a store with %s) waits for the commit: one refresh for all',
    async (_kind, options) => {
      const server = createServer({ ms: 3_000 });
      const { tabs } = await openTabs(4, { server, cell: createCell({ ms: 10, ...options }) });
      server.deny();
      const sent = Promise.all(tabs.map(({ send }) => send()));
      expect(await during(sent, 6_000)).toEqual([200, 200, 200, 200]);
      expect([server.presented.length, server.reused]).toEqual([1, []]);
      expect(tabs.map(({ told }) => short(told))).toEqual(Array(4).fill(['token-refreshed rejected']));
    },
  );

  test('R34: sends with a good token all the same', async () => {
    const { tabs } = await openTabs(2, { server: createServer({ ms: 3_000 }) });
    const refreshed = tabs[0].auth.refresh();
    await pass(1_000);
    expect(await tabs[1].send()).toBe(200);
    await during(refreshed, 3_000);
  });

  test('R34, R55: is not held up by what listeners in the other context do', async () => {
    const { server, tabs } = await openTabs(2);
    tabs[0].auth.on('token-refreshed', () => new Promise(() => {}));
    await tabs[0].auth.refresh();
    await during(tabs[1].auth.refresh(), 100);
    expect([tabs[1].token, server.reused]).toEqual(['access-ann-3', []]);
  });

  test('R54: goes on when the refresh failed: nobody waits for the rest of its time', async () => {
    const { server, tabs } = await openTabs(2, { cell: createCell({ hasLock: false }) });
    server.isDown = true;
    await tabs[0].auth.refresh().catch(() => {});
    server.isDown = false;
    await during(tabs[1].auth.refresh(), 100);
    expect([tabs[1].token, server.reused]).toEqual(['access-ann-2', []]);
  });

  test('R32, R54: does not present it after a sign-out', async () => {
    const { other, server, holder, goOn } = await openHeld({});
    const sent = follow(other.auth.fetch(ME));
    await pass(1_000);
    await other.auth.signOut();
    goOn();
    await pass(60_000);
    expect(sent.value).toMatchObject({ code: 'session-changed' });
    expect([holder.auth.status, server.presented.length]).toEqual(['signed-out', 1]);
  });
});

describe('R54: a holder that dies', () => {
  test('R54: under its lock is followed at once', async () => {
    const { other, holder, server } = await openHeld({});
    holder.view.die();
    expect(await during(other.send(), 100)).toBe(200);
    expect(server.reused).toEqual([]);
  });

  test('R54: without a lock holds the others up until its time is over, and not longer', async () => {
    const world = await openHeld({ hasLock: false });
    world.holder.view.die();
    const seconds = await presentedAfter(world, 60, () => world.other.send());
    expect(seconds).toBeGreaterThanOrEqual(10);
    expect(seconds).toBeLessThanOrEqual(15);
    await pass(10_000);
    expect([await world.other.send(), world.server.reused]).toEqual([200, []]);
  });

  test('R54: 5 minutes at most', async () => {
    const world = await openHeld({ hasLock: false }, 3_600_000);
    world.holder.view.die();
    const sent = world.other.send();
    const seconds = await presentedAfter(world, 400, () => {});
    expect(seconds).toBeGreaterThanOrEqual(295);
    expect(seconds).toBeLessThanOrEqual(305);
    expect(await sent).toBe(200);
  });

  test.each([
    [true, 0],
    [false, 10],
  ])(
    'R54: (the store tells the age: %s) one who opens later waits for what is left: %d s',
    async (hasClock, least) => {
      const world = await openHeld({ hasLock: false, hasClock });
      world.holder.view.die();
      await pass(20_000);
      const late = world.open();
      const seconds = await presentedAfter(world, 60, () => late.send());
      expect(seconds).toBeGreaterThanOrEqual(least);
      expect(seconds).toBeLessThanOrEqual(least + 5);
    },
  );

  test('R34, R54: the clock is set back by an hour meanwhile: the wait is bounded all the same', async () => {
    const world = await openHeld({ hasLock: false });
    world.holder.view.die();
    void world.other.send();
    await pass(2_000);
    vi.setSystemTime(Date.now() - 3_600_000);
    expect(await presentedAfter(world, 60, () => world.other.send())).toBeLessThanOrEqual(15);
  });

  test('R34: callers get refresh-failed after refreshTimeout, with a retryAt', async () => {
    const { other, holder } = await openHeld({ hasLock: false });
    holder.view.die();
    const sent = follow(other.auth.fetch(ME));
    await pass(4_900);
    expect(sent.state).toBe('pending');
    await pass(200);
    expect(sent.value).toMatchObject({ code: 'refresh-failed', retryAt: expect.any(Number) });
  });
});

describe('R54: a holder that was frozen', () => {
  /** Whoever has taken over says so in the entry. */
  const takeOver = ({ cell }: { cell: ReturnType<typeof createCell> }) =>
    cell.edit({ lease: { ...(cell.value?.['lease'] as object), id: 'another', by: 'another' } });

  test('R54: takes it again before it sends', async () => {
    const { holder, sent, server, goOn } = await openHeld({ hasLock: false }, 200_000);
    const calls = holder.view.calls.length;
    await pass(170_000);
    goOn();
    await pass(100);
    // Once more for the lease, then for the commit.
    expect(holder.view.calls.slice(calls)).toEqual(['replace', 'replace']);
    expect([server.presented.length, holder.token, sent.state]).toEqual([1, 'access-ann-2', 'resolved']);
  });

  test('R34, R54: for longer than anybody waits sends nothing any more; its next request does', async () => {
    const { holder, server, goOn } = await openHeld({ hasLock: false }, 5_000);
    await pass(6_000);
    goOn();
    await pass(5_000);
    expect(server.presented).toEqual([]);
    await pass(60_000);
    expect([await holder.send(), server.presented.length]).toEqual([200, 1]);
  });

  test('R54: presents nothing when another has taken over, and leaves that one its lease', async () => {
    const world = await openHeld({ hasLock: false }, 15_000);
    await pass(17_000);
    takeOver(world);
    world.goOn();
    await pass(100);
    expect(world.server.presented).toEqual([]);
    // It may be at it.
    expect(world.cell.value).toMatchObject({ lease: { by: 'another' } });
    expect(await during(failure(world.other.auth.fetch(ME)), 16_000)).toMatchObject({
      code: 'refresh-failed',
    });
    expect(world.server.presented).toEqual([]);
    await pass(60_000);
    expect(await during(world.other.send(), 5_000)).toBe(200);
    expect([await during(world.holder.send(), 5_000), world.server.presented.length]).toEqual([200, 1]);
  });

  test('R35: an invalid_grant for the token that another has replaced meanwhile ends nothing', async () => {
    const { tabs, cell, server } = await openTabs(2, { server: createServer({ ms: 2_000 }) });
    const [a, b] = tabs;
    const other = createServer();
    const refreshed = follow(a.auth.refresh());
    await pass(500);
    // The server forgets the session; somebody else’s refresh was faster.
    for (const token of server.living)
      await server.fetch('https://as.example.com/revoke', { method: 'POST', body: token });
    const tokens = { accessToken: 'access-new', refreshToken: 'refresh-new', tokenType: 'Bearer' };
    const state = cell.value?.['state'] as SessionState;
    cell.edit({ lease: undefined, state: { ...state, rotation: 7, held: { ...state.held, tokens } } });
    await pass(5_000);
    expect([refreshed.state, a.token, other.presented]).toEqual(['resolved', 'access-new', []]);
    expect(await during(b.auth.getAccessToken(), 100)).toBeDefined();
    expect(a.told.filter(([event]) => event === 'signed-out')).toEqual([]);
  });
});
