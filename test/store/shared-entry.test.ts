/** The entry of a store: every change is compared with the newest one and made in one step. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Core } from '../../src/core.ts';
import { createTokenManager, memoryStore } from '../../src/index.ts';
import { expire } from '../../src/session/changes.ts';
import { createCell } from '../support/ports.ts';
import { during, openContexts, pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('R51: an entry that is known is not read into tokens again, which would be kept twice', async () => {
  const accept = vi.spyOn(Core.prototype, 'accept');
  const refresh = async () => ({ access_token: 'b', refresh_token: 'r' });
  const auth = createTokenManager({ refresh, store: memoryStore(), allow: 'https://api.example.com' });
  await auth.signIn({ access_token: 'a', refresh_token: 'r' });
  await auth.refresh();
  auth.close();
  expect(accept.mock.calls.map(([answer]) => answer)).toEqual([
    { access_token: 'a', refresh_token: 'r' },
    { access_token: 'b', refresh_token: 'r' },
  ]);
});

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
