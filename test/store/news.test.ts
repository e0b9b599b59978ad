/** What a context does when the entry may have changed. */

import { type StorePort, tokenStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { broken, createCell } from '../support/ports.ts';
import { during, join, openContexts, pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

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

  test('R53: is heard again after a read that hung for ever, also where nobody calls', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2);
    b.view.fail('read', 'hangs');
    await a.signIn('x');
    await pass(6_000);
    b.view.heal();
    await pass(60_000);
    expect(b.token).toBe('access-x');
    await a.signIn('y');
    await pass();
    expect(b.token).toBe('access-y');
  });

  test('R53: of an entry that lacks what is held here: a failed write is told as one, whatever is asked after it', async () => {
    let hear = () => {};
    const port: StorePort = {
      read: async () => undefined,
      replace: async () => Promise.reject(broken),
      watch(listener) {
        hear = listener;
        return () => {};
      },
    };
    const a = join(tokenStore(port));
    await a.signIn('x');
    for (let times = 0; times < 3; times++) {
      hear();
      a.sharing.wake();
      await pass();
    }
    const operations = a.told.flatMap(([event, payload]) =>
      event === 'store-failed' ? [(payload as { operation: string }).operation] : [],
    );
    expect(operations.length).toBeGreaterThan(3);
    expect(new Set(operations)).toEqual(new Set(['write']));
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
    expect([b.sharing.isOpening(), b.token]).toEqual([true, 'access-a']);
    await during(b.sharing.settle(), 100);
    expect([b.sharing.isOpening(), b.token]).toEqual([false, 'access-x']);
  });
});
