import { type RefreshEndpointOptions, refreshEndpoint } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, ME, names, outcome, settle, signedIn } from '../support/refresh.ts';
import { TOKEN_ENDPOINT } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Format = NonNullable<RefreshEndpointOptions['format']>;

const html = (status: number) =>
  new Response('<html>Blocked: {"error":"invalid_grant"}</html>', {
    status,
    headers: { 'content-type': 'text/html' },
  });
const json = (status: number, body: unknown) => Response.json(body, { status });
const bare = (status: number) => new Response(null, { status });

/** How one refresh ends when the server always answers like this. */
async function ending(answer: () => Response, options: Partial<RefreshEndpointOptions>) {
  const { auth, world, heard } = await signedIn({
    refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, ...options }),
  });
  world.answerRefresh = answer;
  const result = outcome(auth.refresh());
  await vi.advanceTimersByTimeAsync(30_000);
  return {
    code: await result,
    calls: world.refreshes.length,
    token: auth.tokens?.accessToken,
    names: names(heard),
  };
}

describe('the end of a session', () => {
  test.each<[string, Format, () => Response]>([
    ...[200, 400, 401, 403, 429, 500, 503].map((status): [string, Format, () => Response] => [
      `${status} invalid_grant`,
      'form',
      () => json(status, { error: 'invalid_grant', error_description: 'gone' }),
    ]),
    ['400 invalid_grant', 'json', () => json(400, { error: 'invalid_grant' })],
    ['400 invalid_grant', 'cookie', () => json(400, { error: 'invalid_grant' })],
    ['401', 'json', () => bare(401)],
    ['401', 'cookie', () => bare(401)],
    ['401 with JSON', 'json', () => json(401, { message: 'expired' })],
    ['401 with a text', 'cookie', () => new Response('Unauthorized', { status: 401 })],
    ['403 invalid_grant', 'json', () => json(403, { error: 'invalid_grant' })],
  ])('R35: %s (%s) ends it after one call, with one event', async (_, format, answer) => {
    expect(await ending(answer, { format })).toEqual({
      code: 'session-ended',
      calls: 1,
      token: undefined,
      names: ['signed-out'],
    });
  });

  test.each<[string, Format, () => Response]>([
    ['401 invalid_client', 'form', () => json(401, { error: 'invalid_client' })],
    ['401 with nothing', 'form', () => bare(401)],
    ['403 with JSON', 'form', () => json(403, { error: 'access_denied' })],
    ['400 invalid_request', 'form', () => json(400, { error: 'invalid_request' })],
    [
      '400 whose description names it',
      'form',
      () => json(400, { error: 'x', error_description: 'invalid_grant' }),
    ],
    ['400 with HTML', 'form', () => html(400)],
    ['400 with HTML', 'json', () => html(400)],
    ['403 with JSON', 'json', () => json(403, { message: 'revoked' })],
    ['403 with JSON', 'cookie', () => json(403, {})],
    ['403 with HTML', 'json', () => html(403)],
    ['403 with HTML', 'cookie', () => html(403)],
    ['403 with nothing', 'cookie', () => bare(403)],
    ['400 with JSON', 'json', () => json(400, { message: 'bad' })],
    ['422 with JSON', 'json', () => json(422, { message: 'bad' })],
    ['404', 'json', () => bare(404)],
    ['400 with an array', 'form', () => json(400, [{ error: 'invalid_grant' }])],
    ['400 with null', 'form', () => json(400, null)],
  ])('R35: %s (%s) does not end it', async (_, format, answer) => {
    const { code, token, names } = await ending(answer, { format });
    expect({ code, token, names }).toEqual({
      code: 'refresh-failed',
      token: 'access-0',
      names: ['refresh-failed'],
    });
  });

  test.each([408, 425, 429, 500, 502, 503, 504])('R35: %d never ends it, and is retried', async (status) => {
    for (const format of ['form', 'json', 'cookie'] as const) {
      const { code, token, names, calls } = await ending(() => json(status, { message: 'later' }), {
        format,
      });
      expect({ code, token, names }).toEqual({
        code: 'refresh-failed',
        token: 'access-0',
        names: ['refresh-failed'],
      });
      expect(calls).toBeGreaterThan(1);
      expect(calls).toBeLessThan(12);
    }
  });

  test.each([400, 401, 403, 404, 409, 422])('R35: %d is not retried', async (status) => {
    expect((await ending(() => bare(status), { format: 'form' })).calls).toBe(1);
  });

  test.each(['json', 'cookie'] as const)(
    'R35: a 403 (%s) is tried once more, and ends nothing',
    async (format) => {
      const { code, calls, token } = await ending(() => json(403, { message: 'CSRF' }), { format });
      expect([code, calls, token]).toEqual(['refresh-failed', 2, 'access-0']);
    },
  );
});

