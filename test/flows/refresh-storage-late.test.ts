import type { TokenStorage } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { login, names, settle, signedIn, stubWindow } from '../support/refresh.ts';
import { moodyStorage } from '../support/storages.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a record that is older than what this context holds', () => {
  test('R39, R53: a sign-in that cannot be stored is not undone by the record of the session before', async () => {
    const window = stubWindow();
    const { storage, moods: spoil } = moodyStorage();
    const { auth, world } = await signedIn({ storage });
    spoil.setItem = 'throws';
    await auth.signIn(login({ access_token: 'other-0', refresh_token: 'other-refresh-0' }));
    window.dispatchEvent(new Event('online'));
    await settle();
    expect(await auth.getAccessToken()).toBe('other-0');
    await auth.refresh();
    expect(world.refreshes.map(({ body }) => new URLSearchParams(body).get('refresh_token'))).toEqual([
      'other-refresh-0',
    ]);
  });

  test('R32, R53: a write that lands after the sign-out does not bring the session back', async () => {
    const window = stubWindow();
    const items = new Map<string, string>();
    let delay = 0;
    const storage: TokenStorage = {
      getItem: (key) => items.get(key),
      async setItem(key, value) {
        if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
        items.set(key, value);
      },
      removeItem: (key) => items.delete(key),
    };
    const { auth, heard } = await signedIn({ storage });
    delay = 10_000;
    const refreshed = auth.refresh();
    await pass(6_000);
    await refreshed;
    await auth.signOut();
    await pass(10_000);
    window.dispatchEvent(new Event('online'));
    await pass(10_000);
    expect(auth.tokens).toBeUndefined();
    expect(names(heard)).not.toContain('signed-in');
  });
});
