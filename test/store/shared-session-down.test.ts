/** A shared session while its store throws or hangs. */
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Fault } from '../support/ports.ts';
import { follow } from '../support/recorder.ts';
import { during, join, openContexts, pass } from './contexts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R53: a store that fails', () => {
  test.each(['throws', 'hangs'] as const)(
    '(%s) leaves a working session, and is written when it answers again',
    async (fault) => {
      const {
        contexts: [a, b],
      } = await openContexts(2);
      a.view.fail('replace', fault);
      const signedIn = follow(a.signIn('x'));
      await pass(fault === 'hangs' ? 5_000 : 0);
      expect([signedIn.state, a.token]).toEqual(['resolved', 'access-x']);
      expect(a.heard).toContain('store-failed write');
      a.view.heal();
      await pass(60_000);
      expect([b.token, vi.getTimerCount()]).toEqual(['access-x', 0]);
    },
  );

  test('that hangs is waited for 5 s once; after that callers wait no more', async () => {
    const {
      contexts: [a],
    } = await openContexts(1);
    a.view.fail('read', 'hangs');
    a.view.fail('replace', 'hangs');
    const first = follow(a.signIn('x'));
    await pass(4_999);
    expect(first.state).toBe('pending');
    await pass(1);
    expect(first.state).toBe('resolved');
    const next = follow(a.signOut());
    await pass();
    expect([next.state, a.token]).toEqual(['resolved', undefined]);
    expect(a.heard.filter((event) => event.startsWith('store-failed'))).toEqual(['store-failed write']);
  });

  test('while the very first read fails nobody is signed out: requests reject, and go on when it answers', async () => {
    const { cell } = await openContexts(1);
    const view = cell.open();
    view.fail('read', 'throws');
    const late = join(view.store);
    const settled = await during(late.sharing.settle(), 1_000);
    expect([settled, late.sharing.isRead()]).toMatchObject([
      { code: 'refresh-failed', retryAt: expect.any(Number) },
      false,
    ]);
    view.heal();
    await pass(60_000);
    await late.sharing.settle();
    expect([late.token, late.sharing.isRead(), vi.getTimerCount()]).toEqual(['access-a', true, 0]);
  });

  test('R62: a sign-in then works in memory, and follows what it was to replace', async () => {
    const { cell, contexts } = await openContexts(1);
    await pass(1);
    const view = cell.open();
    view.fail('read', 'hangs');
    view.fail('replace', 'hangs');
    const late = join(view.store);
    await during(late.signIn('x'), 5_000);
    expect(late.token).toBe('access-x');
    view.heal();
    await pass(60_000);
    expect([late.token, contexts[0].token]).toEqual(['access-x', 'access-x']);
  });

  test.each<Fault>(['throws', 'lost', 'denied', 'hangs'])(
    'once, at a sign-out (%s): signed out here, then everywhere',
    async (fault) => {
      const {
        contexts: [a, b],
        open,
      } = await openContexts(2);
      a.view.fail('replace', fault, 1);
      const end = follow(a.signOut());
      expect(a.token).toBeUndefined();
      await pass(60_000);
      const late = open();
      await pass();
      expect([end.state, b.token, late.token]).toEqual(['resolved', undefined, undefined]);
    },
  );

  test('R70: shows nothing of what it threw but a summary, and no token', async () => {
    const {
      contexts: [a],
    } = await openContexts(1);
    const thrown = Object.assign(new Error('could not write {"accessToken":"access-s3cr3t"}'), {
      code: 'EIO',
      entry: 'refresh-s3cr3t',
    });
    a.view.port.replace = () => Promise.reject(thrown);
    await a.signIn('s3cr3t', 'another session');
    const [, payload] = a.told.find(([event]) => event === 'store-failed') ?? [];
    expect(payload).toMatchObject({ operation: 'write', error: { code: 'EIO' } });
    expect((payload as { error: Error }).error).not.toBe(thrown);
    expect(inspect(a.told, { depth: null, showHidden: true })).not.toContain('s3cr3t');
  });

  test('R54: while tokens that a refresh has brought cannot be written, nobody presents the spent one', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2);
    const refreshed = follow(a.refresh('b', { before: () => a.view.fail('replace', 'throws') }));
    await pass(100);
    expect([refreshed.state, a.token]).toEqual(['resolved', 'access-b']);
    const other = follow(b.refresh('c'));
    await pass(10_000);
    expect([other.state, b.presented]).toEqual(['pending', []]);
    a.view.heal();
    await pass(30_000);
    expect([other.state, b.presented, b.token]).toEqual(['resolved', [], 'access-b']);
  });

  test('R61: closed while that lasts, a context leaves no timer', async () => {
    const {
      contexts: [a, b],
    } = await openContexts(2);
    a.refresh('b', { before: () => a.view.fail('replace', 'throws') });
    await pass(100);
    for (const one of [a, b]) {
      one.sessions.close();
      one.sharing.close();
    }
    await pass(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('R57: that cannot be watched says so, and works', async () => {
    const {
      cell,
      contexts: [a],
    } = await openContexts(1);
    const view = cell.open();
    view.port.watch = () => {
      throw new Error('no subscriptions here');
    };
    const late = join(view.store);
    await late.sharing.settle();
    expect([late.token, late.heard]).toEqual(['access-a', expect.arrayContaining(['store-failed read'])]);
    await a.refresh('b');
    late.sharing.wake();
    await late.sharing.settle();
    expect(late.token).toBe('access-b');
  });
});
