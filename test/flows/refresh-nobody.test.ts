/** R8, R38: a `refresh` that works with nothing in hand, and a sign-out beside it. */
import { createTokenManager, type Refresh, type TokenManagerOptions } from 'evertoken';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { record, short } from '../support/recorder.ts';
import { API, during, outcomeOf, pass } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A client credentials grant that takes a second. */
function createGrant() {
  let count = 0;
  const refresh: Refresh = Object.assign(
    async () => {
      const access_token = `access-${++count}`;
      await new Promise<void>((resolve) => void setTimeout(resolve, 1_000));
      return { access_token, expires_in: 300 };
    },
    { withoutRefreshToken: true },
  );
  const open = (options: Partial<TokenManagerOptions> = {}) => {
    const auth = createTokenManager({ allow: API, refresh, ...options });
    onTestFinished(() => auth.close());
    return auth;
  };
  return { open, count: () => count };
}

test('R38: refresh() with nobody signed in rejects with session-changed when signOut() is called meanwhile', async () => {
  const auth = createGrant().open();
  const refreshed = outcomeOf(auth.refresh());
  await pass(500);
  await auth.signOut();
  expect(await during(refreshed, 1_000)).toBe('session-changed');
  expect([auth.status, auth.tokens]).toEqual(['signed-out', undefined]);
});

test('R38: nor does it resolve with nothing when another context signs out meanwhile', async () => {
  const cell = createCell();
  const { open } = createGrant();
  const [one, other] = [open({ store: cell.open().store }), open({ store: cell.open().store })];
  const refreshed = outcomeOf(one.refresh());
  await pass(500);
  await during(other.signOut(), 0);
  expect(await during(refreshed, 1_000)).toBe('session-changed');
  expect([one.tokens, other.tokens]).toEqual([undefined, undefined]);
});

test('R8: a sign-out of a stored session stands for all contexts: nobody begins a new one by itself', async () => {
  const cell = createCell();
  const { open, count } = createGrant();
  const [one, other] = [open({ store: cell.open().store }), open({ store: cell.open().store })];
  expect(await during(one.getAccessToken(), 1_000)).toBe('access-1');
  expect(await during(other.getAccessToken(), 1_000)).toBe('access-1');
  const told = record(other);
  await during(one.signOut(), 0);

  expect([one.status, other.status]).toEqual(['signed-out', 'signed-out']);
  expect(await during(other.getAccessToken(), 5_000)).toBeUndefined();
  expect(await during(one.getAccessToken(), 5_000)).toBeUndefined();
  expect([one.status, other.status, count()]).toEqual(['signed-out', 'signed-out', 1]);
  expect(short(told)).toEqual(['signed-out local']);

  // Whoever wants one says so.
  expect(await during(other.refresh(), 1_000)).toMatchObject({ accessToken: 'access-2' });
  expect(one.tokens?.accessToken).toBe('access-2');
});

test('R8, R38: who asks with nothing in hand goes on with the session that another context has begun meanwhile', async () => {
  const cell = createCell();
  const refresh: Refresh = Object.assign(
    async () => {
      await new Promise<void>((resolve) => void setTimeout(resolve, 1_000));
      throw Object.assign(new Error('refused'), { error: 'invalid_grant' });
    },
    { withoutRefreshToken: true },
  );
  const { open } = createGrant();
  const [one, other] = [
    open({ store: cell.open().store, refresh }),
    open({ store: cell.open().store, refresh }),
  ];
  const asked = outcomeOf(one.getAccessToken());
  await pass(500);
  await during(other.signIn({ access_token: 'theirs', refresh_token: 'r', expires_in: 300 }), 0);
  expect(await during(asked, 1_000)).toBe('theirs');
  expect([one.status, one.tokens?.accessToken]).toEqual(['signed-in', 'theirs']);
});
