import { type Refresh, TokenError } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  failure,
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

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** A manager whose own `refresh` throws this each time. */
async function throwing(error: unknown, options: Parameters<typeof signedIn>[0] = {}) {
  const refresh = vi.fn<Refresh>(async () => {
    throw error;
  });
  return { ...(await signedIn({ refresh, ...options })), refresh };
}

const cyclic = () => {
  const error = new Error('cyclic');
  error.cause = error;
  return error;
};

describe('what a refresh of one’s own may throw', () => {
  test.each<[string, unknown]>([
    ["TokenError('session-ended')", new TokenError('session-ended')],
    ['an error caused by it', new Error('wrapped', { cause: new TokenError('session-ended') })],
    ['one of another copy of this package', { name: 'TokenError', code: 'session-ended' }],
    [
      'oauth4webapi’s invalid_grant',
      Object.assign(new Error('400'), { error: 'invalid_grant', status: 400 }),
    ],
    ['a plain invalid_grant', { error: 'invalid_grant' }],
    ['ky’s invalid_grant', Object.assign(new Error('400'), { data: { error: 'invalid_grant' } })],
  ])('R35: %s ends the session, once, with one event', async (_, error) => {
    const { auth, heard, refresh } = await throwing(error);
    const id = auth.sessionId;
    const waiting = Array.from({ length: 10 }, () => failure(auth.refresh()));
    const errors = await Promise.all(waiting);
    expect(new Set(errors).size).toBe(1);
    expect(errors[0]?.code).toBe('session-ended');
    expect(refresh).toHaveBeenCalledTimes(1);
    expect([auth.tokens, auth.sessionId]).toEqual([undefined, undefined]);
    expect(heard).toEqual([
      ['signed-out', { sessionId: id, reason: 'ended', elsewhere: false, error: expect.any(TokenError) }],
    ]);
    expect(payloads(heard, 'signed-out')[0]?.error?.code).toBe('session-ended');
  });

  test.each<[string, unknown]>([
    ['an error', new TypeError('fetch failed')],
    ['an abort', new DOMException('gone', 'AbortError')],
    ['undefined', undefined],
    ['null', null],
    ['a text', 'invalid_grant'],
    ['a number', 401],
    ['another OAuth error', { error: 'invalid_client', status: 401 }],
    ['`data` that is null', { data: null }],
    ['`data` that is a text', { data: 'invalid_grant' }],
    ['a status of 401', { status: 401, response: { status: 401 } }],
    ['an error that is its own cause', cyclic()],
    ['another TokenError', new TokenError('session-changed')],
    ["TokenError('closed')", new TokenError('closed')],
    ['a text that names it', new Error('invalid_grant')],
    ['a frozen error', Object.freeze(new Error('frozen'))],
  ])('R35: %s means "not now": the session goes on', async (_, error) => {
    const { auth, heard, refresh } = await throwing(error);
    const result = await failure(auth.refresh());
    expect(result.code).toBe('refresh-failed');
    expect(result.retryAt).toBeGreaterThan(Date.now());
    expect(auth.tokens?.accessToken).toBe('access-0');
    expect(heard).toEqual([
      ['refresh-failed', { sessionId: auth.sessionId, error: result, retryAt: result.retryAt }],
    ]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test('R70: the cause is a summary of what was thrown, and never the thrown object', async () => {
    const thrown = Object.assign(new RangeError('my backend'), {
      status: 502,
      config: { data: 'refresh-0' },
    });
    const { auth } = await throwing(thrown);
    const { cause, message } = await failure(auth.refresh());
    expect(cause).not.toBe(thrown);
    expect(cause).toMatchObject({ name: 'RangeError', message: 'my backend', status: 502 });
    expect(cause).not.toHaveProperty('config');
    expect(message).toContain('my backend');
  });

  test('R38: a refresh that throws before it returns a promise hangs nobody', async () => {
    const refresh: Refresh = () => {
      throw new Error('at once');
    };
    const { auth } = await signedIn({ refresh });
    expect(await outcome(auth.refresh())).toBe('refresh-failed');
    expect(await outcome(auth.refresh())).toBe('refresh-failed');
  });

  test('R35: signed out by the server, a request goes out without a token; a sign-in starts anew', async () => {
    const { auth, world, refresh } = await throwing({ error: 'invalid_grant' }, { good: 'access-1' });
    expect(await outcome(auth.fetch(ME))).toBe('session-ended');
    expect(await status(auth.fetch(ME))).toBe(401);
    expect(world.api.at(-1)?.authorization).toBeNull();
    expect(refresh).toHaveBeenCalledTimes(1);
    await auth.signIn(login({ access_token: 'access-1' }));
    expect(await status(auth.fetch(ME))).toBe(200);
  });

  test('R35: `invalid_grant` behind a refresh ahead signs out without hurting the request', async () => {
    const { auth, heard } = await throwing({ error: 'invalid_grant' });
    await pass(3_600_000 - 50_000);
    expect(await status(auth.fetch(ME))).toBe(200);
    await settle();
    expect(names(heard)).toEqual(['signed-out']);
  });
});

describe('the back-off', () => {
  test('R35: while the old token is still good it is used, and the AS is left in peace', async () => {
    const { auth, world, refresh } = await throwing(new Error('down'));
    await pass(3_600_000 - 50_000);
    for (let i = 0; i < 10; i++) expect(await status(auth.fetch(ME))).toBe(200);
    await settle();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(world.api).toHaveLength(10);
  });

  test('R35: within the leeway too, a failed refresh leaves the old token in use', async () => {
    const { auth, refresh } = await throwing(new Error('down'));
    await pass(3_600_000 - 5_000);
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(await auth.getAccessToken()).toBe('access-0');
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test('R35: with an expired token requests reject at once, with the same `retryAt`, until then', async () => {
    const { auth, world, refresh } = await throwing(new Error('down'));
    await pass(3_600_000);
    const first = await failure(auth.fetch(ME));
    for (let i = 0; i < 5; i++) {
      const { code, retryAt } = await failure(auth.fetch(ME));
      expect({ code, retryAt }).toEqual({ code: 'refresh-failed', retryAt: first.retryAt });
    }
    expect([refresh.mock.calls.length, world.api.length]).toEqual([1, 0]);
    vi.setSystemTime(Math.ceil(Number(first.retryAt)));
    expect(await outcome(auth.fetch(ME))).toBe('refresh-failed');
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  test('R35, R13: a clock that is set back makes it no longer', async () => {
    const { auth, world, refresh } = await throwing(new Error('down'));
    await pass(3_600_000);
    await failure(auth.fetch(ME));
    vi.setSystemTime(Date.now() - 86_400_000);
    await pass(60_000);
    world.good = 'access-1';
    refresh.mockResolvedValue(login({ access_token: 'access-1' }));
    expect(await status(auth.fetch(ME))).toBe(200);
  });

  test('R35: it grows with each failure, to a minute at most', async () => {
    const { auth } = await throwing(new Error('down'));
    await pass(3_600_000);
    const delays: number[] = [];
    for (let i = 0; i < 12; i++) {
      const { retryAt } = await failure(auth.getAccessToken());
      delays.push(Number(retryAt) - Date.now());
      vi.setSystemTime(Math.ceil(Number(retryAt)));
    }
    expect(Math.min(...delays)).toBe(delays[0]);
    expect(delays[0]).toBeLessThanOrEqual(5_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(60_000);
    expect(Math.min(...delays.slice(-4))).toBeGreaterThanOrEqual(20_000);
  });

  test('R35: it has jitter, so that clients do not come back all at once', async () => {
    const delays = new Set<number>();
    for (const random of [0, 0.25, 0.5, 0.75, 0.99]) {
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const { auth } = await throwing(new Error('down'));
      delays.add(Number((await failure(auth.refresh())).retryAt) - Date.now());
    }
    expect(delays.size).toBeGreaterThan(1);
  });

  test('R35: a `retryAt` of one’s own error that is longer wins, up to an hour; a shorter one does not', async () => {
    const later = Date.now() + 1_800_000;
    const { auth } = await throwing(new TokenError('refresh-failed', { retryAt: later }));
    expect((await failure(auth.refresh())).retryAt).toBe(later);
    const never = await throwing(new TokenError('refresh-failed', { retryAt: 1e20 }));
    expect((await failure(never.auth.refresh())).retryAt).toBe(Date.now() + 3_600_000);
    const soon = await throwing(new TokenError('refresh-failed', { retryAt: 1 }));
    expect((await failure(soon.auth.refresh())).retryAt).toBeGreaterThan(Date.now());
  });

  test('R35: refresh() ends it', async () => {
    const { auth, refresh } = await throwing(new Error('down'));
    await pass(3_600_000);
    expect(await outcome(auth.fetch(ME))).toBe('refresh-failed');
    refresh.mockResolvedValueOnce(login({ access_token: 'access-1' }));
    expect((await auth.refresh()).accessToken).toBe('access-1');
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  test('R35: `online` ends it', async () => {
    const window = stubWindow();
    const { auth, refresh } = await throwing(new Error('down'));
    await pass(3_600_000);
    expect(await outcome(auth.fetch(ME))).toBe('refresh-failed');
    refresh.mockResolvedValueOnce(login({ access_token: 'access-1' }));
    window.dispatchEvent(new Event('online'));
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  test('R35: a success begins it anew', async () => {
    const { auth, refresh } = await throwing(new Error('down'));
    for (let i = 0; i < 8; i++) await failure(auth.refresh());
    const long = Number((await failure(auth.refresh())).retryAt) - Date.now();
    refresh.mockResolvedValueOnce(login({ access_token: 'access-1' }));
    await auth.refresh();
    const short = Number((await failure(auth.refresh())).retryAt) - Date.now();
    expect(short).toBeLessThan(long / 4);
  });

  test('R35: a wish for a longer validity gets the good token that there is', async () => {
    const { auth, refresh } = await throwing(new Error('down'));
    await pass(1_800_000);
    expect(await auth.getAccessToken({ minValidity: 2_000_000 })).toBe('access-0');
    expect(await auth.getAccessToken({ minValidity: 2_000_000 })).toBe('access-0');
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});