describe('`isSessionEnded`', () => {
  test('replaces the judgement: 422 may end a session', async () => {
    const isSessionEnded = vi.fn(({ status }: { status: number; body: unknown }) => status === 422);
    const { code } = await ending(() => json(422, { code: 'TOKEN_REVOKED' }), {
      format: 'json',
      isSessionEnded,
    });
    expect(code).toBe('session-ended');
    expect(isSessionEnded).toHaveBeenCalledWith({ status: 422, body: { code: 'TOKEN_REVOKED' } });
  });

  test.each<[number, unknown]>([
    [401, {}],
    [400, { error: 'invalid_grant' }],
    [403, {}],
  ])('replaces the judgement: %d %o may leave it', async (status, body) => {
    const { code } = await ending(() => json(status, body), { format: 'json', isSessionEnded: () => false });
    expect(code).toBe('refresh-failed');
  });

  test('R38: one that throws hangs nobody and ends nothing', async () => {
    const isSessionEnded = ({ body }: { body: unknown }) => (body as { a: { b: boolean } }).a.b;
    const { code, token } = await ending(() => html(400), { format: 'json', isSessionEnded });
    expect([code, token]).toEqual(['refresh-failed', 'access-0']);
  });
});

describe('retries', () => {
  const good = () => Response.json({ access_token: 'access-1', refresh_token: 'refresh-1' });

  /** A refresh whose calls are answered in this order, then well. */
  async function answering(...answers: (() => Response | Promise<Response>)[]) {
    const scene = await signedIn();
    const times: number[] = [];
    const startedAt = Date.now();
    scene.world.answerRefresh = (_, count) => {
      times.push(Date.now() - startedAt);
      return (answers[count - 1] ?? good)();
    };
    return { ...scene, times, result: scene.auth.refresh() };
  }

  const lost = () => Promise.reject(new TypeError('fetch failed'));
  const broken = () =>
    new Response(
      new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) }),
    );

  test.each([
    ['a lost answer', lost],
    ['an answer whose body breaks off', broken],
  ])('R35: %s is asked for again at once, with the same refresh token', async (_, answer) => {
    const { result, times, world, heard } = await answering(answer);
    await settle();
    expect((await result).accessToken).toBe('access-1');
    expect(times).toEqual([0, 0]);
    expect(world.refreshes[1]?.body).toBe(world.refreshes[0]?.body);
    expect(names(heard)).toEqual(['token-refreshed']);
  });

  test('R35: a server that fails once is asked again within the time limit', async () => {
    const { result, times } = await answering(() => bare(503));
    await vi.advanceTimersByTimeAsync(15_000);
    expect((await result).accessToken).toBe('access-1');
    expect(times[1]).toBeGreaterThan(0);
  });

  test.each([
    ['seconds', () => '3'],
    ['a date', () => new Date(Date.now() + 3_900).toUTCString()],
  ])('R35: `Retry-After` in %s is obeyed', async (_, value) => {
    for (const status of [429, 503]) {
      const { result, times } = await answering(
        () => new Response(null, { status, headers: { 'retry-after': value() } }),
      );
      await vi.advanceTimersByTimeAsync(15_000);
      expect((await result).accessToken).toBe('access-1');
      expect(times[1]).toBeGreaterThanOrEqual(2_900);
      expect(times[1]).toBeLessThan(8_000);
    }
  });

  test.each([
    ['1800', 1_800],
    ['7200', 3_600],
    ['1e20', 3_600],
    ['Tue, 01 Jan 2199 00:00:00 GMT', 3_600],
  ])(
    'R35: a `Retry-After` of %s is beyond the time limit: it fails at once, and `retryAt` is %d s away',
    async (value, seconds) => {
      const { result, times } = await answering(
        () => new Response(null, { status: 503, headers: { 'retry-after': value } }),
      );
      const error = failure(result);
      await vi.advanceTimersByTimeAsync(1_000);
      const { code, retryAt } = await error;
      expect(code).toBe('refresh-failed');
      expect(Number(retryAt) - Date.now()).toBe(seconds * 1_000 - 1_000);
      expect(new Date(Number(retryAt)).toISOString()).toBeTypeOf('string');
      expect(times).toEqual([0]);
    },
  );

  test.each(['soon', '-5', '', '1.5.2', 'NaN'])(
    'R35: a `Retry-After` of "%s" says nothing',
    async (value) => {
      const { result } = await answering(
        () => new Response(null, { status: 503, headers: { 'retry-after': value } }),
      );
      await vi.advanceTimersByTimeAsync(15_000);
      expect((await result).accessToken).toBe('access-1');
    },
  );

  test('R35: an `invalid_grant` to the second call ends the session', async () => {
    const { result, times } = await answering(lost, () => json(400, { error: 'invalid_grant' }));
    const end = outcome(result);
    await settle();
    expect(await end).toBe('session-ended');
    expect(times).toHaveLength(2);
  });

  test('R34, R35: all calls of one refresh lie within its time limit', async () => {
    const { result, times } = await answering(...Array(50).fill(lost));
    const end = failure(result);
    await vi.advanceTimersByTimeAsync(120_000);
    expect((await end).code).toBe('refresh-failed');
    expect(times.length).toBeGreaterThan(1);
    expect(times.length).toBeLessThan(12);
    expect(Math.max(...times)).toBeLessThanOrEqual(15_000);
  });

  test.each([
    ['answers 503', () => bare(503)],
    ['cannot be reached', lost],
  ])('R35: a server that %s is asked at most 12 times a minute after the first second', async (_, answer) => {
    // The shortest back-off.
    vi.spyOn(Math, 'random').mockReturnValue(0);
    const { result, times, auth, world } = await answering(...Array(500).fill(answer));
    const end = failure(result);
    world.good = 'access-1';
    const load = setInterval(() => void auth.fetch(ME).catch(() => {}), 50);
    await vi.advanceTimersByTimeAsync(61_000);
    clearInterval(load);
    expect((await end).code).toBe('refresh-failed');
    const calls = times.filter((time) => time > 1_000);
    expect(calls.length).toBeGreaterThan(3);
    expect(calls.length).toBeLessThanOrEqual(12);
  });

  test('R35: during the back-off not one call is made', async () => {
    const { result, auth, world } = await answering(...Array(50).fill(lost));
    const end = failure(result);
    await vi.advanceTimersByTimeAsync(15_000);
    await end;
    const again = failure(auth.refresh());
    await vi.advanceTimersByTimeAsync(15_000);
    const { retryAt } = await again;
    const { length } = world.refreshes;
    vi.setSystemTime(Number(retryAt) - 1);
    await auth.getAccessToken({ minValidity: 3_600_000 });
    expect(world.refreshes).toHaveLength(length);
  });
});
