/** R30, R32: two contexts act at the same time, and the comparison is made against the newest entry of both. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { follow, short } from '../support/recorder.ts';
import { AS, createServer, during, ME, openTab, openTabs, pass, revoke } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Two tabs, the second of which waits for the answer to its refresh. */
async function openRefreshing(isTold: boolean) {
  const { tabs, ...world } = await openTabs(3, { server: createServer({ ms: 1_000 }), revoke });
  const [a, b, c] = tabs;
  world.server.deny();
  if (!isTold) b.view.news = 'lost';
  const sent = follow(b.auth.fetch(ME));
  await pass(700);
  return { ...world, a, b, c, sent };
}

describe.each([true, false])('R30: a refresh in one context (it hears the news: %s)', (isTold) => {
  test('R32: is dropped when another has signed out meanwhile, and its tokens are revoked', async () => {
    const { a, b, c, sent, server, cell } = await openRefreshing(isTold);
    await a.auth.signOut();
    await pass(1_000);
    expect(sent.value).toMatchObject({ code: 'session-changed' });
    expect([a, b, c].map(({ auth }) => auth.status)).toEqual(Array(3).fill('signed-out'));
    expect([a, b, c].map(({ told }) => short(told))).toEqual(Array(3).fill(['signed-out local']));
    expect([cell.entry?.value.includes('access-'), server.living]).toEqual([false, []]);
    expect(server.api).toHaveLength(1);
  });

  test('R32: and are not, when that sign-out does not revoke', async () => {
    const { a, server } = await openRefreshing(isTold);
    await a.auth.signOut({ revoke: false });
    await pass(1_000);
    expect(server.revoked).toEqual([]);
  });

  test('R32: is dropped when somebody else has signed in in another, whose tokens stay', async () => {
    const { a, b, c, sent, server } = await openRefreshing(isTold);
    await a.auth.signIn(server.login('bob'));
    await pass(1_000);
    expect(sent.value).toMatchObject({ code: 'session-changed' });
    expect(new Set([a, b, c].map(({ token }) => token)).size).toBe(1);
    expect(b.token).toMatch(/^access-bob/);
    expect(short(b.told)).toEqual(['signed-out replaced', 'signed-in local']);
    expect(server.api).toHaveLength(1);
  });
});

describe('R32: a sign-out', () => {
  test('R32: revokes the newest refresh token, not the copy this context happened to have', async () => {
    const { tabs, server } = await openTabs(2, { revoke });
    const [a, b] = tabs;
    a.view.news = 'lost';
    await b.auth.refresh();
    await a.auth.signOut();
    await pass();
    expect([server.revoked, server.living]).toEqual([['refresh-ann-2'], []]);
  });

  test.each([0, 40, 80])(
    'R32: while a refresh is just being written (%d ms after it began) is final at once',
    async (ms) => {
      const { tabs } = await openTabs(2, { cell: createCell({ ms: 100 }) });
      const [a, b] = tabs;
      const refreshed = a.auth.refresh().catch(() => {});
      // The read and the lease have taken 200 ms.
      await pass(210 + ms);
      const out = a.auth.signOut();
      for (let step = 0; step < 10; step++) {
        expect([a.auth.status, a.token]).toEqual(['signed-out', undefined]);
        await pass(50);
      }
      await during(Promise.all([out, refreshed]), 1_000);
      expect(short(a.told)).toEqual(['signed-out local']);
      expect([b.auth.status, b.token]).toEqual(['signed-out', undefined]);
    },
  );

  test('R32: over an older copy of a session that another has renewed ends that session everywhere', async () => {
    const { tabs } = await openTabs(2);
    const [a, b] = tabs;
    a.view.news = 'lost';
    await b.auth.refresh();
    await a.auth.signOut();
    await pass();
    expect([b.auth.status, short(b.told).at(-1)]).toEqual(['signed-out', 'signed-out local']);
  });

  test('R30: ends its own session, and not the one that another has begun', async () => {
    const { tabs, server } = await openTabs(2);
    const [a, b] = tabs;
    b.view.news = 'lost';
    await a.auth.signIn(server.login('bob'));
    await b.auth.signOut();
    await pass();
    expect([a.token, b.token]).toEqual(['access-bob-2', 'access-bob-2']);
    expect(short(b.told)).toEqual(['signed-out local', 'signed-in local']);
  });

  test('R30: that follows a sign-in means that one, too, although it is not stored yet', async () => {
    const { tabs, server } = await openTabs(2, { cell: createCell({ ms: 100 }) });
    const [a, b] = tabs;
    const calls = [a.auth.signIn(server.login('bob')), a.auth.signOut()];
    await during(Promise.all(calls), 2_000);
    expect([a.auth.status, b.auth.status]).toEqual(['signed-out', 'signed-out']);
  });

  test('R42: over a session that was found ended makes its end a sign-out', async () => {
    const { tabs, server, cell } = await openTabs(2);
    const [a, b] = tabs;
    for (const token of server.living) await server.fetch(`${AS}/revoke`, { method: 'POST', body: token });
    await a.auth.refresh().catch(() => {});
    await b.auth.signOut();
    expect(cell.value?.['state']).toMatchObject({ end: { reason: 'local' } });
    expect(short(b.told)).toEqual(['signed-out ended']);
  });
});

