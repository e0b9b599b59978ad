import { createTokenManager, type Refresh, refreshEndpoint, type TokenManagerOptions } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { record } from '../support/attach.ts';
import { API, createManager, createWorld, TOKEN_ENDPOINT, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const cookie = () => refreshEndpoint({ url: TOKEN_ENDPOINT, format: 'cookie' });

function createCookieWorld(options: Partial<TokenManagerOptions> = {}) {
  const world = createWorld();
  world.answerRefresh = (_request, count) =>
    Response.json({ access_token: `access-${count}`, expires_in: 600 });
  const auth = createManager(world, { refresh: cookie(), ...options });
  return { world, auth, said: record(auth) };
}

/** A refresh of the user that needs nothing in hand. */
const own = (refresh: Refresh): Refresh => Object.assign(refresh, { withoutRefreshToken: true });

describe('R8: with a cookie', () => {
  test('the first use restores the session: one call for all, one event', async () => {
    const { world, auth, said } = createCookieWorld();
    expect(auth.tokens).toBeUndefined();
    const paths = Array.from({ length: 20 }, (_, n) => `${API}/${n}`);
    await Promise.all([...paths.map((path) => auth.fetch(path)), auth.getAccessToken()]);
    expect(world.refreshes).toHaveLength(1);
    expect(new Set(world.api.map(({ authorization }) => authorization))).toEqual(
      new Set(['Bearer access-1']),
    );
    expect(said).toEqual([
      [
        'signed-in',
        { sessionId: auth.sessionId, expiresAt: Date.now() + 600_000, cause: 'restored', elsewhere: false },
      ],
    ]);
    expect(auth.sessionId).toBeTruthy();
  });

  test('creating the manager calls nobody; a URL that is not allowed is no use', async () => {
    const { world, auth } = createCookieWorld();
    expect([auth.status, auth.tokens, auth.sessionId]).toEqual(['unknown', undefined, undefined]);
    auth.subscribe(() => {});
    await auth.fetch('https://other.test/');
    await vi.advanceTimersByTimeAsync(100_000);
    expect(world.refreshes).toHaveLength(0);
    expect(auth.status).toBe('unknown');
  });

  test('the call takes the cookie along, and nothing else', async () => {
    const fetch = vi.fn(async (_input: RequestInfo | URL, _init?: RequestInit) =>
      Response.json({ access_token: 'a' }),
    );
    const refresh = cookie();
    await createTokenManager({ refresh, allow: API, fetch }).getAccessToken();
    const request = new Request(...(fetch.mock.calls[0] ?? ['']));
    expect(refresh.withoutRefreshToken).toBe(true);
    expect([request.method, request.credentials, await request.text()]).toEqual(['POST', 'include', '']);
  });

  test.each([
    [401, ''],
    [403, '{"error":"invalid_grant"}'],
    [400, '{"error":"invalid_grant"}'],
  ])('an answer of %i %s means signed out: no event, no header, no further try', async (status, body) => {
    const { world, auth, said } = createCookieWorld();
    world.answerRefresh = () => new Response(body, { status });
    expect(await auth.getAccessToken()).toBeUndefined();
    world.answerApi = () => unauthorized();
    const responses = await Promise.all([auth.fetch(`${API}/1`), auth.fetch(`${API}/2`)]);
    expect(responses.map((response) => response.status)).toEqual([401, 401]);
    await vi.advanceTimersByTimeAsync(3_600_000);
    await auth.fetch(`${API}/3`);
    expect(await auth.getAccessToken()).toBeUndefined();
    expect(world.refreshes).toHaveLength(1);
    expect(world.api.map(({ authorization }) => authorization)).toEqual([null, null, null]);
    expect(said).toEqual([]);
    expect(auth.sessionId).toBeUndefined();
  });

  test('many first uses of one who is signed out cost one call', async () => {
    const { world, auth } = createCookieWorld();
    world.answerRefresh = () => new Response('', { status: 401 });
    const requests = Array.from({ length: 10 }, (_, n) => auth.fetch(`${API}/${n}`));
    const responses = await Promise.all(requests);
    expect(responses.every((response) => response.ok)).toBe(true);
    expect(world.refreshes).toHaveLength(1);
    expect(world.api).toHaveLength(10);
  });

  test('refresh() tries again after that, and finds the session', async () => {
    const { world, auth, said } = createCookieWorld();
    const answer = world.answerRefresh;
    world.answerRefresh = () => new Response('', { status: 401 });
    await auth.fetch(API);
    await expect(auth.refresh()).rejects.toMatchObject({ name: 'TokenError', code: 'session-ended' });
    expect(said).toEqual([]);
    world.answerRefresh = answer;
    const tokens = await auth.refresh();
    expect(tokens).toBe(auth.tokens);
    expect(tokens.accessToken).toBe('access-3');
    expect(said.map(([event, { cause }]) => [event, cause])).toEqual([['signed-in', 'restored']]);
  });

  test('signIn ends the silence too', async () => {
    const { world, auth } = createCookieWorld();
    const answer = world.answerRefresh;
    world.answerRefresh = () => new Response('', { status: 401 });
    await auth.fetch(API);
    world.answerRefresh = answer;
    await auth.signIn({ access_token: 'mine', expires_in: 100 });
    await vi.advanceTimersByTimeAsync(200_000);
    await auth.fetch(API);
    expect(world.api.at(-1)?.authorization).toBe('Bearer access-2');
  });

  test('after signOut() nobody tries until signIn or refresh()', async () => {
    const { world, auth } = createCookieWorld();
    await auth.fetch(API);
    await auth.signOut();
    await auth.fetch(API);
    expect(await auth.getAccessToken()).toBeUndefined();
    expect(world.refreshes).toHaveLength(1);
    expect(world.api.at(-1)?.authorization).toBeNull();
    await auth.refresh();
    await auth.fetch(API);
    expect(world.api.at(-1)?.authorization).toBe('Bearer access-2');
  });

  test('signOut() before the first use counts as well', async () => {
    const { world, auth } = createCookieWorld();
    await auth.signOut();
    await auth.fetch(API);
    expect(world.refreshes).toHaveLength(0);
  });

  test('a session that the server ends is told once, and not tried again', async () => {
    const { world, auth, said } = createCookieWorld();
    await auth.fetch(API);
    const { sessionId } = auth;
    world.answerRefresh = () => new Response('', { status: 401 });
    await vi.advanceTimersByTimeAsync(700_000);
    const requests = [auth.fetch(API), auth.fetch(API)].map((request) =>
      request.catch((error) => error.code),
    );
    expect(await Promise.all(requests)).toEqual(['session-ended', 'session-ended']);
    await auth.fetch(API);
    expect(world.refreshes).toHaveLength(2);
    expect(said.slice(1)).toEqual([
      [
        'signed-out',
        {
          ...{ sessionId, reason: 'ended', elsewhere: false },
          error: expect.objectContaining({ code: 'session-ended' }),
        },
      ],
    ]);
  });

  test('a refused token is replaced with no refresh token in hand', async () => {
    const { world, auth } = createCookieWorld();
    await auth.fetch(API);
    world.good = 'access-2';
    expect((await auth.fetch(API)).status).toBe(200);
    expect(world.refreshes).toHaveLength(2);
  });
});

describe('R8: a server that cannot be reached leaves it open whether anybody is signed in', () => {
  const failing: Record<string, () => Promise<never>> = {
    'a network error': () => Promise.reject(new TypeError('fetch failed')),
    'a 503': () => Promise.reject(Object.assign(new Error('HTTP 503'), { status: 503 })),
    'an error with another OAuth code': () =>
      Promise.reject(Object.assign(new Error(), { error: 'server_error' })),
  };
  test.each(Object.entries(failing))('%s: everybody rejects with refresh-failed', async (_what, fail) => {
    const refresh = own(vi.fn(fail));
    const { world, auth, said } = createCookieWorld({ refresh });
    const failed = { name: 'TokenError', code: 'refresh-failed', retryAt: expect.any(Number) };
    await Promise.all([
      expect(auth.fetch(API)).rejects.toMatchObject(failed),
      expect(auth.fetch(API)).rejects.toMatchObject(failed),
      expect(auth.getAccessToken()).rejects.toMatchObject(failed),
    ]);
    await expect(auth.fetch(API)).rejects.toMatchObject(failed);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(world.api).toHaveLength(0);
    expect(said).toEqual([
      [
        'refresh-failed',
        { sessionId: undefined, error: expect.objectContaining(failed), retryAt: expect.any(Number) },
      ],
    ]);
  });

  test('after retryAt it is tried again and the session is restored', async () => {
    const refresh = vi.fn<Refresh>().mockRejectedValueOnce(new TypeError('fetch failed'));
    refresh.mockResolvedValue({ access_token: 'back' });
    const { world, auth, said } = createCookieWorld({ refresh: own(refresh) });
    await expect(auth.fetch(API)).rejects.toMatchObject({ code: 'refresh-failed' });
    await vi.advanceTimersByTimeAsync(61_000);
    await auth.fetch(API);
    expect(world.api[0]?.authorization).toBe('Bearer back');
    expect(said.map(([event]) => event)).toEqual(['refresh-failed', 'signed-in']);
  });
});
