/** A shared session whose store holds the entry of another client. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { during, join, openContexts, pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

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

describe('R53: the entry of somebody else that a running session finds', () => {
  async function openForeign() {
    const opened = await openContexts(2, { id: 'shop' });
    const { cell } = opened;
    cell.put({ version: 'theirs', value: JSON.stringify({ ...cell.value, client: 'admin' }) }, true);
    await pass();
    return { ...opened, theirs: cell.entry };
  }

  test('is told once, left alone, and the session goes on', async () => {
    const { cell, contexts, theirs } = await openForeign();
    for (const { token, heard } of contexts)
      expect([token, heard]).toEqual(['access-a', ['store-failed read']]);
    await contexts[0].change((now) => ({ ...now, failure: { count: 1, at: 1, retryAt: 2 } }));
    await pass(60_000);
    expect([cell.entry, contexts[0].token]).toEqual([theirs, 'access-a']);
  });

  test('R54: its refresh token is not presented: no lease can be taken', async () => {
    const {
      contexts: [a],
    } = await openForeign();
    expect([await during(a.refresh('b'), 100), a.presented]).toEqual([expect.any(Error), []]);
  });

  test('is replaced by a sign-out', async () => {
    const {
      cell,
      contexts: [a, b],
    } = await openForeign();
    await a.signOut();
    await pass();
    expect([cell.value?.['client'], b.token]).toEqual(['shop', undefined]);
  });
});
