import { explain } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { reactive } from 'vue';
import { record, signedIn, watch } from '../support/attach.ts';
import { createCell } from '../support/cell.ts';
import { API, createManager, createWorld, deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('tokens and sessionId', () => {
  test('are undefined before a sign-in and after a sign-out', async () => {
    const auth = createManager(createWorld());
    expect([auth.tokens, auth.sessionId]).toEqual([undefined, undefined]);
    await auth.signIn({ access_token: 'a' });
    expect(auth.sessionId).toEqual(expect.any(String));
    await auth.signOut();
    expect([auth.tokens, auth.sessionId]).toEqual([undefined, undefined]);
  });

  test('a refresh keeps the id, a sign-in makes a new one', async () => {
    const auth = await signedIn(createWorld());
    const { sessionId } = auth;
    await auth.refresh();
    expect(auth.sessionId).toBe(sessionId);
    await auth.signIn({ access_token: 'again' });
    expect(auth.sessionId).not.toBe(sessionId);
  });

  test('are frozen, and the same object until the next change', async () => {
    const world = createWorld();
    const auth = await signedIn(world);
    const { tokens } = auth;
    expect(Object.isFrozen(tokens)).toBe(true);
    await auth.fetch(API);
    await auth.getAccessToken();
    expect(auth.tokens).toBe(tokens);
    await auth.refresh();
    expect(auth.tokens).not.toBe(tokens);
    expect(tokens?.accessToken).toBe('access-0');
    expect(Object.isFrozen(auth.tokens)).toBe(true);
  });

  test('cannot be assigned', async () => {
    const auth = await signedIn(createWorld());
    expect(() => Object.assign(auth, { tokens: undefined })).toThrow(TypeError);
    expect(() => Object.assign(auth, { sessionId: 'mine' })).toThrow(TypeError);
  });

  test('R70: are read of a reactive object of Vue as of the manager itself, and nothing inside is made reactive', async () => {
    const auth = await signedIn(createWorld());
    const shown = reactive(auth);
    expect([shown.tokens, shown.sessionId, shown.status]).toEqual([auth.tokens, auth.sessionId, 'signed-in']);
    expect(shown.tokens).toBe(auth.tokens);
    await expect(shown.ready).resolves.toBeUndefined();
    expect(explain(shown, API).reason).toBe('attached');
    shown.close();
    await expect(auth.refresh()).rejects.toMatchObject({ code: 'closed' });
  });

  test('hold every field of the answer that is known, and no field that is not', async () => {
    const auth = createManager(createWorld());
    const answer = {
      access_token: 'a',
      token_type: 'bearer',
      expires_in: 60,
      refresh_token: 'r',
      id_token: 'i',
      scope: 's t',
      user_id: '7',
    };
    const copy = structuredClone(answer);
    const expiresAt = Date.now() + 60_000;
    await auth.signIn(answer);
    // R37: it inherits nothing.
    expect('toString' in Object(auth.tokens)).toBe(false);
    expect({ ...auth.tokens }).toStrictEqual({
      accessToken: 'a',
      tokenType: 'bearer',
      expiresAt,
      refreshToken: 'r',
      idToken: 'i',
      scope: 's t',
    });
    expect(answer).toEqual(copy);
    await auth.signIn({ accessToken: 'b', refreshToken: undefined });
    // R37: it inherits nothing.
    expect('toString' in Object(auth.tokens)).toBe(false);
    expect({ ...auth.tokens }).toStrictEqual({ accessToken: 'b', tokenType: 'Bearer' });
  });

  test("are an ID token alone, where there is no access token (Identity Toolkit's)", async () => {
    const world = createWorld();
    const auth = createManager(world);
    await auth.signIn({ idToken: 'id', refreshToken: 'r', expiresIn: '3600' });
    expect(auth.tokens).toMatchObject({
      accessToken: 'id',
      refreshToken: 'r',
      expiresAt: Date.now() + 3_600_000,
    });
    await auth.fetch(API);
    expect(world.api[0]?.authorization).toBe('Bearer id');
  });
});

describe('ready', () => {
  test('resolves when the stored tokens have been read, and requests wait for it by themselves', async () => {
    const cell = createCell();
    const first = createManager(createWorld(), { store: cell.open() });
    await first.signIn({ access_token: 'stored' });
    first.close();
    const gate = deferred();
    cell.before = () => gate.promise;
    const world = createWorld();
    const auth = createManager(world, { store: cell.open() });
    const [ready, request] = [watch(auth.ready), watch(auth.fetch(API))];
    await vi.advanceTimersByTimeAsync(100);
    expect([ready.isSettled, request.isSettled, auth.tokens]).toEqual([false, false, undefined]);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(100);
    expect([ready.isSettled, request.isSettled, auth.tokens?.accessToken]).toEqual([true, true, 'stored']);
    expect(world.api[0]?.authorization).toBe('Bearer stored');
    expect(await auth.ready).toBeUndefined();
  });

  test.each<[how: string, before: () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('blocked');
      },
    ],
    ['rejects', () => Promise.reject(new Error('blocked'))],
    ['hangs', () => new Promise<never>(() => {})],
  ])('never rejects, not even when the store %s', async (_how, before) => {
    const cell = createCell();
    cell.before = before;
    const auth = createManager(createWorld(), { store: cell.open() });
    const told = record(auth);
    const ready = watch(auth.ready);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ready).toEqual({ isSettled: true, value: undefined });
    expect(told[0]).toMatchObject(['store-failed', { operation: 'read' }]);
    expect(auth.status).toBe('unknown');
  });

  test('never rejects, not even when the store holds rubbish', async () => {
    const cell = createCell();
    cell.entry = { version: '1', value: '{"format":' };
    const auth = createManager(createWorld(), { store: cell.open() });
    const told = record(auth);
    expect(await auth.ready).toBeUndefined();
    expect(told).toMatchObject([['store-failed', { operation: 'read' }]]);
    expect(auth.status).toBe('signed-out');
  });

  test('never rejects when the manager is closed meanwhile', async () => {
    const cell = createCell();
    cell.before = () => new Promise<never>(() => {});
    const auth = createManager(createWorld(), { store: cell.open() });
    const ready = watch(auth.ready);
    auth.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(ready).toEqual({ isSettled: true, value: undefined });
  });
});

