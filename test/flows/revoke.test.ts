import { memoryStore, type Revoke } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { follow, record, short } from '../support/recorder.ts';
import { API, createManager, createWorld, deferred, type World } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const tick = () => vi.advanceTimersByTimeAsync(0);

function createStage(options: Parameters<typeof createManager>[1] = {}) {
  const world: World = createWorld();
  const revoke = vi.fn<Revoke>(async () => {});
  const auth = createManager(world, { revoke, ...options });
  return { world, revoke, auth, told: record(auth) };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => void vi.useRealTimers());

describe('signOut with revoke', () => {
  test('R7: revoke is given the last tokens and the underlying fetch, once', async () => {
    const { auth, world } = createStage({
      revoke: ({ fetch, tokens }) =>
        fetch(`${API}/revoke`, { method: 'POST', body: tokens?.refreshToken ?? 'none' }),
    });
    await auth.signIn(first);
    await auth.refresh();
    await auth.signOut();
    expect(world.api.map(({ body, authorization }) => [body, authorization])).toEqual([['refresh-1', null]]);
    expect(auth.tokens).toBeUndefined();
  });

  test('R7: a revoke that uses auth.fetch after all calls without token and does not hang', async () => {
    const world = createWorld();
    const auth = createManager(world, { revoke: async () => auth.fetch(`${API}/logout`) });
    await auth.signIn(first);
    const out = follow(auth.signOut());
    await tick();
    expect(out.state).toBe('resolved');
    expect(world.api.map(({ authorization }) => authorization)).toEqual([null]);
  });

  test('{ revoke: false } ends the session and revokes nothing; { revoke: true } and {} do', async () => {
    const { auth, revoke, told } = createStage();
    for (const options of [{ revoke: false }, { revoke: true }, {}, undefined, { revoke: undefined }]) {
      await auth.signIn(first);
      await auth.signOut(options);
      expect(auth.tokens).toBeUndefined();
    }
    expect(revoke).toHaveBeenCalledTimes(4);
    expect(short(told).filter((event) => event === 'signed-out local')).toHaveLength(5);
  });

  test('signed out, there is nothing to revoke', async () => {
    const { auth, revoke } = createStage();
    await auth.signOut();
    await auth.signIn(first);
    await auth.signOut();
    await auth.signOut();
    expect(revoke).toHaveBeenCalledTimes(1);
  });

  test('R30: two sign-outs at once end the session once and revoke once', async () => {
    const { auth, revoke, told } = createStage();
    await auth.signIn(first);
    await Promise.all([auth.signOut(), auth.signOut()]);
    expect(revoke).toHaveBeenCalledTimes(1);
    expect(short(told)).toEqual(['signed-in local', 'signed-out local']);
  });

  test('a session that the server ended, or that another replaced, is not revoked', async () => {
    const { auth, revoke, world } = createStage();
    await auth.signIn({ ...first, refresh_token: 'before' });
    await auth.signIn(first);
    world.answerRefresh = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
    await auth.refresh().catch(() => {});
    await auth.signOut();
    expect(revoke).not.toHaveBeenCalled();
  });

  test('the session is over here at once, before the server has answered', async () => {
    const { auth, told, world } = createStage({ revoke: () => new Promise(() => {}) });
    await auth.signIn(first);
    const out = follow(auth.signOut());
    await tick();
    expect(auth.tokens).toBeUndefined();
    expect(auth.sessionId).toBeUndefined();
    expect(short(told)).toEqual(['signed-in local', 'signed-out local']);
    await auth.fetch(`${API}/me`);
    expect(world.api[0]?.authorization).toBeNull();
    expect(out.state).toBe('pending');
  });

  test('a revoke that hangs is bounded: its signal is aborted and signOut resolves', async () => {
    const revoke = vi.fn<Revoke>(() => new Promise(() => {}));
    const { auth } = createStage({ revoke, refreshTimeout: 2_000 });
    await auth.signIn(first);
    const out = follow(auth.signOut());
    await vi.advanceTimersByTimeAsync(4_000);
    expect(out.state).toBe('resolved');
    expect(revoke.mock.calls[0]?.[0].signal.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('AS is away');
      },
    ],
    ['rejects', () => Promise.reject(new Error('AS is away'))],
  ] as [string, Revoke][])('a revoke that %s does not make signOut fail', async (_name, revoke) => {
    const { auth, told } = createStage({ revoke });
    await auth.signIn(first);
    await auth.signOut();
    expect(auth.tokens).toBeUndefined();
    expect(short(told)).toEqual(['signed-in local', 'signed-out local']);
  });

  test('a sign-in during a slow revocation is not harmed by it', async () => {
    const answer = deferred();
    const { auth, told } = createStage({ revoke: () => answer.promise, store: memoryStore() });
    await auth.signIn(first);
    const out = follow(auth.signOut());
    await tick();
    await auth.signIn({ access_token: 'next' });
    answer.resolve();
    await tick();
    expect(out.state).toBe('resolved');
    expect(auth.tokens?.accessToken).toBe('next');
    expect(short(told)).toEqual(['signed-in local', 'signed-out local', 'signed-in local']);
  });

  test('close() during a revocation leaves nobody hanging', async () => {
    const { auth } = createStage({ revoke: () => new Promise(() => {}) });
    await auth.signIn(first);
    const out = follow(auth.signOut());
    await tick();
    auth.close();
    await tick();
    expect(out.state).not.toBe('pending');
  });
});

