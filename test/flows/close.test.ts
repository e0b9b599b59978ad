import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStage, grant, LOGIN, nth, PASSWORD } from '../support/capturing.ts';
import { createCell } from '../support/cell.ts';
import { follow, record, short } from '../support/recorder.ts';
import { API, createManager, createWorld, deferred, unauthorized } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const me = `${API}/me`;
const closed = { state: 'rejected', value: { name: 'TokenError', code: 'closed' } };
const tick = () => vi.advanceTimersByTimeAsync(0);

const hang = () => new Promise<never>(() => {});

/** Every way to ask for tokens, each followed. */
const askAll = (auth: ReturnType<typeof createManager>) => [
  follow(auth.fetch(me)),
  follow(auth.getAccessToken()),
  follow(auth.refresh()),
  follow(auth.signIn(first)),
  follow(auth.signOut()),
];

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R61: after close()', () => {
  test.each([true, false])(
    'R61: every method that would need tokens rejects with closed (signed in: %s)',
    async (isSignedIn) => {
      const world = createWorld();
      const auth = createManager(world);
      if (isSignedIn) await auth.signIn(first);
      auth.close();
      const outcomes = askAll(auth);
      await tick();
      expect(outcomes).toMatchObject(outcomes.map(() => closed));
      expect([...world.api, ...world.refreshes]).toEqual([]);
    },
  );

  test('R61: closing twice is fine, and Symbol.dispose is the same', async () => {
    const auth = createManager(createWorld());
    auth[Symbol.dispose]();
    auth.close();
    auth[Symbol.dispose]();
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: 'closed' });
    const { using } = { using: createManager(createWorld()) };
    const { close } = using;
    close();
    await expect(using.refresh()).rejects.toMatchObject({ code: 'closed' });
  });

  test('R61: everybody who waits for a refresh rejects with closed at once', async () => {
    const { auth, refreshing, holdRefreshes } = createStage();
    holdRefreshes();
    await auth.signIn(first);
    await vi.advanceTimersByTimeAsync(3_600_000);
    const waiting = [follow(auth.fetch(me)), follow(auth.getAccessToken()), follow(auth.refresh())];
    await tick();
    expect(refreshing).toHaveLength(1);
    auth.close();
    await tick();
    expect(waiting).toMatchObject([closed, closed, closed]);
  });

  test('R61: everybody who waits for the store rejects with closed at once; ready resolves', async () => {
    const world = createWorld();
    const cell = createCell();
    cell.before = hang;
    const auth = createManager(world, { store: cell.open() });
    const waiting = [follow(auth.fetch(me)), follow(auth.getAccessToken()), follow(auth.refresh())];
    const ready = follow(auth.ready);
    auth.close();
    await tick();
    expect(waiting).toMatchObject([closed, closed, closed]);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(ready.state).toBe('resolved');
    expect(world.api).toEqual([]);
  });

  test('R61: a sign-in that waits for a store that hangs rejects with closed at once', async () => {
    const cell = createCell();
    cell.before = (call) => call === 'replace' && hang();
    const auth = createManager(createWorld(), { store: cell.open() });
    const signIn = follow(auth.signIn(first));
    await tick();
    auth.close();
    await tick();
    expect(signIn).toMatchObject(closed);
  });

  test('R61: a refusal that arrives after close causes no refresh, and the caller hears closed', async () => {
    const { auth, world } = createStage();
    await auth.signIn(first);
    const answer = deferred<Response>();
    world.answerApi = () => answer.promise;
    const request = follow(auth.fetch(me));
    await tick();
    auth.close();
    answer.resolve(unauthorized());
    await tick();
    expect(request).toMatchObject(closed);
    expect(world.refreshes).toEqual([]);
  });

  test('R60, R61: an answer to a good token that was on its way is still the answer', async () => {
    const { auth, world } = createStage();
    await auth.signIn(first);
    const answer = deferred<Response>();
    world.answerApi = () => answer.promise;
    const request = follow(auth.fetch(me));
    await tick();
    auth.close();
    const response = Response.json({});
    answer.resolve(response);
    await tick();
    expect(request).toEqual({ state: 'resolved', value: response });
  });

  test('R2: a URL that is not ours is plain fetch, closed or not', async () => {
    const { auth } = createStage();
    auth.close();
    expect((await auth.fetch('https://other.example.com/')).status).toBe(200);
  });
});

