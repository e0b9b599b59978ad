import { setImmediate as turn } from 'node:timers/promises';
import { type Lock, tokenStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { follow, record } from '../support/recorder.ts';
import { API, createManager, createWorld, deferred } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const tick = () => vi.advanceTimersByTimeAsync(0);

/** An event target that knows what is attached to it. */
class Counted extends EventTarget {
  readonly attached = new Set<string>();
  visibilityState = 'visible';
  override addEventListener(...args: Parameters<EventTarget['addEventListener']>) {
    this.attached.add(args[0]);
    super.addEventListener(...args);
  }
  override removeEventListener(...args: Parameters<EventTarget['removeEventListener']>) {
    this.attached.delete(args[0]);
    super.removeEventListener(...args);
  }
}

/** A manager that leaves nothing behind for the next test, whatever becomes of this one. */
function open(...args: Parameters<typeof createManager>) {
  const auth = createManager(...args);
  onTestFinished(() => auth.close());
  return auth;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R61: close() leaves nothing behind', () => {
  test('R61: no timer', async () => {
    const world = createWorld();
    const auth = open(world, { keepFresh: true });
    await auth.signIn(first);
    await auth.fetch(`${API}/me`);
    await auth.refresh();
    expect(vi.getTimerCount()).toBe(1);
    auth.close();
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(10_000_000);
    expect(world.refreshes).toHaveLength(1);
  });

  test('R61: no listener on the page', async () => {
    const page = new Counted();
    const host = new Counted();
    vi.stubGlobal('document', page);
    vi.stubGlobal('addEventListener', host.addEventListener.bind(host));
    vi.stubGlobal('removeEventListener', host.removeEventListener.bind(host));
    const world = createWorld();
    const view = createCell().open();
    const auth = open(world, { keepFresh: true, store: view.store });
    await auth.signIn(first);
    expect([page.attached, host.attached].map(({ size }) => size > 0)).toEqual([true, true]);
    auth.close();
    auth.close();
    expect([...page.attached, ...host.attached]).toEqual([]);
    view.calls.length = 0;
    page.dispatchEvent(new Event('visibilitychange'));
    host.dispatchEvent(new Event('online'));
    host.dispatchEvent(new Event('pageshow'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(view.calls).toEqual([]);
  });

  test('R61: no lock request: it is given up, and a lock granted late refreshes nothing', async () => {
    const free = deferred();
    const signals: AbortSignal[] = [];
    const lock: Lock = async (task, { signal }) => {
      signals.push(signal);
      await free.promise;
      return task();
    };
    const world = createWorld();
    const auth = open(world, { store: tokenStore({ ...createCell().open().port, lock }) });
    await auth.signIn(first);
    const refresh = follow(auth.refresh());
    await tick();
    auth.close();
    await tick();
    expect(refresh).toMatchObject({ state: 'rejected', value: { code: 'closed' } });
    free.resolve();
    await tick();
    expect(world.refreshes).toEqual([]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  test('R61: no listener for the news of a store, and no message of it has any effect', async () => {
    const cell = createCell();
    const { port, calls } = cell.open();
    const undo = vi.fn();
    const watch: typeof port.watch = (listener) => {
      const end = port.watch?.(listener);
      return () => undo(end?.());
    };
    const auth = open(createWorld(), { store: tokenStore({ ...port, watch }) });
    await auth.signIn(first);
    calls.length = 0;
    auth.close();
    auth.close();
    expect(undo).toHaveBeenCalledTimes(1);
    cell.put(undefined, true);
    await tick();
    expect(calls).toEqual([]);
  });

  test('R61: no timer for what could not be written', async () => {
    const { store, fail } = createCell().open();
    const auth = open(createWorld(), { store });
    fail('replace', 'throws');
    await auth.signIn(first);
    expect(vi.getTimerCount()).toBe(1);
    auth.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('R61: no timer when a refresh was awaited, once its answer is there', async () => {
    const world = createWorld();
    const answer = deferred<Response>();
    world.answerRefresh = () => answer.promise;
    const auth = open(world, { keepFresh: true });
    await auth.signIn(first);
    void follow(auth.refresh());
    await tick();
    auth.close();
    answer.resolve(Response.json({ access_token: 'x', expires_in: 60 }));
    // Reading the answer's body takes the platform as long as it takes.
    for (let turns = 0; vi.getTimerCount() && turns < 2_000; turns++) {
      await tick();
      await turn();
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test('R61: listeners hear nothing of what was committed but not yet told', async () => {
    const auth = open(createWorld());
    const told = record(auth);
    await auth.signIn(first);
    auth.on('signed-out', () => auth.close());
    await Promise.allSettled([auth.signIn({ access_token: 'next' })]);
    await tick();
    expect(told.filter(([event]) => event === 'signed-in')).toHaveLength(1);
  });

  test('R61: the signal of a caller keeps no listener', async () => {
    const auth = open(createWorld());
    await auth.signIn(first);
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await auth.getAccessToken({ signal });
    await auth.refresh({ signal });
    expect(removed.mock.calls.length).toBeGreaterThanOrEqual(added.mock.calls.length);
  });
});
