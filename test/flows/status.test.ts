/** R8: whether it is known who is signed in, and what finds it out. */
import { memoryStore, type Refresh, refreshEndpoint, TokenError } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { follow, record, short } from '../support/recorder.ts';
import { login, ownRefresh, settle } from '../support/refresh.ts';
import { API, createManager, createWorld, deferred, TOKEN_ENDPOINT } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A manager whose refresh needs nothing in hand, each call of which is answered by the test. */
function createMarked() {
  const own = ownRefresh();
  const refresh: Refresh = Object.assign(own.refresh, { withoutRefreshToken: true });
  const world = createWorld();
  const auth = createManager(world, { refresh });
  const seen: string[] = [];
  auth.subscribe(() => seen.push(auth.status));
  return { world, auth, seen, told: record(auth), calls: own.calls };
}

const ended = new TokenError('session-ended');

describe('R8: with a refresh that needs nothing in hand, and no store, status', () => {
  test('is unknown until the server has answered, then signed-in', async () => {
    const { auth, seen, calls } = createMarked();
    expect(auth.status).toBe('unknown');
    const token = auth.getAccessToken();
    await settle();
    expect([auth.status, calls.length]).toEqual(['unknown', 1]);
    calls[0]?.resolve({ access_token: 'a' });
    expect(await token).toBe('a');
    expect([auth.status, seen]).toEqual(['signed-in', ['signed-in']]);
  });

  test('is signed-out when the server says so: subscribers hear of it, and no event tells it', async () => {
    const { auth, seen, told, calls } = createMarked();
    const response = auth.fetch(API);
    await settle();
    calls[0]?.reject(ended);
    expect((await response).status).toBe(200);
    expect([auth.status, seen, told]).toEqual(['signed-out', ['signed-out'], []]);
    // And nobody asks again.
    await auth.getAccessToken();
    await auth.ready;
    expect(calls).toHaveLength(1);
  });

  test('stays unknown while the server cannot be reached, and is known when it answers', async () => {
    const { auth, told, calls } = createMarked();
    const token = follow(auth.getAccessToken());
    await settle();
    calls[0]?.reject(new TypeError('fetch failed'));
    await settle();
    expect(token).toMatchObject({ state: 'rejected', value: { code: 'refresh-failed' } });
    expect([auth.status, short(told)]).toEqual(['unknown', ['refresh-failed']]);
    await vi.advanceTimersByTimeAsync(61_000);
    void follow(auth.fetch(API));
    await settle();
    calls[1]?.reject(ended);
    await settle();
    expect(auth.status).toBe('signed-out');
  });

  test('is signed-out after a sign-out, also one before the first use', async () => {
    for (const isSignedIn of [false, true]) {
      const { auth, calls } = createMarked();
      if (isSignedIn) await auth.signIn(login());
      await auth.signOut();
      await auth.ready;
      expect([auth.status, calls.length]).toEqual(['signed-out', 0]);
    }
  });

  test('is signed-in after a sign-in, without any call', async () => {
    const { auth, seen, calls } = createMarked();
    await auth.signIn(login());
    await auth.ready;
    expect([auth.status, seen, calls.length]).toEqual(['signed-in', ['signed-in'], 0]);
  });

  test('is signed-out when the server ends the session: asked no more until refresh()', async () => {
    const { auth, seen, calls } = createMarked();
    await auth.signIn(login());
    void follow(auth.refresh());
    await settle();
    calls[0]?.reject(ended);
    await settle();
    await auth.ready;
    expect([auth.status, calls.length]).toEqual(['signed-out', 1]);
    void follow(auth.refresh());
    await settle();
    calls[1]?.resolve(login());
    await settle();
    expect(seen).toEqual(['signed-in', 'signed-out', 'signed-in']);
  });
});

describe('R8: ready', () => {
  test('is the first use: reading it asks the server, once however often it is read', async () => {
    const { auth, calls, told } = createMarked();
    const waiting = [follow(auth.ready), follow(auth.ready)];
    const token = follow(auth.getAccessToken());
    await settle();
    expect([calls.length, ...waiting.map(({ state }) => state)]).toEqual([1, 'pending', 'pending']);
    calls[0]?.resolve({ access_token: 'a' });
    await settle();
    expect(waiting).toMatchObject([{ state: 'resolved' }, { state: 'resolved' }]);
    expect([token.value, auth.status, short(told)]).toEqual(['a', 'signed-in', ['signed-in restored']]);
    await auth.ready;
    expect(calls).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ['the session is over', ended],
    ['the server cannot be reached', new TypeError('fetch failed')],
  ])('resolves also when %s', async (_what, error) => {
    const { auth, calls } = createMarked();
    const ready = follow(auth.ready);
    await settle();
    calls[0]?.reject(error);
    await settle();
    expect(ready).toEqual({ state: 'resolved', value: undefined });
  });

  test('resolves when refreshTimeout is over, because it cannot be known now', async () => {
    const { auth } = createMarked();
    const ready = follow(auth.ready);
    await vi.advanceTimersByTimeAsync(15_000);
    expect([ready.state, auth.status]).toEqual(['resolved', 'unknown']);
  });

  test('of a refresh without the mark asks nobody', async () => {
    const world = createWorld();
    const auth = createManager(world);
    expect(auth.status).toBe('signed-out');
    await auth.ready;
    expect(world.refreshes).toEqual([]);
  });

  test('finds the session that a server-side cookie holds', async () => {
    const world = createWorld();
    const auth = createManager(world, {
      refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, format: 'cookie' }),
    });
    await auth.ready;
    expect([auth.status, auth.tokens?.accessToken, world.refreshes.length]).toEqual([
      'signed-in',
      'access-1',
      1,
    ]);
  });
});

describe('with a store, status', () => {
  test('is unknown until the store has answered; subscribers hear of that, events of a session only', async () => {
    for (const isKept of [false, true]) {
      const cell = createCell();
      if (isKept) await createManager(createWorld(), { store: cell.open() }).signIn(login());
      const gate = deferred();
      cell.before = () => gate.promise;
      const auth = createManager(createWorld(), { store: cell.open() });
      const told = record(auth);
      const seen: string[] = [];
      auth.subscribe(() => seen.push(auth.status));
      await vi.advanceTimersByTimeAsync(100);
      expect(auth.status).toBe('unknown');
      gate.resolve();
      await settle();
      expect(seen).toEqual([isKept ? 'signed-in' : 'signed-out']);
      expect(short(told)).toEqual(isKept ? ['signed-in restored'] : []);
    }
  });

  test('follows what another context does', async () => {
    const store = memoryStore();
    const [here, there] = [createManager(createWorld(), { store }), createManager(createWorld(), { store })];
    await Promise.all([here.ready, there.ready]);
    const seen: string[] = [];
    here.subscribe(() => seen.push(here.status));
    await there.signIn(login());
    await settle();
    await there.signOut();
    await settle();
    expect(seen).toEqual(['signed-in', 'signed-out']);
  });
});
