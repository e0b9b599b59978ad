import type { TokenStorage } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  listen,
  login,
  ME,
  names,
  outcome,
  payloads,
  settle,
  signedIn,
  status,
  stubWindow,
} from '../support/refresh.ts';
import { type Mood, moodyStorage } from '../support/storages.ts';
import { createManager, createWorld, deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const moods: Mood[] = ['throws', 'rejects', 'hangs'];

/** How often a body that was sent to the AS named this refresh token. */
const presented = (world: ReturnType<typeof createWorld>) =>
  world.refreshes.map(({ body }) => new URLSearchParams(body).get('refresh_token'));

describe('storing new tokens', () => {
  test('R39: they are stored before they are used', async () => {
    const written = deferred();
    const items = new Map<string, string>();
    let isSlow = false;
    const storage: TokenStorage = {
      getItem: (key) => items.get(key),
      async setItem(key, value) {
        if (isSlow) await written.promise;
        items.set(key, value);
      },
      removeItem: (key) => items.delete(key),
    };
    const { auth, world, heard } = await signedIn({ storage, good: 'access-1' });
    isSlow = true;
    const result = status(auth.fetch(ME));
    await pass(1_000);
    expect([world.refreshes.length, world.api.length]).toEqual([1, 1]);
    expect([auth.tokens?.accessToken, heard.length]).toEqual(['access-0', 0]);
    written.resolve();
    expect(await result).toBe(200);
    expect([...items.values()].join()).toContain('refresh-1');
  });

  test.each(moods)(
    'R39, R53: when storing %s they are used all the same, and `storage-failed` says so',
    async (mood) => {
      const { storage, moods: spoil } = moodyStorage();
      const { auth, world, heard } = await signedIn({ storage, good: 'access-1' });
      spoil.setItem = mood;
      const result = status(auth.fetch(ME));
      await pass(5_000);
      expect(await result).toBe(200);
      expect(world.refreshes).toHaveLength(1);
      expect(names(heard).sort()).toEqual(['storage-failed', 'token-refreshed']);
      expect(payloads(heard, 'storage-failed')[0]?.operation).toBe('write');
    },
  );

  test('R39: the older record that is still stored does not replace them, and is not presented', async () => {
    const window = stubWindow();
    const { storage, moods: spoil } = moodyStorage();
    const { auth, world } = await signedIn({ storage });
    spoil.setItem = 'throws';
    await auth.refresh();
    window.dispatchEvent(new Event('online'));
    await settle();
    expect(await auth.getAccessToken()).toBe('access-1');
    await auth.refresh();
    expect(presented(world)).toEqual(['refresh-0', 'refresh-1']);
    expect(auth.tokens?.refreshToken).toBe('refresh-2');
  });

  test('R39: once storing works again the newest tokens are stored', async () => {
    const { storage, moods: spoil, items } = moodyStorage();
    const { auth } = await signedIn({ storage });
    spoil.setItem = 'throws';
    await auth.refresh();
    spoil.setItem = 'well';
    await auth.refresh();
    expect([...items.values()].join()).toContain('refresh-2');
  });

  test('R39, R53: the error of `storage-failed` is the storage’s own', async () => {
    const { storage, moods: spoil, broken } = moodyStorage();
    const { auth, heard } = await signedIn({ storage });
    spoil.setItem = 'rejects';
    await auth.refresh();
    expect(payloads(heard, 'storage-failed')).toEqual([{ operation: 'write', error: broken }]);
  });
});

describe('a storage that fails', () => {
  test.each(moods)('R53: a sign-in whose write %s works in memory', async (mood) => {
    const { storage, moods: spoil } = moodyStorage();
    spoil.setItem = mood;
    const world = createWorld();
    const auth = createManager(world, { storage });
    const heard = listen(auth);
    const done = outcome(auth.signIn(login()));
    await pass(5_000);
    expect(await done).toBe('resolved');
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(world.api[0]?.authorization).toBe('Bearer access-0');
    expect(names(heard).sort()).toEqual(['signed-in', 'storage-failed']);
  });

  test.each(moods)('R53: when the first read %s, `ready` resolves, and a sign-in works', async (mood) => {
    const { storage, moods: spoil } = moodyStorage();
    spoil.getItem = mood;
    const world = createWorld();
    const auth = createManager(world, { storage });
    const heard = listen(auth);
    const ready = outcome(auth.ready);
    const early = auth.fetch(ME);
    await pass(5_000);
    expect(await ready).toBe('resolved');
    expect(await status(early)).toBe(200);
    expect(world.api[0]?.authorization).toBeNull();
    expect(payloads(heard, 'storage-failed').map(({ operation }) => operation)).toContain('read');
    const done = auth.signIn(login());
    await pass(10_000);
    await done;
    expect(await auth.getAccessToken()).toBe('access-0');
  });

  test.each(moods)('R53: when removing %s, a sign-out signs out all the same, at once', async (mood) => {
    const { storage, moods: spoil } = moodyStorage();
    const { auth, heard } = await signedIn({ storage });
    spoil.removeItem = mood;
    const done = outcome(auth.signOut());
    await settle();
    expect(auth.tokens).toBeUndefined();
    await pass(5_000);
    expect(await done).toBe('resolved');
    expect(names(heard).sort()).toEqual(['signed-out', 'storage-failed']);
    expect(payloads(heard, 'storage-failed')[0]?.operation).toBe('remove');
  });

  test.each(moods)('R53: a signed-out session does not come back when removing %s', async (mood) => {
    const window = stubWindow();
    const { storage, moods: spoil } = moodyStorage();
    const { auth, heard } = await signedIn({ storage });
    spoil.removeItem = mood;
    const done = auth.signOut();
    await pass(5_000);
    await done;
    window.dispatchEvent(new Event('online'));
    await pass(10_000);
    expect(auth.tokens).toBeUndefined();
    expect(names(heard)).not.toContain('signed-in');
  });

  test.each(moods)('R53: when everything %s, a session refreshes and goes on', async (mood) => {
    const { storage, moods: spoil } = moodyStorage();
    const { auth, world } = await signedIn({ storage });
    Object.assign(spoil, { getItem: mood, setItem: mood, removeItem: mood });
    world.good = 'access-1';
    const first = status(auth.fetch(ME));
    await pass(14_000);
    expect(await first).toBe(200);
    world.good = 'access-2';
    const second = status(auth.fetch(ME));
    await pass(14_000);
    expect(await second).toBe(200);
    expect(presented(world)).toEqual(['refresh-0', 'refresh-1']);
  });

  test('R33, R53: an aborted caller does not wait for a storage that hangs', async () => {
    const { storage, moods: spoil } = moodyStorage();
    spoil.getItem = 'hangs';
    const auth = createManager(createWorld(), { storage });
    const controller = new AbortController();
    const { signal } = controller;
    const waiting = [
      auth.fetch(ME, { signal }),
      auth.fetch(new Request(ME, { signal })),
      auth.getAccessToken({ signal }),
      auth.refresh({ signal }),
    ].map(outcome);
    await settle();
    controller.abort();
    expect(await Promise.all(waiting)).toEqual(Array(4).fill('AbortError'));
    await pass(5_000);
  });

  test('R53: a write that hangs for 4 s is awaited, and no failure', async () => {
    const items = new Map<string, string>();
    const storage: TokenStorage = {
      getItem: (key) => items.get(key),
      setItem: (key, value) =>
        new Promise<void>((resolve) =>
          setTimeout(() => {
            items.set(key, value);
            resolve();
          }, 4_000),
        ),
      removeItem: (key) => items.delete(key),
    };
    const auth = createManager(createWorld(), { storage });
    const heard = listen(auth);
    const done = auth.signIn(login());
    await pass(4_000);
    await done;
    expect(names(heard)).toEqual(['signed-in']);
    expect([...items.values()].join()).toContain('refresh-0');
  });

  test('R70: no `storage-failed` shows a token', async () => {
    const { storage, moods: spoil } = moodyStorage();
    const { auth, heard } = await signedIn({ storage });
    Object.assign(spoil, { getItem: 'hangs', setItem: 'hangs' });
    const result = auth.refresh();
    await pass(14_000);
    await result;
    expect(payloads(heard, 'storage-failed').length).toBeGreaterThan(0);
    for (const { error } of payloads(heard, 'storage-failed'))
      expect(`${error}`).not.toMatch(/access-|refresh-\d/);
  });
});
