/** `refreshExpiresAt`: when the refresh token expires, where the authorization server says it. */
import type { TokenResponse } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { login, ownRefresh, settle, signedIn } from '../support/refresh.ts';
import { createManager, createWorld } from '../support/world.ts';

const NOW = Date.parse('2026-11-01T12:00:00Z');

beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

describe('refreshExpiresAt after a sign-in', () => {
  test.each<[what: string, answer: object, expected: number | undefined]>([
    ['refresh_expires_in (Keycloak)', { refresh_expires_in: 1800 }, NOW + 1_800_000],
    ['it as text', { refresh_expires_in: '1800' }, NOW + 1_800_000],
    ['refresh_token_expires_in (Entra ID, GitHub)', { refresh_token_expires_in: 86_400 }, NOW + 86_400_000],
    ['refreshExpiresIn', { refreshExpiresIn: 60 }, NOW + 60_000],
    ['refreshTokenExpiresIn', { refreshTokenExpiresIn: 60 }, NOW + 60_000],
    ['a moment that is handed in', { refreshExpiresAt: NOW + 5_000 }, NOW + 5_000],
    ['nothing', {}, undefined],
    ['zero, which is how Keycloak says never', { refresh_expires_in: 0 }, undefined],
    ['a negative number', { refresh_expires_in: -1 }, undefined],
    ['text', { refresh_expires_in: 'soon' }, undefined],
    ['null', { refresh_expires_in: null }, undefined],
  ])('of an answer that says %s', async (_what, answer, expected) => {
    const { auth } = await signedIn({ tokens: { ...login(), ...answer } });
    expect(auth.tokens?.refreshExpiresAt).toBe(expected);
    if (!expected) expect(auth.tokens).not.toHaveProperty('refreshExpiresAt');
  });
});

describe('refreshExpiresAt after a refresh', () => {
  /** Signed in with half an hour for the refresh token; ten minutes later the refresh answers this, after 2 s. */
  async function refreshed(answer: TokenResponse) {
    const own = ownRefresh();
    const { auth } = await signedIn({ refresh: own.refresh, tokens: { refresh_expires_in: 1800 } });
    await vi.advanceTimersByTimeAsync(600_000);
    const refresh = auth.refresh();
    await vi.advanceTimersByTimeAsync(2_000);
    own.calls[0]?.resolve({ access_token: 'access-1', ...answer });
    return (await refresh).refreshExpiresAt;
  }

  test('is kept with a refresh token that is kept', async () => {
    expect(await refreshed({})).toBe(NOW + 1_800_000);
    vi.setSystemTime(NOW);
    expect(await refreshed({ refresh_token: 'refresh-0' })).toBe(NOW + 1_800_000);
  });

  test('is gone with a refresh token that is replaced by one of which nothing is said', async () => {
    expect(await refreshed({ refresh_token: 'refresh-1' })).toBeUndefined();
  });

  test('is that of the answer, counted from the moment its request was sent', async () => {
    expect(await refreshed({ refresh_token: 'refresh-1', refresh_expires_in: 900 })).toBe(NOW + 1_500_000);
    vi.setSystemTime(NOW);
    expect(await refreshed({ refresh_token_expires_in: 900 })).toBe(NOW + 1_500_000);
  });
});

test('refreshExpiresAt is restored, and a store may drop the entry when it is past', async () => {
  const cell = createCell();
  const { auth } = await signedIn({ store: cell.open(), tokens: { refresh_expires_in: 1800 } });
  expect(cell.entry?.keepFor).toBe(1_800_000);
  await vi.advanceTimersByTimeAsync(60_000);
  const next = createManager(createWorld(), { store: cell.open() });
  await next.ready;
  expect(next.tokens?.refreshExpiresAt).toBe(NOW + 1_800_000);
  await auth.refresh();
  await settle();
  expect(next.tokens).toMatchObject({ accessToken: 'access-1' });
  expect(next.tokens).not.toHaveProperty('refreshExpiresAt');
  expect(cell.entry).not.toHaveProperty('keepFor');
});