describe('R61: what is on the wire when close() comes', () => {
  const expectClosed = async (auth: ReturnType<typeof createManager>) => {
    const outcomes = askAll(auth);
    await tick();
    expect(outcomes).toMatchObject(outcomes.map(() => closed));
  };

  test('R61: a refresh still stores what it gets, and emits no event, not even to new listeners', async () => {
    const cell = createCell();
    const { auth, told, refreshing, holdRefreshes } = createStage({ store: cell.open() });
    holdRefreshes();
    await auth.signIn(first);
    const refresh = follow(auth.refresh());
    await tick();
    auth.close();
    const later = record(auth);
    nth(refreshing, 0).answer(grant('rotated', 'rotated-refresh'));
    await tick();
    expect(refresh).toMatchObject(closed);
    expect([...told, ...later].map(([event]) => event)).toEqual(['signed-in']);
    const next = createManager(createWorld(), { store: cell.open() });
    await next.ready;
    expect(next.tokens).toMatchObject({ accessToken: 'rotated', refreshToken: 'rotated-refresh' });
    await expectClosed(auth);
  });

  test.each([
    ['invalid_grant', () => Response.json({ error: 'invalid_grant' }, { status: 400 })],
    ['an error', () => new Response('no', { status: 400 })],
  ])(
    'R61: a refresh answered with %s leaves the manager closed, and tells nothing',
    async (_name, answer) => {
      const { auth, told, refreshing, holdRefreshes } = createStage({ store: createCell().open() });
      holdRefreshes();
      await auth.signIn(first);
      void follow(auth.refresh());
      await tick();
      auth.close();
      nth(refreshing, 0).answer(answer());
      await vi.advanceTimersByTimeAsync(30_000);
      expect(short(told)).toEqual(['signed-in local']);
      await expectClosed(auth);
    },
  );

  test.each([PASSWORD, LOGIN])('R61: a capture at %s does not bring a closed manager back', async (url) => {
    const { auth, told, pending } = createStage({ store: createCell().open() });
    await auth.signIn(first);
    const answer = follow(auth.fetch(url, { method: 'POST' }));
    await tick();
    auth.close();
    nth(pending, 0).answer(grant('x', 'y'));
    await tick();
    expect(answer.state).not.toBe('pending');
    expect(short(told)).toEqual(['signed-in local']);
    await expectClosed(auth);
  });

  test('R61: a sign-in that is being stored does not bring a closed manager back', async () => {
    const stored = deferred();
    const cell = createCell();
    cell.before = (call) => call === 'replace' && stored.promise;
    const auth = createManager(createWorld(), { store: cell.open() });
    const told = record(auth);
    const signIn = follow(auth.signIn(first));
    await tick();
    auth.close();
    stored.resolve();
    await tick();
    expect(told).toEqual([]);
    expect(signIn).toMatchObject(closed);
    await expectClosed(auth);
  });

  test('R61, R8: a cookie refresh that turns out to be of another user leaves it closed', async () => {
    const jwt = (sub: string) => `e30.${btoa(JSON.stringify({ sub }))}.x`;
    const answer = deferred<{ access_token: string }>();
    const refresh = Object.assign(() => answer.promise, { withoutRefreshToken: true });
    const auth = createManager(createWorld(), { refresh });
    await auth.signIn({ access_token: jwt('a') });
    void follow(auth.refresh());
    await tick();
    auth.close();
    answer.resolve({ access_token: jwt('b') });
    await tick();
    await expectClosed(auth);
  });
});
