/** R30, R42, R43: captured tokens where several contexts share the session. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { short } from '../support/recorder.ts';
import { API, AS, createServer, during, openTab, outcomeOf, pass, type Tab } from '../support/tabs.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const capture = [{ url: `${API}/password` }, { url: `${API}/login`, startsSession: true }];

/** Two tabs that are signed in; the endpoints that change credentials answer when the test says so. */
async function openCapturing(isTold = true, isSignedIn = true, hasLock = true) {
  const server = createServer({ ms: 100 });
  const fetch: typeof server.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : `${input}`;
    return (await answers.get(url)) ?? server.fetch(input, init);
  };
  const answers = new Map<string, Promise<Response>>();
  const cell = createCell({ hasLock });
  const open = () => openTab(cell, server, { fetch, capture });
  const [a, b] = [open(), open()];
  if (isSignedIn) await a.auth.signIn(server.login());
  await pass();
  for (const { told, view } of [a, b]) {
    told.length = 0;
    if (!isTold) view.news = 'lost';
  }
  /** Sends a request that is answered by the function it gives. */
  const ask = async ({ auth }: Tab, path: string) => {
    const answer = deferred<Response>();
    const url = `${API}${path}?${answers.size}`;
    answers.set(url, answer.promise);
    const sent = auth.fetch(url, { method: 'POST' });
    await pass(10);
    return async (tokens: object) => {
      answer.resolve(Response.json(tokens));
      await during(sent, 50);
    };
  };
  return { server, cell, a, b, open, ask };
}

const whole = (user: string) => ({
  access_token: `access-${user}`,
  refresh_token: `refresh-${user}`,
  expires_in: 60,
});
const partial = (user: string) => ({ access_token: `access-${user}`, expires_in: 60 });

describe('R30, R41: an answer of a sign-in endpoint', () => {
  test.each([
    [true, true],
    [true, false],
    [false, true],
    [false, false],
  ])(
    'R30: that is slow is discarded when another context signs in meanwhile (heard of: %s, over a session: %s)',
    async (isTold, isSignedIn) => {
      const { a, b, ask, server } = await openCapturing(isTold, isSignedIn);
      const answer = await ask(b, '/login');
      await a.auth.signIn(server.login('bob'));
      await pass();
      await answer(whole('late'));
      await pass();
      expect([a.token, b.token]).toEqual([a.token, a.token]);
      expect(a.token).toMatch(/^access-bob/);
      expect(short(a.told).filter((event) => event === 'signed-in captured')).toEqual([]);
    },
  );

  test('R30: over a session that another context ends meanwhile is discarded, too', async () => {
    const { a, b, ask } = await openCapturing(false);
    const answer = await ask(b, '/login');
    await a.auth.signOut();
    await answer(whole('late'));
    await pass();
    expect([a.auth.status, b.auth.status]).toEqual(['signed-out', 'signed-out']);
  });

  test('R41: of one who is signed out begins a session in all contexts', async () => {
    const { a, b, ask } = await openCapturing(true, false);
    await (await ask(b, '/login'))(whole('bob'));
    await pass();
    expect([a.token, b.token]).toEqual(['access-bob', 'access-bob']);
    expect(a.told.at(-1)?.[1]).toMatchObject({ cause: 'captured', elsewhere: true });
  });
});

describe('R43: two contexts capture', () => {
  test.each([
    ['refresh tokens', whole, true],
    ['refresh tokens', whole, false],
    ['access tokens alone', partial, true],
    ['access tokens alone', partial, false],
  ])(
    'R43: %s: the request sent first is answered last: the later sent wins (%#)',
    async (_what, tokens, isTold) => {
      const { a, b, open, ask } = await openCapturing(isTold);
      const first = await ask(a, '/password');
      const second = await ask(b, '/password');
      await second(tokens('later'));
      await first(tokens('earlier'));
      await pass();
      const late = open();
      await late.auth.ready;
      expect([a.token, b.token, late.token]).toEqual(Array(3).fill('access-later'));
    },
  );

  test('R42: captured tokens with a refresh token beat a refresh of another context that is on the wire', async () => {
    const { a, b, ask, server } = await openCapturing();
    const refreshed = a.auth.refresh().catch(() => {});
    await pass(70);
    await (await ask(b, '/password'))(whole('captured'));
    await during(refreshed, 500);
    expect([a.token, b.token, server.reused]).toEqual(['access-captured', 'access-captured', []]);
  });

  test('R43: a captured access token alone does not: the rotated refresh token would be lost', async () => {
    const { a, b, ask } = await openCapturing();
    const refreshed = a.auth.refresh();
    await pass(20);
    await (await ask(b, '/password'))(partial('captured'));
    await during(refreshed, 500);
    await pass();
    expect([a.token, b.token]).toEqual(['access-ann-2', 'access-ann-2']);
    expect(a.auth.tokens?.refreshToken).toBe('refresh-ann-2');
  });

  test('R43, R54: nor does it end the lease: the refresh token is still being presented', async () => {
    const { a, b, ask, server } = await openCapturing(true, true, false);
    server.ms = 1_000;
    const refreshed = a.auth.refresh();
    await pass(200);
    await (await ask(b, '/password'))(partial('captured'));
    const second = b.auth.refresh();
    await during(Promise.all([refreshed, second]), 5_000);
    expect([server.presented.length, server.reused]).toEqual([2, []]);
  });

  test('R43: and replaces nothing once a refresh elsewhere has replaced the one that its request carried', async () => {
    const { a, b, ask } = await openCapturing(false);
    const answer = await ask(b, '/password');
    await during(a.auth.refresh(), 200);
    await answer(partial('stale'));
    await pass();
    expect([a.token, b.token]).toEqual(['access-ann-2', 'access-ann-2']);
  });

  test('R35, R54: a session goes on whose access token was captured while its refresh was refused; nobody waits for that', async () => {
    const { a, b, ask, server } = await openCapturing(true, true, false);
    const refreshed = outcomeOf(a.auth.refresh());
    await pass(20);
    for (const token of server.living) await server.fetch(`${AS}/revoke`, { method: 'POST', body: token });
    await (await ask(b, '/password'))(partial('captured'));
    await during(refreshed, 500);
    expect([a.token, b.token]).toEqual(['access-captured', 'access-captured']);
    const presented = server.presented.length;
    await during(
      b.auth.refresh().catch(() => {}),
      1_500,
    );
    expect(server.presented.length).toBe(presented + 1);
  });

  test('R42: revive a session that a refresh in another context has found ended meanwhile, and no signed-out one', async () => {
    for (const isSignOut of [false, true]) {
      const { a, b, ask, server } = await openCapturing();
      const { sessionId } = a.auth;
      const answer = await ask(b, '/password');
      for (const token of server.living) await server.fetch(`${AS}/revoke`, { method: 'POST', body: token });
      await during(isSignOut ? a.auth.signOut() : a.auth.refresh().catch(() => {}), 500);
      await answer(whole('captured'));
      await pass();
      const token = isSignOut ? undefined : 'access-captured';
      expect([a.token, b.token]).toEqual([token, token]);
      expect(a.auth.sessionId).not.toBe(sessionId);
      if (!isSignOut) {
        expect(short(b.told)).toEqual(['signed-out ended', 'signed-in captured']);
      }
    }
  });
});