describe('R32: sign-out beats a running refresh', () => {
  async function signOutDuringRefresh(revokes: boolean | undefined) {
    const stage = createStage({ store: memoryStore() });
    const answer = deferred<Response>();
    stage.world.answerRefresh = () => answer.promise;
    await stage.auth.signIn(first);
    const refresh = follow(stage.auth.refresh());
    await tick();
    await stage.auth.signOut({ revoke: revokes });
    await tick();
    expect(refresh).toMatchObject({ state: 'rejected', value: { code: 'session-changed' } });
    answer.resolve(Response.json({ access_token: 'late', refresh_token: 'late-refresh' }));
    await tick();
    expect(stage.auth.tokens).toBeUndefined();
    expect(short(stage.told)).toEqual(['signed-in local', 'signed-out local']);
    return stage.revoke.mock.calls.map(([{ tokens }]) => tokens?.refreshToken);
  }

  test('R32: the late result is dropped and revoked, too', async () => {
    expect(await signOutDuringRefresh(undefined)).toEqual(['refresh-0', 'late-refresh']);
  });

  test('R32: it is not revoked where the sign-out does not revoke', async () => {
    expect(await signOutDuringRefresh(false)).toEqual([]);
  });

  test('R32: a result that was being stored when the sign-out came is dropped and revoked', async () => {
    const stored = deferred();
    const cell = createCell();
    const { auth, revoke, world } = createStage({ store: cell.open() });
    await auth.signIn(first);
    cell.before = (call) => call === 'replace' && world.refreshes.length && stored.promise;
    const refresh = follow(auth.refresh());
    await tick();
    expect(world.refreshes).toHaveLength(1);
    const out = auth.signOut();
    await tick();
    stored.resolve();
    await out;
    await tick();
    expect(refresh.state).toBe('rejected');
    expect(cell.entry?.value).not.toMatch(/access|refresh-/);
    // The newest one, not the copy that was held at the call.
    expect(revoke.mock.calls.map(([{ tokens }]) => tokens?.refreshToken)).toEqual(['refresh-1']);
    const next = createManager(world, { store: cell.open() });
    await next.ready;
    expect(next.tokens).toBeUndefined();
  });

  test('R32: requests that waited reject with session-changed and are never sent', async () => {
    const { auth, world } = createStage();
    world.answerRefresh = () => new Promise(() => {});
    await auth.signIn(first);
    await vi.advanceTimersByTimeAsync(3_600_000);
    const request = follow(auth.fetch(`${API}/me`));
    const token = follow(auth.getAccessToken());
    await tick();
    await auth.signOut({ revoke: false });
    await tick();
    for (const { value } of [request, token]) expect(value).toMatchObject({ code: 'session-changed' });
    expect(world.api).toEqual([]);
  });
});
