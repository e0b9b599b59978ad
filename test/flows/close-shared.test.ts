/** R61: a manager that is closed beside others over the same store. */
import type { Lock } from 'evertoken';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createStage, grant, nth } from '../support/capturing.ts';
import { createCell } from '../support/cell.ts';
import { follow, record } from '../support/recorder.ts';
import { createManager, createWorld } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const closed = { state: 'rejected', value: { name: 'TokenError', code: 'closed' } };
const tick = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('R61: everybody who waits for another context’s refresh, or for the lock, rejects with closed at once', async () => {
  for (const isLocked of [false, true]) {
    const cell = createCell();
    const other = createStage({ store: cell.open() });
    other.holdRefreshes();
    await other.auth.signIn({ ...first, expires_in: 1 });
    await vi.advanceTimersByTimeAsync(2_000);
    let request: AbortSignal | undefined;
    const lock: Lock = (_task, { signal }) => {
      request = signal;
      return new Promise(() => {});
    };
    const world = createWorld();
    const auth = createManager(world, { store: cell.open(isLocked ? { lock } : {}) });
    await auth.ready;
    void follow(other.auth.refresh());
    await tick();
    const waiting = [follow(auth.refresh()), follow(auth.getAccessToken())];
    await vi.advanceTimersByTimeAsync(100);
    auth.close();
    await tick();
    expect(waiting).toMatchObject([closed, closed]);
    if (isLocked) expect(request?.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(world.refreshes).toEqual([]);
    other.auth.close();
  }
});

test('R61: other contexts are told of what it stores', async () => {
  const cell = createCell();
  const { auth, refreshing, holdRefreshes } = createStage({ store: cell.open() });
  holdRefreshes();
  await auth.signIn(first);
  const other = createManager(createWorld(), { store: cell.open() });
  await other.ready;
  const told = record(other);
  void follow(auth.refresh());
  await tick();
  auth.close();
  nth(refreshing, 0).answer(grant('rotated', 'rotated-refresh'));
  await tick();
  expect(other.tokens?.accessToken).toBe('rotated');
  expect(told).toMatchObject([['token-refreshed', { cause: 'manual', elsewhere: true }]]);
});
