/** R8: whose the cookie is. Another user's begins a new session for all; the same user's goes on with the one there is. */
import { cookieStore, createTokenManager } from 'evertoken';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { createCookieWorld, jwtOf, type Says } from '../support/cookie-world.ts';
import { record, short } from '../support/recorder.ts';
import { API } from '../support/tabs.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

test.each<Says>(['ID token', 'JWT access token'])(
  'R8: another user’s cookie that a second tab finds begins a new session for all (%s)',
  async (says) => {
    stubBrowser();
    const { server, login, open } = createCookieWorld({ ms: 100, says });
    login('ann');
    const first = open();
    await come(first.auth.ready);
    const { sessionId, tokens } = first.auth;
    // In a page that knows nothing of the library.
    login('bob');
    const second = open();
    await come(second.auth.ready);
    await pass(2_000);

    expect(second.auth.sessionId).not.toBe(sessionId);
    expect(short(first.told)).toEqual(['signed-in restored', 'signed-out replaced', 'signed-in restored']);
    expect(first.told[1]).toEqual(['signed-out', { sessionId, reason: 'replaced', elsewhere: true }]);
    // It has asked anew: tokens of its own, of the session that the second tab has begun.
    expect(first.auth.tokens?.accessToken).not.toBe(tokens?.accessToken);
    expect(first.auth.sessionId).toBe(second.auth.sessionId);
    expect(short(second.told)).toEqual(['signed-in restored']);
    expect([server.presented.length, server.reused]).toEqual([3, []]);
  },
);

/** A page that signs in with an ID token whose `sub` is made for this client, and with the server's own in the other. */
async function signedIn(answer: () => Record<string, unknown>) {
  stubBrowser();
  const refresh = Object.assign(async () => answer(), { withoutRefreshToken: true });
  const auth = createTokenManager({ allow: API, refresh, store: cookieStore(`subject ${Math.random()}`) });
  onTestFinished(() => auth.close());
  await come(
    auth.signIn({ access_token: jwtOf('internal-1'), id_token: jwtOf('pairwise-9'), expires_in: 300 }),
  );
  return { auth, told: record(auth), sessionId: auth.sessionId };
}

test('R8: like subjects are compared with like: a pairwise `sub` and the same internal one are one user', async () => {
  let number = 0;
  const { auth, told, sessionId } = await signedIn(() => ({
    access_token: jwtOf('internal-1', { number: ++number }),
    expires_in: 300,
  }));
  await come(auth.refresh());
  await come(auth.refresh());
  await pass(1_000);
  expect(short(told)).toEqual(['token-refreshed manual', 'token-refreshed manual']);
  expect(auth.sessionId).toBe(sessionId);
  expect(auth.tokens?.idToken).toBe(jwtOf('pairwise-9'));
});

test('R8: another internal `sub` is another user, also where the answer has no ID token', async () => {
  const { auth, told, sessionId } = await signedIn(() => ({
    access_token: jwtOf('internal-2'),
    expires_in: 300,
  }));
  await come(auth.refresh().catch(() => {}));
  await pass(1_000);
  expect(short(told)).toEqual(['signed-out replaced', 'signed-in restored']);
  expect(auth.sessionId).not.toBe(sessionId);
  // Nothing of the one before is left.
  expect(auth.tokens?.idToken).toBeUndefined();
});
