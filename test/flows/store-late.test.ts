/** R39, R51, R53: what could not be written. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPage } from '../support/page.ts';
import { short } from '../support/recorder.ts';
import { createServer, during, openTabs, pass } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('R39: new tokens', () => {
  test('R39: are stored before they are used', async () => {
    const { cell, server, tabs } = await openTabs(1);
    const [tab] = tabs;
    server.deny();
    tab.view.ms = 1_000;
    const request = tab.send();
    // Two calls take the lease, the third commits.
    await pass(2_400);
    expect([server.presented.length, tab.token, tab.told, server.api.length]).toEqual([
      1,
      'access-ann-1',
      [],
      1,
    ]);
    expect(cell.entry?.value).not.toContain('access-ann-2');
    await pass(200);
    expect(cell.entry?.value).toContain('access-ann-2');
    await pass(500);
    expect([await request, tab.token]).toEqual([200, 'access-ann-2']);
  });

  test('R39: that could not be stored are not replaced by the older entry that is read later', async () => {
    const page = createPage();
    const { cell, server, tabs } = await openTabs(1, { server: createServer({ ms: 1_000 }) });
    const [tab] = tabs;
    server.deny();
    const request = tab.send();
    await pass(700);
    tab.view.fail('replace', 'throws');
    await during(request, 1_000);
    page.fire('visibilitychange');
    expect(await during(tab.send(), 100)).toBe(200);
    expect(server.api.at(-1)).toBe('access-ann-2');
    tab.view.heal();
    await during(tab.auth.refresh(), 5_000);
    expect([server.presented, server.reused]).toEqual([['refresh-ann-1', 'refresh-ann-2'], []]);
    expect(cell.entry?.value).toContain('refresh-ann-3');
  });

  test('R53: of a write that failed once are written again: a restart presents the living refresh token', async () => {
    const { server, tabs, open } = await openTabs(1, { server: createServer({ ms: 1_000 }) });
    const [tab] = tabs;
    server.deny();
    const request = tab.send();
    await pass(700);
    tab.view.fail('replace', 'throws', 1);
    tab.view.fail('read', 'throws', 1);
    expect(await during(request, 1_000)).toBe(200);
    await pass(10_000);
    tab.auth.close();
    server.deny();
    expect(await during(open().send(), 5_000)).toBe(200);
    expect(server.reused).toEqual([]);
  });

  test('R53: of a write that failed do not keep a context from following when somebody else signs in elsewhere', async () => {
    const { server, tabs } = await openTabs(2, { server: createServer({ ms: 1_000 }) });
    const [a, b] = tabs;
    const refreshed = a.auth.refresh();
    await pass(700);
    a.view.fail('replace', 'throws');
    await during(refreshed, 1_000);
    expect(a.token).toBe('access-ann-2');
    await b.auth.signIn(server.login('bob'));
    await pass(100);
    expect([a.token, a.auth.sessionId]).toEqual([b.token, b.auth.sessionId]);
    a.view.heal();
    await pass(60_000);
    expect([a.token, b.token]).toEqual(['access-bob-3', 'access-bob-3']);
    expect(short(a.told).filter((event) => event.startsWith('signed'))).toEqual([
      'signed-out replaced',
      'signed-in local',
    ]);
    await b.auth.signOut();
    await pass();
    expect([a, b].map(({ auth }) => auth.status)).toEqual(['signed-out', 'signed-out']);
  });

  test('R53: of a sign-in that could not be stored win over the session that was there before', async () => {
    const { server, tabs } = await openTabs(2);
    const [a, b] = tabs;
    for (const operation of ['read', 'replace'] as const) a.view.fail(operation, 'throws');
    await a.auth.signIn(server.login('bob'));
    a.view.heal();
    await pass(60_000);
    expect([a.token, b.token]).toEqual(['access-bob-2', 'access-bob-2']);
  });

  test('R53: and give way to somebody else’s session that has begun meanwhile, and both go on', async () => {
    const { server, tabs } = await openTabs(2);
    const [a, b] = tabs;
    for (const operation of ['read', 'replace'] as const) a.view.fail(operation, 'throws');
    await a.auth.signIn(server.login('bob'));
    await b.auth.signIn(server.login('cat'));
    a.view.heal();
    await pass(60_000);
    expect([a.token, b.token]).toEqual(['access-cat-3', 'access-cat-3']);
    expect(await b.send()).toBe(200);
  });
});

describe('R53: a sign-in before the store could ever be read', () => {
  test.each([
    ['replaces the session that was there before', false],
    ['gives way to one that has begun elsewhere since', true],
  ])('R53: %s', async (_what, isOvertaken) => {
    const { server, tabs, open } = await openTabs(1);
    const [a] = tabs;
    const late = open();
    for (const operation of ['read', 'replace'] as const) late.view.fail(operation, 'throws');
    await pass(1_000);
    await during(late.auth.signIn(server.login('bob')), 6_000);
    await pass(1_000);
    if (isOvertaken) await a.auth.signIn(server.login('cat'));
    late.view.heal();
    await pass(60_000);
    expect(late.token).toMatch(isOvertaken ? /^access-cat/ : /^access-bob/);
    expect([a.token, a.auth.sessionId]).toEqual([late.token, late.auth.sessionId]);
  });

  test('R53: and one that follows a sign-in whose write hangs is not undone by that one’s late answer', async () => {
    const { server, tabs } = await openTabs(2);
    const [a, b] = tabs;
    a.view.ms = 40_000;
    await during(a.auth.signIn(server.login('bob')), 5_000);
    await a.auth.signIn(server.login('cat'));
    for (let second = 0; second < 50; second++) {
      await pass(1_000);
      expect(a.token).toMatch(/^access-cat/);
    }
    a.view.ms = 0;
    await pass(200_000);
    expect([a.token, b.token]).toEqual(['access-cat-3', 'access-cat-3']);
  });
});

describe('R51: a sign-out', () => {
  test.each(['throws', 'hangs'] as const)('R51: whose write %s once holds after a restart', async (fault) => {
    const { server, tabs, open } = await openTabs(1);
    const [tab] = tabs;
    tab.view.fail('replace', fault, 1);
    await during(tab.auth.signOut(), 5_000);
    await pass(20_000);
    tab.auth.close();
    const next = open();
    await next.auth.ready;
    expect([next.auth.status, next.token, next.told]).toEqual(['signed-out', undefined, []]);
    expect(server.presented).toEqual([]);
  });

  test('R51: is not undone by an older entry that comes back: who knows of it writes it again', async () => {
    const { cell, tabs, open } = await openTabs(3);
    const [a, b, c] = tabs;
    const before = cell.entry;
    await a.auth.signOut();
    await pass();
    cell.put(before, true);
    await pass(10_000);
    expect([a, b, c].map(({ auth }) => auth.status)).toEqual(['signed-out', 'signed-out', 'signed-out']);
    const next = open();
    await next.auth.ready;
    expect(next.auth.status).toBe('signed-out');
    for (const { told } of [a, b, c]) expect(short(told)).toEqual(['signed-out local']);
  });

  test('R51: the last four ends are in the entry: one who has opened since knows of them', async () => {
    const { cell, server, tabs, open } = await openTabs(1);
    const [a] = tabs;
    const entries = [cell.entry];
    for (const user of ['bob', 'cat', 'dan', 'eve']) {
      if (user === 'cat') await a.auth.signOut();
      await a.auth.signIn(server.login(user));
      entries.push(cell.entry);
    }
    a.auth.close();
    entries.pop();
    const late = open();
    await late.auth.ready;
    for (const entry of entries) {
      cell.put(entry, true);
      await pass(10_000);
      expect(late.token).toBe('access-eve-5');
      const next = open();
      await next.auth.ready;
      expect(next.token).toBe('access-eve-5');
      next.auth.close();
    }
    expect(short(late.told)).toEqual(['signed-in restored']);
  });
});
