import type { TokenManagerOptions } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import {
  age,
  LONGER,
  login,
  ME,
  names,
  outcome,
  ownRefresh,
  payloads,
  settle,
  signedIn,
  status,
} from '../support/refresh.ts';
import { deferred, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const other = () => login({ access_token: 'other-0', refresh_token: 'other-refresh-0' });
const fresh = () => login({ access_token: 'access-1', refresh_token: 'refresh-1' });

/** A refresh is on the wire, and requests wait for it in every way there is. */
async function refreshing(options: Partial<TokenManagerOptions> = {}) {
  const own = ownRefresh();
  const scene = await signedIn({ refresh: own.refresh, good: 'access-1', ...options });
  await age();
  const waiting = [
    outcome(scene.auth.fetch(ME)),
    outcome(scene.auth.refresh()),
    outcome(scene.auth.getAccessToken({ minValidity: LONGER })),
  ];
  await settle();
  return { ...scene, own, waiting };
}

describe('sign-out during a refresh', () => {
  test('R32: everybody who waits rejects with `session-changed`, before the refresh is answered', async () => {
    const { auth, waiting, world } = await refreshing();
    await auth.signOut();
    expect(await Promise.all(waiting)).toEqual(['session-changed', 'session-changed', 'session-changed']);
    expect(auth.tokens).toBeUndefined();
    expect(world.api).toHaveLength(1);
  });

  test('R32: its late result is dropped and tells nobody', async () => {
    const { auth, own, heard, waiting } = await refreshing();
    await auth.signOut();
    own.calls[0]?.resolve(fresh());
    await Promise.all(waiting);
    await settle();
    expect([auth.tokens, auth.sessionId]).toEqual([undefined, undefined]);
    expect(names(heard)).toEqual(['signed-out']);
    expect(payloads(heard, 'signed-out')).toEqual([
      { sessionId: expect.any(String), reason: 'local', elsewhere: false },
    ]);
  });

  test.each([
    ['fails', new Error('offline')],
    ['says `invalid_grant`', { error: 'invalid_grant' }],
  ])('R32: a refresh that %s after the sign-out tells nobody', async (_, error) => {
    const { auth, own, heard, waiting } = await refreshing();
    await auth.signOut();
    own.calls[0]?.reject(error);
    await Promise.all(waiting);
    await settle();
    expect(names(heard)).toEqual(['signed-out']);
  });

  test('R32: its late result is revoked, if that sign-out revokes', async () => {
    const revoke = vi.fn(async (_: { tokens: unknown }) => {});
    const { auth, own } = await refreshing({ revoke });
    await auth.signOut();
    own.calls[0]?.resolve(fresh());
    await settle();
    expect(revoke.mock.calls.map(([{ tokens }]) => tokens)).toEqual([
      expect.objectContaining({ refreshToken: 'refresh-0' }),
      expect.objectContaining({ refreshToken: 'refresh-1' }),
    ]);
  });

  test('R32: nothing is revoked when the sign-out does not revoke', async () => {
    const revoke = vi.fn(async () => {});
    const { auth, own } = await refreshing({ revoke });
    await auth.signOut({ revoke: false });
    own.calls[0]?.resolve(fresh());
    await settle();
    expect(revoke).not.toHaveBeenCalled();
  });

  test('R32: the late result is not stored', async () => {
    const cell = createCell();
    const { auth, own } = await refreshing({ store: cell.open() });
    await auth.signOut();
    own.calls[0]?.resolve(fresh());
    await settle();
    expect(cell.entry?.value).not.toMatch(/access-|refresh-/);
  });

  test('R32: a sign-out while the refreshed tokens are being stored wins', async () => {
    const gate = deferred();
    const cell = createCell();
    const { auth, own, heard, waiting } = await refreshing({ store: cell.open() });
    cell.before = (call) => call === 'replace' && gate.promise;
    own.calls[0]?.resolve(fresh());
    await settle();
    const out = auth.signOut();
    await settle();
    gate.resolve();
    await out;
    expect(await Promise.all(waiting)).toEqual(['session-changed', 'session-changed', 'session-changed']);
    expect(auth.tokens).toBeUndefined();
    expect(cell.entry?.value).not.toMatch(/access-|refresh-/);
    expect(names(heard)).toEqual(['signed-out']);
  });
});

describe('another sign-in during a refresh', () => {
  test('R32: who waits rejects with `session-changed` and is never sent with the other token', async () => {
    const { auth, waiting, world } = await refreshing();
    await auth.signIn(other());
    expect(await Promise.all(waiting)).toEqual(['session-changed', 'session-changed', 'session-changed']);
    await settle();
    expect(world.api.map(({ authorization }) => authorization)).toEqual(['Bearer access-0']);
  });

  test('R32: a request that only waited is not sent with the other token either', async () => {
    const own = ownRefresh();
    const { auth, world } = await signedIn({ refresh: own.refresh });
    await vi.advanceTimersByTimeAsync(3_600_000);
    const waiting = outcome(auth.fetch(ME));
    await settle();
    await auth.signIn(other());
    expect(await waiting).toBe('session-changed');
    expect(world.api).toHaveLength(0);
  });

  test('R30, R32, R62: the old refresh’s result is discarded; one event ends the old session', async () => {
    const { auth, own, heard } = await refreshing();
    await auth.signIn(other());
    own.calls[0]?.resolve(fresh());
    await settle();
    expect(auth.tokens?.accessToken).toBe('other-0');
    expect(names(heard)).toEqual(['signed-out', 'signed-in']);
    expect(payloads(heard, 'signed-out')[0]?.reason).toBe('replaced');
  });

  test('R30, R35: the old refresh’s `invalid_grant` does not end the new session', async () => {
    const { auth, own, heard } = await refreshing();
    await auth.signIn(other());
    own.calls[0]?.reject({ error: 'invalid_grant' });
    await settle();
    expect(auth.tokens?.accessToken).toBe('other-0');
    expect(names(heard)).toEqual(['signed-out', 'signed-in']);
  });

  test('R30, R35: the old refresh’s failure starts no back-off for the new session', async () => {
    const { auth, own, world, heard } = await refreshing();
    await auth.signIn(other());
    own.calls[0]?.reject(new Error('offline'));
    await settle();
    const next = auth.fetch(ME);
    await settle();
    expect(own.calls).toHaveLength(2);
    own.calls[1]?.resolve(fresh());
    expect(await status(next)).toBe(200);
    expect(world.api.at(-1)?.authorization).toBe('Bearer access-1');
    expect(names(heard)).not.toContain('refresh-failed');
  });
});

describe('a request that is on the wire while its session ends', () => {
  /** A request whose 401 comes when the test says so. */
  async function onTheWire() {
    const scene = await signedIn();
    const late = deferred<Response>();
    scene.world.answerApi = () => late.promise;
    const result = scene.auth.fetch(ME);
    await settle();
    return { ...scene, late, result };
  }

  test.each<[string, (auth: Awaited<ReturnType<typeof onTheWire>>['auth']) => Promise<void>]>([
    ['sign-out', (auth) => auth.signOut()],
    ['another sign-in', (auth) => auth.signIn(other())],
    ['a sign-in as the same user', (auth) => auth.signIn(login({ refresh_token: 'refresh-9' }))],
  ])('R32: after a %s its 401 becomes `session-changed`, and it is not sent again', async (_, change) => {
    const { world, auth, late, result } = await onTheWire();
    const ended = outcome(result);
    await change(auth);
    late.resolve(unauthorized());
    expect(await ended).toBe('session-changed');
    expect([world.api.length, world.refreshes.length]).toEqual([1, 0]);
  });

  test('R32, R60: after a sign-out its answer is still the caller’s', async () => {
    const { auth, late, result } = await onTheWire();
    await auth.signOut();
    late.resolve(Response.json({ ok: 1 }));
    expect(await (await result).json()).toEqual({ ok: 1 });
  });

  test('R35: after the authorization server ended it, its 401 becomes `session-ended`', async () => {
    const { world, auth, late, result } = await onTheWire();
    const ended = outcome(result);
    world.answerRefresh = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
    await outcome(auth.refresh());
    late.resolve(unauthorized());
    expect(await ended).toBe('session-ended');
    expect([world.api.length, world.refreshes.length]).toEqual([1, 1]);
  });

  test('R35: a session that the authorization server ended rejects its waiters with `session-ended`', async () => {
    const { own, waiting, auth } = await refreshing();
    own.calls[0]?.reject({ error: 'invalid_grant' });
    // Who asks for a token is told that nobody is signed in.
    expect(await Promise.all(waiting)).toEqual(['session-ended', 'session-ended', 'resolved']);
    expect(auth.tokens).toBeUndefined();
  });
});
