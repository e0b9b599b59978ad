/** R53: a store that throws or hangs leaves a working session in memory. */
import type { TokenEvents } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell, type Fault } from '../support/ports.ts';
import { follow, short, type Told } from '../support/recorder.ts';
import { createServer, during, openTab, openTabs, outcomeOf, pass, type Tab } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const faults: Fault[] = ['throws', 'hangs'];

const spoil = ({ view }: Tab, fault: Fault, times?: number) => {
  for (const operation of ['read', 'replace'] as const) view.fail(operation, fault, times);
};

const failures = (told: Told[]) =>
  told
    .filter(([event]) => event === 'store-failed')
    .map(([, payload]) => payload as TokenEvents['store-failed']);
const facts = (told: Told[]) => short(told).filter((event) => !event.startsWith('store-failed'));

/** How long a call takes (ms). */
async function timed(call: Promise<unknown>): Promise<number> {
  const began = Date.now();
  let took = Number.NaN;
  const end = () => {
    took = Date.now() - began;
  };
  call.then(end, end);
  for (let step = 0; step < 200 && Number.isNaN(took); step++) await pass(100);
  return took;
}

describe('R53: where the store has never answered', () => {
  test.each(faults)('R53: (it %s) sign-in, requests, refresh and sign-out work in memory', async (fault) => {
    const server = createServer();
    const tab = openTab(createCell(), server);
    spoil(tab, fault);
    await during(tab.auth.signIn(server.login()), 5_000);
    expect(await tab.send()).toBe(200);
    server.deny();
    expect(await during(tab.send(), 5_000)).toBe(200);
    await during(tab.auth.refresh(), 5_000);
    await during(tab.auth.signOut(), 5_000);
    expect(facts(tab.told)).toEqual([
      'signed-in local',
      'token-refreshed rejected',
      'token-refreshed manual',
      'signed-out local',
    ]);
    expect(failures(tab.told).length).toBeGreaterThan(0);
    expect(server.reused).toEqual([]);
  });

  test('R53: everything hangs: 5 s for the first who waits, nobody waits after that', async () => {
    const server = createServer();
    const tab = openTab(createCell(), server);
    spoil(tab, 'hangs');
    expect(await timed(tab.auth.signIn(server.login()))).toBeLessThanOrEqual(5_000);
    server.deny();
    for (const call of [
      () => tab.send(),
      () => tab.auth.refresh(),
      () => tab.send(),
      () => tab.auth.signOut(),
    ]) {
      expect(await timed(call())).toBeLessThanOrEqual(100);
    }
    expect(server.api.slice(1)).toEqual(['access-ann-2', 'access-ann-3']);
  });

  test.each(faults)(
    'R53: (the first read %s) who is signed in is not known: `ready` resolves, requests reject, and nothing is sent',
    async (fault) => {
      const { cell, server } = await openTabs(1);
      const tab = openTab(cell, server);
      spoil(tab, fault);
      const sent = server.api.length;
      const ready = follow(tab.auth.ready);
      const request = follow(tab.auth.fetch('https://api.example.com/me'));
      await pass(5_000);
      expect([ready.state, request.state, tab.auth.status]).toEqual(['resolved', 'rejected', 'unknown']);
      expect(request.value).toMatchObject({ code: 'refresh-failed', retryAt: expect.any(Number) });
      expect(server.api.length).toBe(sent);
      expect(failures(tab.told).map(({ operation }) => operation)).toContain('read');
      tab.view.heal();
      await pass(60_000);
      expect([await during(tab.send(), 1_000), tab.auth.status]).toEqual([200, 'signed-in']);
    },
  );

  test('R53: once it answers, the session that began meanwhile is stored and shared', async () => {
    const server = createServer();
    const cell = createCell();
    const tab = openTab(cell, server);
    spoil(tab, 'throws');
    await tab.auth.signIn(server.login());
    await tab.auth.refresh();
    tab.view.heal();
    await pass(60_000);
    const other = openTab(cell, server);
    expect([await other.send(), other.token, other.auth.sessionId]).toEqual([
      200,
      tab.token,
      tab.auth.sessionId,
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('R53: where the store fails later', () => {
  test.each(faults)(
    'R53: (it %s) a good token goes on, and a refresh is refresh-failed with retryAt',
    async (fault) => {
      const { server, tabs } = await openTabs(1);
      const [tab] = tabs;
      spoil(tab, fault);
      expect(await timed(tab.send())).toBe(0);
      server.deny();
      const request = follow(tab.auth.fetch('https://api.example.com/me'));
      await pass(15_000);
      expect(request.value).toMatchObject({ code: 'refresh-failed', retryAt: expect.any(Number) });
      expect([server.presented, tab.auth.status]).toEqual([[], 'signed-in']);
      tab.view.heal();
      await pass(60_000);
      expect(await during(tab.send(), 1_000)).toBe(200);
      expect([server.presented.length, server.reused]).toEqual([1, []]);
    },
  );

  test.each(faults)(
    'R53: (it %s) unless the store says `whenDown: alone`; then what it brings is written later',
    async (fault) => {
      const { cell, server, tabs } = await openTabs(1, {
        cell: createCell({ whenDown: 'alone', contexts: 'one' }),
      });
      const [tab] = tabs;
      spoil(tab, fault);
      server.deny();
      expect(await during(tab.send(), 15_000)).toBe(200);
      tab.view.heal();
      await pass(60_000);
      const next = openTab(cell, server);
      expect([await next.send(), next.token]).toEqual([200, tab.token]);
      expect(server.reused).toEqual([]);
    },
  );

  test.each(faults)(
    'R53: (a sign-out’s write %s) it signs out at once, and everybody once the store answers',
    async (fault) => {
      const { tabs, open } = await openTabs(2);
      const [tab, other] = tabs;
      spoil(tab, fault);
      const out = tab.auth.signOut();
      expect(tab.auth.status).toBe('signed-out');
      await during(out, 5_000);
      tab.view.heal();
      await pass(60_000);
      expect([tab, other, open()].map(({ auth }) => auth.status)).toEqual([
        'signed-out',
        'signed-out',
        'unknown',
      ]);
      const next = open();
      await next.auth.ready;
      expect([next.auth.status, facts(other.told), facts(tab.told)]).toEqual([
        'signed-out',
        ['signed-out local'],
        ['signed-out local'],
      ]);
    },
  );

  test.each(faults)(
    'R39, R53: (the commit’s write %s) new tokens are used all the same, and written later',
    async (fault) => {
      const { cell, server, tabs } = await openTabs(1, { server: createServer({ ms: 1_000 }) });
      const [tab] = tabs;
      server.deny();
      const request = tab.send();
      await pass(700);
      tab.view.fail('replace', fault);
      expect(await during(request, 6_000)).toBe(200);
      expect(failures(tab.told)[0]?.operation).toBe('write');
      expect(facts(tab.told)).toEqual(['token-refreshed rejected']);
      tab.view.heal();
      await pass(60_000);
      expect(cell.entry?.value).toContain('refresh-ann-2');
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  test('R53: 5 s for whatever a caller waits for, however many calls that takes', async () => {
    const server = createServer();
    const tab = openTab(createCell({ ms: 3_000 }), server);
    expect(await timed(tab.auth.signIn(server.login()))).toBeLessThanOrEqual(5_000);
    await pass(60_000);
    expect(failures(tab.told).length).toBeGreaterThan(0);
    expect(facts(tab.told)).toEqual(['signed-in local']);
  });

  test('R53: a write that takes 4 s is awaited, and no failure', async () => {
    const server = createServer();
    const cell = createCell();
    const tab = openTab(cell, server);
    await pass();
    tab.view.ms = 4_000;
    expect(await timed(tab.auth.signIn(server.login()))).toBe(4_000);
    expect(short(tab.told)).toEqual(['signed-in local']);
    expect(cell.entry?.value).toContain('refresh-ann-1');
  });
});

test('R33, R53: a caller that gives up does not wait for a store that hangs', async () => {
  const { auth, view } = openTab(createCell(), createServer());
  view.fail('read', 'hangs');
  const controller = new AbortController();
  const { signal } = controller;
  const calls = [
    auth.fetch('https://api.example.com/me', { signal }),
    auth.fetch(new Request('https://api.example.com/me', { signal })),
    auth.getAccessToken({ signal }),
    auth.refresh({ signal }),
  ].map(outcomeOf);
  await pass();
  controller.abort();
  expect(await Promise.all(calls)).toEqual(Array(4).fill('AbortError'));
  await pass(10_000);
});
