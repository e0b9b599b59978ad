/** R31: an explicit `refresh()` brings tokens that were issued after the call, because a role has changed, say. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { follow } from '../support/recorder.ts';
import { login, ME, outcome, ownRefresh, settle, signedIn, status } from '../support/refresh.ts';
import { createManager, deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answer = (number: number) =>
  login({ access_token: `access-${number}`, refresh_token: `refresh-${number}` });

/** Signed in, with a refresh each call of which is answered by the test. */
async function start(options: Parameters<typeof signedIn>[0] = {}) {
  const own = ownRefresh();
  const scene = await signedIn({ refresh: own.refresh, good: 'access-1', ...options });
  return { ...scene, own };
}

describe('R31: refresh() while a refresh has not been sent yet', () => {
  test('joins it: the request that caused it and three callers of the same moment cost one', async () => {
    const { auth, own } = await start();
    const callers = [auth.refresh(), auth.refresh(), auth.refresh()];
    const request = status(auth.fetch(ME));
    await settle();
    own.calls[0]?.resolve(answer(1));
    expect(await Promise.all(callers)).toEqual(Array(3).fill(auth.tokens));
    expect(await request).toBe(200);
    expect(own.calls).toHaveLength(1);
  });

  test('joins it while the store is still read', async () => {
    const cell = createCell();
    const { auth, own } = await start({ store: cell.open() });
    const gate = deferred();
    cell.before = () => gate.promise;
    const request = status(auth.fetch(ME));
    await vi.advanceTimersByTimeAsync(1_000);
    const caller = auth.refresh();
    gate.resolve();
    await settle();
    own.calls[0]?.resolve(answer(1));
    expect([await request, (await caller).accessToken, own.calls.length]).toEqual([200, 'access-1', 1]);
  });
});

describe('R31: refresh() while a refresh is on the wire', () => {
  test('waits for it and sends one of its own, which all callers meanwhile share', async () => {
    const { auth, own, heard } = await start();
    const request = status(auth.fetch(ME));
    await settle();
    const callers = [follow(auth.refresh())];
    await vi.advanceTimersByTimeAsync(100);
    callers.push(follow(auth.refresh()), follow(auth.refresh()));
    await settle();
    expect(own.calls).toHaveLength(1);
    own.calls[0]?.resolve(answer(1));
    await settle();
    // Who only needed a good token has it.
    expect(await request).toBe(200);
    expect(callers.map(({ state }) => state)).toEqual(['pending', 'pending', 'pending']);
    expect(own.calls.map(({ tokens }) => tokens?.refreshToken)).toEqual(['refresh-0', 'refresh-1']);
    own.calls[1]?.resolve(answer(2));
    await settle();
    expect(callers.map(({ value }) => value)).toEqual(Array(3).fill(auth.tokens));
    expect([auth.tokens?.accessToken, own.calls.length, heard.length]).toEqual(['access-2', 2, 2]);
  });

  test('is not discouraged by its failure', async () => {
    const { auth, own } = await start();
    const request = outcome(auth.fetch(ME));
    await settle();
    const caller = auth.refresh();
    own.calls[0]?.reject(new Error('offline'));
    await settle();
    expect([await request, own.calls.length]).toEqual(['refresh-failed', 2]);
    own.calls[1]?.resolve(answer(1));
    expect((await caller).accessToken).toBe('access-1');
  });

  test('hears that it has found the session ended', async () => {
    const { auth, own } = await start();
    void outcome(auth.fetch(ME));
    await settle();
    const caller = outcome(auth.refresh());
    own.calls[0]?.reject({ error: 'invalid_grant' });
    expect(await caller).toBe('session-ended');
    expect(own.calls).toHaveLength(1);
  });

  test('R33: is sent for the others, too, when the caller gives up meanwhile', async () => {
    const { auth, own } = await start();
    void outcome(auth.fetch(ME));
    await settle();
    const controller = new AbortController();
    const impatient = outcome(auth.refresh({ signal: controller.signal }));
    const patient = auth.refresh();
    controller.abort();
    expect(await impatient).toBe('AbortError');
    own.calls[0]?.resolve(answer(1));
    await settle();
    own.calls[1]?.resolve(answer(2));
    expect((await patient).accessToken).toBe('access-2');
  });

  test('R32: is not sent when a sign-out comes first', async () => {
    const { auth, own } = await start();
    void outcome(auth.fetch(ME));
    await settle();
    const caller = outcome(auth.refresh());
    await auth.signOut();
    own.calls[0]?.resolve(answer(1));
    await settle();
    expect([await caller, own.calls.length]).toEqual(['session-changed', 1]);
  });
});

describe('R31: refresh() beside another context', () => {
  /** Two contexts over one store; the first one's refresh is on the wire. */
  async function startTwo() {
    const cell = createCell();
    const first = await start({ store: cell.open() });
    const own = ownRefresh();
    const auth = createManager(first.world, { refresh: own.refresh, store: cell.open() });
    await auth.ready;
    return { cell, first, auth, own };
  }

  test('a lease that it finds counts as sent: it waits, and sends its own with the new refresh token', async () => {
    const { first, auth, own } = await startTwo();
    void follow(first.auth.refresh());
    await settle();
    const caller = auth.refresh();
    await vi.advanceTimersByTimeAsync(100);
    expect([first.own.calls.length, own.calls.length]).toEqual([1, 0]);
    first.own.calls[0]?.resolve(answer(1));
    await settle();
    expect(own.calls.map(({ tokens }) => tokens?.refreshToken)).toEqual(['refresh-1']);
    own.calls[0]?.resolve(answer(2));
    expect((await caller).accessToken).toBe('access-2');
  });

  test('the tokens of a lease that was taken after its first read are adopted', async () => {
    const { cell, first, auth, own } = await startTwo();
    const gate = deferred();
    // Its first read has found nothing; now the other one is faster.
    cell.before = (call) => call === 'replace' && gate.promise;
    const caller = auth.refresh();
    await settle();
    cell.before = () => {};
    void follow(first.auth.refresh());
    await settle();
    gate.resolve();
    await settle();
    expect([first.own.calls.length, own.calls.length]).toEqual([1, 0]);
    first.own.calls[0]?.resolve(answer(1));
    expect((await caller).accessToken).toBe('access-1');
    expect(own.calls).toHaveLength(0);
  });

  test('whoever only needs a good token adopts what the other one brings', async () => {
    const { first, auth, own } = await startTwo();
    void follow(first.auth.refresh());
    await settle();
    const request = status(auth.fetch(ME));
    await settle();
    first.own.calls[0]?.resolve(answer(1));
    expect(await request).toBe(200);
    expect(own.calls).toHaveLength(0);
  });
});
