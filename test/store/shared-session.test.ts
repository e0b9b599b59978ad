/** One session of many contexts: every change is compared with the newest entry and made in one step. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { expire } from '../../src/session/changes.ts';
import { createCell } from '../support/ports.ts';
import { during, join, openContexts, pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R51: a change', () => {
  test('is made to the newest entry, whatever this context had seen of it', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell({ isWatched: false }) });
    await a.refresh('b');
    await b.refresh('c');
    expect([a.presented, b.presented, b.token]).toEqual([['refresh-a'], [], 'access-b']);
    await b.signOut();
    expect(await a.change((now) => now)).toBe(true);
    expect(a.token).toBeUndefined();
  });

  test('R30: that does not find what it expects is not made, and writes nothing', async () => {
    const {
      contexts: [a],
    } = await openContexts(2);
    expect(await a.change(() => undefined)).toBe(false);
    expect(a.view.calls).toEqual([]);
  });

  test.each([
    [1, 'sign-in', 'sign-out'],
    [2, 'sign-out', 'refresh'],
    [3, 'refresh', 'sign-in'],
    [4, 'refresh', 'sign-out'],
    [5, 'sign-in', 'sign-in'],
  ] as const)(
    '%i: of a %s and a %s at the same time both contexts end up with the same',
    async (_n, one, other) => {
      const { contexts, cell, open } = await openContexts(2, { cell: createCell({ ms: 10 }) });
      const act = { 'sign-in': 'signIn', 'sign-out': 'signOut', refresh: 'refresh' } as const;
      const [a, b] = contexts;
      const calls = [a[act[one]]('x' as never), b[act[other]]('y' as never)];
      await during(Promise.allSettled(calls), 60_000);
      const late = open();
      await pass(1_000);
      expect([a.token, b.token]).toEqual([late.token, late.token]);
      const versions = cell.history.map(({ version }) => version);
      expect(new Set(versions).size).toBe(versions.length);
    },
  );

  test('has a version that no entry ever had, also when nothing else changes', async () => {
    const { cell, contexts } = await openContexts(1);
    for (let times = 0; times < 5; times++) await contexts[0].change((now) => now);
    const versions = cell.history.map(({ version }) => version);
    expect(new Set(versions).size).toBe(versions.length);
  });

  test.each(['lost', 'denied'] as const)(
    'whose answer was %s is its own success, made and told once',
    async (fault) => {
      const {
        contexts: [a],
        cell,
      } = await openContexts(2);
      a.view.fail('replace', fault, 1);
      const count = cell.history.length;
      expect(await a.change((now) => ({ ...now, held: undefined, end: { reason: 'ended', at: 1 } }))).toBe(
        true,
      );
      expect([cell.history.length - count, a.heard, vi.getTimerCount()]).toEqual([
        1,
        ['signed-out ended'],
        0,
      ]);
    },
  );

  test('is made in the end, however often another context comes in between', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2);
    const { replace } = a.view.port;
    let others = 6;
    a.view.port.replace = async (...args) => {
      if (others-- > 0) await b.change((now) => now);
      return replace(...args);
    };
    expect(await during(a.signOut(), 1_000)).toBeDefined();
    expect([others, b.token]).toEqual([-1, undefined]);
  });

  test('R35: no session is ended by this context on a read that no replacement has confirmed', async () => {
    const {
      contexts: [a],
      cell,
    } = await openContexts(2, { cell: createCell({ isWatched: false }) });
    const was = a.sessions.current.state;
    const value = { ...cell.value, state: { ...(cell.value?.['state'] as object), rotation: 1 } };
    cell.put({ version: 'newer', value: JSON.stringify(value) });
    expect(await a.change(expire(was))).toBe(false);
    expect([a.token, cell.entry?.version]).toEqual(['access-a', 'newer']);
  });
});

describe('R52: news', () => {
  test('of a sign-in, a refresh and a sign-out reaches the others, with its own cause', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2);
    await a.signOut();
    await pass();
    await a.signIn('x');
    await pass();
    await a.refresh('y', { cause: 'expired' });
    await pass();
    expect(b.heard).toEqual(['signed-out local', 'signed-in local', 'token-refreshed expired']);
    expect(b.told.every(([, payload]) => (payload as { elsewhere?: boolean }).elsewhere)).toBe(true);
  });

  test('is followed by one read, however many there are at once; commits between two reads count as one', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell({ ms: 10 }) });
    b.view.freeze();
    for (const name of ['x', 'y', 'z']) await during(a.signIn(name), 100);
    b.view.thaw();
    await pass(100);
    expect(b.view.calls.length).toBeLessThanOrEqual(2);
    expect([b.token, b.heard]).toEqual([a.token, ['signed-out replaced', 'signed-in local']]);
  });

  test('that comes while the store is read is followed by another read', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell({ ms: 100 }) });
    for (const name of ['x', 'y', 'z']) {
      a.signIn(name);
      await pass(130);
    }
    await pass(1_000);
    expect([a.token, b.token]).toEqual(['access-z', 'access-z']);
  });

  test('of one manager is told to the others of this very store, also where the store has none', async () => {
    const cell = createCell({ isWatched: false });
    const { store } = cell.open();
    const [a, b] = [join(store), join(store)];
    await pass();
    await a.signIn('x');
    await pass();
    expect(b.token).toBe('access-x');
  });

  test('after a wake-up is read, and requests wait for it', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell({ isWatched: false, ms: 10 }) });
    await during(a.signIn('x'), 100);
    b.sharing.wake();
    expect([b.sharing.isOpening, b.token]).toEqual([true, 'access-a']);
    await during(b.sharing.settle(), 100);
    expect([b.sharing.isOpening, b.token]).toEqual([false, 'access-x']);
  });
});

describe('R32: a sign-out', () => {
  test('answers the newest tokens, also those that only the store knew of', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell({ isWatched: false }) });
    await a.refresh('b');
    expect(b.token).toBe('access-a');
    expect(await b.signOut()).toMatchObject({ tokens: { refreshToken: 'refresh-b' } });
  });

  test('means the session that a sign-in before it is just beginning', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell({ ms: 100 }) });
    const calls = Promise.all([a.signIn('x'), a.signOut()]);
    await during(calls, 2_000);
    expect([a.token, b.token]).toEqual([undefined, undefined]);
  });

  test('does not mean one that another context has begun', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2, { cell: createCell({ isWatched: false }) });
    await a.signIn('x');
    await b.signOut();
    await b.change((now) => now);
    expect([b.token, a.token]).toEqual(['access-x', 'access-x']);
  });

  test('R51: is not undone by an older entry that comes back', async () => {
    const {
      contexts: [a, b],
      cell,
    } = await openContexts(2);
    const older = cell.entry;
    await a.signOut();
    await pass();
    cell.put(older, true);
    await pass(60_000);
    const { state } = cell.value as { state: { end?: object } };
    expect([a.token, b.token, state.end]).toEqual([
      undefined,
      undefined,
      expect.objectContaining({ reason: 'local' }),
    ]);
  });
});

describe('R61: a context that is closed', () => {
  test('hears nothing more, and leaves no timer', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2);
    b.view.fail('replace', 'throws');
    await b.signIn('x');
    b.sessions.close();
    b.sharing.close();
    b.view.calls.length = 0;
    await a.signIn('y');
    await pass(60_000);
    expect([b.view.calls, vi.getTimerCount()]).toEqual([[], 0]);
  });
});
