/** The session of one manager, as its store shares it with others. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { tokenStore } from '../../src/store/token-store.ts';
import { createTokenManager } from '../../src/token-manager.ts';
import { createCell } from '../support/ports.ts';
import { during, join, openContexts, pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers({ toNotFake: ['setImmediate'] }));
afterEach(() => void vi.useRealTimers());

test("R53: what a port throws as it stops watching, also later, is nobody's unhandled rejection", async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  const fail = async () => {
    throw new Error('UNLISTEN failed');
  };
  const store = tokenStore({ read: async () => undefined, replace: async () => true, watch: () => fail });
  createTokenManager({ refresh: fail, allow: 'https://api.example.com', store }).close();
  await new Promise(setImmediate);
  process.off('unhandledRejection', unhandled);
  expect(unhandled).not.toHaveBeenCalled();
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

describe('R50: the entry of another client', () => {
  test('is reported and left alone, until somebody signs in', async () => {
    const { cell } = await openContexts(1, { id: 'shop' });
    const { entry } = cell;
    const other = join(cell.open().store, { id: 'admin' });
    await other.sharing.settle();
    expect([other.token, other.heard]).toEqual([undefined, ['store-failed read']]);
    await pass(60_000);
    expect(cell.entry).toBe(entry);
    await other.signIn('x');
    expect([cell.value?.['client'], other.token]).toEqual(['admin', 'access-x']);
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
