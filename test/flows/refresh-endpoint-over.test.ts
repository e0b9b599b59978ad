/** R32: a session ends while its refresh is about to ask again. */
import { createTokenManager, refreshEndpoint, revokeEndpoint, type TokenManager } from 'evertoken';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { API, AS, outcomeOf } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const grant = { access_token: 'access', refresh_token: 'spent', expires_in: 300 };

/** A refresh that waits to ask again, and what becomes of its session meanwhile. */
async function refreshDown(meanwhile: (auth: TokenManager) => unknown) {
  const sent: string[] = [];
  const auth = createTokenManager({
    refresh: refreshEndpoint({ url: `${AS}/token` }),
    revoke: revokeEndpoint({ url: `${AS}/revoke` }),
    allow: API,
    fetch: async (input) => {
      sent.push(new URL(input instanceof Request ? input.url : input).pathname);
      return sent.at(-1) === '/token' ? new Response('down', { status: 503 }) : new Response();
    },
  });
  await auth.signIn(grant);
  const outcome = outcomeOf(auth.refresh());
  await vi.advanceTimersByTimeAsync(10);
  expect(sent).toEqual(['/token']);
  await meanwhile(auth);
  await vi.advanceTimersByTimeAsync(60_000);
  const done = await outcome;
  auth.close();
  return { sent, outcome: done };
}

test.each<[string, (auth: TokenManager) => unknown, string[]]>([
  ['a sign-out', (auth) => auth.signOut(), ['/token', '/revoke']],
  ['one that does not revoke', (auth) => auth.signOut({ revoke: false }), ['/token']],
  ['another sign-in', (auth) => auth.signIn({ ...grant, access_token: 'other' }), ['/token']],
])('R32: its refresh token is not presented after %s', async (_what, meanwhile, expected) => {
  const { sent, outcome } = await refreshDown(meanwhile);
  expect(sent).toEqual(expected);
  expect(outcome).toBe('session-changed');
});

test('R61: after `close()` it is: the answer that was lost may hold the only living token', async () => {
  const { sent, outcome } = await refreshDown((auth) => auth.close());
  expect(sent).toEqual(['/token', '/token', '/token']);
  expect(outcome).toBe('closed');
});