describe('R30: a sign-in', () => {
  test('R30: expects nothing: it ends what another has begun meanwhile', async () => {
    const { tabs, server } = await openTabs(2);
    const [a, b] = tabs;
    b.view.news = 'lost';
    await a.auth.signIn(server.login('bob'));
    await b.auth.signIn(server.login('cat'));
    await pass();
    expect([a.token, b.token]).toEqual(['access-cat-3', 'access-cat-3']);
    expect(short(a.told).slice(-2)).toEqual(['signed-out replaced', 'signed-in local']);
  });

  test('R62: with the very tokens that the newest entry has changes nothing', async () => {
    const server = createServer();
    const cell = createCell();
    const tokens = server.login();
    const a = openTab(cell, server);
    await a.auth.signIn(tokens);
    const { entry } = cell;
    const b = openTab(cell, server);
    await b.auth.signIn(tokens);
    await pass();
    expect([cell.entry, a.auth.sessionId]).toEqual([entry, b.auth.sessionId]);
    expect([short(a.told), short(b.told)]).toEqual([['signed-in local'], ['signed-in restored']]);
  });

  test('R8: one who waits while nobody is signed in is not disturbed by a sign-in and sign-out elsewhere', async () => {
    const { tabs, server } = await openTabs(2);
    const [a, b] = tabs;
    await a.auth.signOut();
    await pass();
    b.told.length = 0;
    await a.auth.signIn(server.login('bob'));
    await a.auth.signOut();
    await pass();
    expect([b.auth.status, await b.send()]).toEqual(['signed-out', 401]);
  });
});

describe('R35: an end that the server said', () => {
  test('R35: reaches all, once, with one event each', async () => {
    const { tabs, server } = await openTabs(4, { cell: createCell({ ms: 10 }) });
    for (const token of server.living) await server.fetch(`${AS}/revoke`, { method: 'POST', body: token });
    const sent = Promise.all(tabs.map(({ send }) => send()));
    expect(await during(sent, 2_000)).toEqual(Array(4).fill('session-ended'));
    expect(server.presented).toHaveLength(1);
    expect(tabs.map(({ told }) => short(told))).toEqual(Array(4).fill(['signed-out ended']));
  });

  test('R35: is revived by a late answer that brings the tokens in its place', async () => {
    const { tabs, cell } = await openTabs(2, { server: createServer({ ms: 2_000 }) });
    const [a, b] = tabs;
    const refreshed = a.auth.refresh().catch(() => {});
    await pass(1_500);
    // Another context, whose time has come, was told that the same token is spent.
    const state = { ...(cell.value?.['state'] as object), held: undefined, end: { reason: 'ended' } };
    cell.edit({ state, lease: undefined });
    await during(refreshed, 2_000);
    await pass();
    expect([a.token, b.token]).toEqual(['access-ann-2', 'access-ann-2']);
    expect(await a.send()).toBe(200);
  });
});
