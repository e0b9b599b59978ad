/** R51: entries that are gone, and answers that were lost. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell, type Fault } from '../support/ports.ts';
import { short } from '../support/recorder.ts';
import { createServer, during, openTab, openTabs, outcomeOf, pass } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R51: the entry is gone', () => {
  test('R51: that ends the session everywhere', async () => {
    const { cell, server, tabs } = await openTabs(2);
    cell.put(undefined, true);
    await pass(1_000);
    expect(tabs.map(({ auth }) => auth.status)).toEqual(['signed-out', 'signed-out']);
    expect(tabs.map(({ told }) => short(told))).toEqual([['signed-out local'], ['signed-out local']]);
    await pass(60_000);
    expect([cell.entry, server.presented]).toEqual([undefined, []]);
  });

  test.each([true, false])(
    'R51: but in a store that forgets it is written back (with news: %s)',
    async (isTold) => {
      const { cell, server, tabs, open } = await openTabs(2, { cell: createCell({ forgets: true }) });
      cell.put(undefined, isTold);
      server.deny();
      expect(await during(Promise.all(tabs.map(({ send }) => send())), 10_000)).toEqual([200, 200]);
      await pass(10_000);
      expect([server.presented.length, server.reused]).toEqual([1, []]);
      expect(await open().send()).toBe(200);
      expect(tabs.map(({ told }) => short(told))).toEqual([
        ['token-refreshed rejected'],
        ['token-refreshed rejected'],
      ]);
    },
  );

  test('R51: not by a context that has not used it for longer than an end is kept', async () => {
    const { cell, tabs } = await openTabs(1, { cell: createCell({ forgets: true }) });
    await pass(8 * 24 * 3_600_000);
    cell.put(undefined, true);
    await pass(60_000);
    expect([tabs[0].auth.status, cell.entry]).toEqual(['signed-out', undefined]);
  });
});

describe('R51: a store that comes back with an older entry', () => {
  /** It has lost the refresh that one context made, and who opens it now knows of none. */
  async function lose() {
    const world = await openTabs(1);
    const { cell, server, tabs } = world;
    const older = cell.entry;
    server.deny();
    expect(await during(tabs[0].send(), 1_000)).toBe(200);
    cell.put(older, true);
    return { ...world, older };
  }

  test('R51: has the newer tokens again as soon as there is news, with no pause', async () => {
    const { cell, older } = await lose();
    await pass(1);
    expect(cell.entry?.version).not.toBe(older?.version);
    expect(cell.value).toMatchObject({ state: { rotation: 1 } });
  });

  test('R51: so another context that wants to refresh presents no spent token', async () => {
    const { cell, server } = await lose();
    await pass(1);
    server.deny();
    expect(await during(openTab(cell, server).send(), 10_000)).toBe(200);
    expect([server.presented.length, server.reused]).toEqual([2, []]);
  });
});

describe.each<Fault>(['lost', 'denied'])('R51: an answer of `replace` that is lost (%s)', (fault) => {
  test('R51: is found out: sign-in, refresh and sign-out are made once, with one event and no failure', async () => {
    const server = createServer();
    const cell = createCell();
    const [a, b] = [openTab(cell, server), openTab(cell, server)];
    await pass();
    a.view.fail('replace', fault);
    await a.auth.signIn(server.login());
    server.deny();
    expect(await a.send()).toBe(200);
    await pass();
    expect([server.presented.length, b.token]).toEqual([1, a.token]);
    await a.auth.signOut();
    await pass();
    for (const { told } of [a, b]) {
      expect(short(told)).toEqual(['signed-in local', 'token-refreshed rejected', 'signed-out local']);
    }
    expect([vi.getTimerCount(), await outcomeOf(b.auth.refresh())]).toEqual([0, 'session-ended']);
  });
});