describe('subscribe', () => {
  test('tells of every change of tokens once, with the new tokens in place', async () => {
    const auth = createManager(createWorld());
    const seen: (string | undefined)[] = [];
    auth.subscribe(() => seen.push(auth.tokens?.accessToken));
    await auth.signIn({ access_token: 'a', refresh_token: 'r' });
    await auth.refresh();
    await auth.signIn({ access_token: 'b' });
    await auth.signOut();
    expect(seen).toEqual(['a', 'access-1', 'b', undefined]);
  });

  test('is silent when nothing changed: failed refreshes, requests, wrong sign-ins', async () => {
    const world = createWorld();
    world.answerRefresh = () => new Response('', { status: 400 });
    const auth = await signedIn(world);
    const listener = vi.fn();
    auth.subscribe(listener);
    await auth.fetch(API);
    await auth.refresh().catch(() => {});
    await auth.signIn({}).catch(() => {});
    expect(listener).not.toHaveBeenCalled();
  });

  test('returns its own undo, which may be called twice and undoes nothing else', async () => {
    const auth = createManager(createWorld());
    const listener = vi.fn();
    const undo = auth.subscribe(listener);
    auth.subscribe(listener);
    undo();
    undo();
    await auth.signIn({ access_token: 'a' });
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test.each([undefined, null, {}, 'x'])('a listener that is %j is refused at once', (listener) => {
    const auth = createManager(createWorld());
    for (const listen of [() => auth.on('*', listener as never), () => auth.subscribe(listener as never)])
      expect(listen).toThrow(/^evertoken: listener is \w+; expected function$/);
  });

  test.each([{}, () => {}])('R55: a listener is called whatever stands behind it: %o', async (more) => {
    const auth = createManager(createWorld());
    const listener = vi.fn();
    (auth.on as (...all: unknown[]) => unknown)('signed-in', listener, more);
    await auth.signIn({ access_token: 'a' });
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('a listener that throws or unsubscribes harms nobody', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {});
    const auth = createManager(createWorld());
    const seen: string[] = [];
    auth.subscribe(() => {
      throw new Error('listener');
    });
    const undo = auth.subscribe(() => {
      seen.push('first');
      undo();
    });
    auth.subscribe(() => seen.push('second'));
    await auth.signIn({ access_token: 'a' });
    await auth.signIn({ access_token: 'b' });
    expect(seen).toEqual(['first', 'second', 'second']);
  });

  test('a subscriber that comes between two changes hears of the second only', async () => {
    const auth = createManager(createWorld());
    await auth.signIn({ access_token: 'a' });
    const listener = vi.fn();
    auth.subscribe(listener);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(listener).not.toHaveBeenCalled();
    await auth.signIn({ access_token: 'b' });
    expect(listener).toHaveBeenCalledTimes(1);
  });
});
