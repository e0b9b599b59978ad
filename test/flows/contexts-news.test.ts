/** R52: what happens in one context reaches the others. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPage } from '../support/page.ts';
import { createCell } from '../support/ports.ts';
import { short } from '../support/recorder.ts';
import { createServer, during, openTab, openTabs, pass } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('R52: news', () => {
  test.each([
    ['over a store that takes 10 ms', 10, 'well'],
    ['that comes twice', 10, 'twice'],
    ['over a store that takes no time', 0, 'well'],
  ] as const)(
    'R52: %s: signed in, out and in again at once, the other has the second session',
    async (_how, ms, news) => {
      const server = createServer();
      const cell = createCell({ ms });
      const [a, b] = [openTab(cell, server), openTab(cell, server)];
      b.view.news = news;
      await pass(1_000);
      const calls = [
        a.auth.signIn(server.login('ann')),
        a.auth.signOut(),
        a.auth.signIn(server.login('bob')),
      ];
      await during(Promise.all(calls), 2_000);
      expect([a.token, b.token]).toEqual(['access-bob-2', 'access-bob-2']);
      expect(b.auth.sessionId).toBe(a.auth.sessionId);
      expect(await during(b.send(), 1_000)).toBe(200);
    },
  );

  test('R52: tells of a sign-in, a refresh and a sign-out what they were, and that they were elsewhere', async () => {
    const server = createServer();
    const cell = createCell();
    const [a, b] = [openTab(cell, server), openTab(cell, server)];
    await pass();
    await a.auth.signIn(server.login());
    const { sessionId } = a.auth;
    await pass();
    await a.auth.refresh();
    await pass();
    await a.auth.signOut();
    await pass();
    const expiresAt = Date.now() + 3_600_000;
    expect(b.told).toEqual([
      ['signed-in', { sessionId, expiresAt, cause: 'local', elsewhere: true }],
      [
        'token-refreshed',
        { sessionId, expiresAt, cause: 'manual', elsewhere: true, durationMs: expect.any(Number) },
      ],
      ['signed-out', { sessionId, reason: 'local', elsewhere: true }],
    ]);
    expect(a.told.map(([, payload]) => 'elsewhere' in payload && payload.elsewhere)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('R52: of a session that the server has ended says so: the other can tell that it has expired', async () => {
    const { tabs, server } = await openTabs(2);
    const [a, b] = tabs;
    for (const token of server.living)
      await server.fetch('https://as.example.com/revoke', { method: 'POST', body: token });
    await a.auth.refresh().catch(() => {});
    await pass();
    expect([short(a.told), short(b.told)]).toEqual([['signed-out ended'], ['signed-out ended']]);
    expect(b.told[0]?.[1]).toMatchObject({ elsewhere: true });
    expect([a.auth.status, b.auth.status]).toEqual(['signed-out', 'signed-out']);
  });

  test('R52: that was missed is one event for each thing that counts: commits between two reads are one', async () => {
    const { tabs, server } = await openTabs(2);
    const [a, b] = tabs;
    b.view.news = 'lost';
    for (let times = 3; times; times--) await a.auth.refresh();
    await during(b.auth.refresh(), 5_000);
    expect(short(b.told)).toEqual(['token-refreshed manual', 'token-refreshed manual']);
    b.told.length = 0;
    await a.auth.signOut();
    await a.auth.signIn(server.login('bob'));
    await a.auth.signOut();
    await a.auth.signIn(server.login('cat'));
    b.view.news = 'well';
    await a.auth.refresh();
    await pass();
    expect(short(b.told)).toEqual(['signed-out local', 'signed-in local']);
    expect([b.token, b.auth.sessionId]).toEqual([a.token, a.auth.sessionId]);
  });

  test('R52: of several sessions that were missed, the own one’s end is told, with its own reason', async () => {
    const { tabs, server } = await openTabs(2);
    const [a, b] = tabs;
    const { sessionId } = b.auth;
    b.view.news = 'lost';
    await a.auth.signIn(server.login('bob'));
    await a.auth.signOut();
    b.view.news = 'well';
    await a.auth.signIn(server.login('cat'));
    await pass();
    expect(b.told.map(([event, payload]) => [event, payload])).toEqual([
      ['signed-out', { sessionId, reason: 'replaced', elsewhere: true }],
      [
        'signed-in',
        expect.objectContaining({ sessionId: a.auth.sessionId, cause: 'local', elsewhere: true }),
      ],
    ]);
  });

  test('R52: that says nothing new is no event, however often it comes', async () => {
    const { tabs, cell } = await openTabs(2);
    for (let times = 5; times; times--) {
      cell.put(cell.entry, true);
      await pass();
    }
    expect(tabs.map(({ told }) => told)).toEqual([[], []]);
  });
});

describe('R52: where news is missed', () => {
  test.each(['visibilitychange', 'pageshow', 'online', 'resume'] as const)(
    'R13, R52: a context that comes back (%s) reads before its next request',
    async (type) => {
      const page = createPage();
      const { tabs } = await openTabs(2, { cell: createCell({ ms: 10 }) });
      const [a, b] = tabs;
      b.view.news = 'lost';
      await during(a.auth.signOut(), 100);
      expect(b.auth.status).toBe('signed-in');
      page.fire(type);
      const sent = b.send();
      await pass(100);
      expect([await sent, b.auth.status]).toEqual(['session-changed', 'signed-out']);
    },
  );

  test.each([
    ['whose news is lost', true],
    ['without news', false],
  ])(
    'R52: in a store %s a refresh elsewhere is adopted before the next one is sent',
    async (_how, isWatched) => {
      const { tabs, server } = await openTabs(2, { cell: createCell({ isWatched }) });
      const [a, b] = tabs;
      b.view.news = 'lost';
      server.deny();
      expect(await a.send()).toBe(200);
      expect(await b.send()).toBe(200);
      await pass();
      expect([server.presented.length, b.token === a.token]).toEqual([1, true]);
      expect(short(b.told)).toEqual(['token-refreshed rejected']);
    },
  );

  test.each([
    ['sign-out', 'session-changed'],
    ['sign-in', 'session-changed'],
  ])('R32, R52: and a %s is found before a refresh: the request rejects, unsent', async (what, outcome) => {
    const { tabs, server } = await openTabs(2, { cell: createCell({ isWatched: false }) });
    const [a, b] = tabs;
    await (what === 'sign-out' ? a.auth.signOut() : a.auth.signIn(server.login('bob')));
    server.deny();
    const sent = server.api.length;
    expect(await b.send()).toBe(outcome);
    expect([server.presented, server.api.length - sent]).toEqual([[], 1]);
    expect(b.token).toBe(a.token);
  });

  test('R52: a context that was frozen through refreshes, a sign-out and a sign-in has missed one of each at most', async () => {
    const { tabs, server } = await openTabs(2);
    const [a, b] = tabs;
    b.view.freeze();
    for (let times = 3; times; times--) await a.auth.refresh();
    await a.auth.signOut();
    await a.auth.signIn(server.login('bob'));
    await a.auth.refresh();
    await pass(600_000);
    b.view.thaw();
    await pass();
    expect([b.token, b.auth.sessionId]).toEqual([a.token, a.auth.sessionId]);
    expect(short(b.told)).toEqual(['signed-out local', 'signed-in local']);
  });

  test('R52: a sign-in is found by the next refresh() of one who was signed out', async () => {
    const server = createServer();
    const cell = createCell({ isWatched: false });
    const [a, b] = [openTab(cell, server), openTab(cell, server)];
    await b.auth.ready;
    await a.auth.signIn(server.login());
    await b.auth.refresh();
    expect([b.auth.sessionId, await b.send()]).toEqual([a.auth.sessionId, 200]);
  });
});
