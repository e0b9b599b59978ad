import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, ME, names, outcome, ownRefresh, settle, signedIn, status } from '../support/refresh.ts';
import { API, deferred, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const carried = (seen: { authorization: string | null }[]) => seen.map(({ authorization }) => authorization);

describe('a refused token', () => {
  test('R20, R21: a 401 is answered with one refresh and one replay with the new token', async () => {
    const { world, auth, heard } = await signedIn({ good: 'access-1' });
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(carried(world.api)).toEqual(['Bearer access-0', 'Bearer access-1']);
    expect(world.refreshes).toHaveLength(1);
    expect(names(heard)).toEqual(['token-refreshed']);
    expect(heard[0]?.[1]).toMatchObject({ cause: 'rejected', sessionId: auth.sessionId });
  });

  test('R20: a 401 whose challenge CORS hides is a refusal', async () => {
    const { world, auth } = await signedIn();
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-1' ? Response.json({}) : unauthorized();
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(world.refreshes).toHaveLength(1);
  });

  test.each([400, 402, 403, 404, 407, 419, 429, 500, 502, 503])(
    'R20, R26: a %d is handed on: no refresh, no second request',
    async (code) => {
      const { world, auth } = await signedIn();
      world.answerApi = () => new Response('no', { status: code });
      const response = await auth.fetch(ME, { method: 'POST', body: 'x' });
      expect([response.status, await response.text()]).toEqual([code, 'no']);
      expect([world.api.length, world.refreshes.length]).toEqual([1, 0]);
    },
  );

  test('R26: a network error reaches the caller as it is, and nothing is sent again', async () => {
    const { world, auth, heard } = await signedIn();
    const lost = new TypeError('fetch failed');
    world.answerApi = () => Promise.reject(lost);
    expect(await failure(auth.fetch(ME))).toBe(lost);
    expect([world.api.length, world.refreshes.length, heard.length]).toEqual([1, 0, 0]);
  });

  test.each([200, 403, 404, 500])('R21: a %d to the replay is the caller’s', async (code) => {
    const { world, auth, heard } = await signedIn();
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-1' ? new Response('second', { status: code }) : unauthorized();
    const response = await auth.fetch(ME);
    expect([response.status, await response.text()]).toEqual([code, 'second']);
    expect([world.api.length, world.refreshes.length]).toEqual([2, 1]);
    expect(names(heard)).toEqual(['token-refreshed']);
  });

  test('R21: a network error of the replay is the caller’s, and the session stays', async () => {
    const { world, auth } = await signedIn();
    const lost = new TypeError('fetch failed');
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-1' ? Promise.reject(lost) : unauthorized();
    expect(await failure(auth.fetch(ME))).toBe(lost);
    expect(world.api).toHaveLength(2);
    expect(auth.tokens?.accessToken).toBe('access-1');
  });

  test('R21: a replay that is refused too is handed on with its body; nobody is signed out', async () => {
    const { world, auth, heard } = await signedIn();
    world.answerApi = () => unauthorized('Bearer error="invalid_token"');
    const response = await auth.fetch(ME);
    expect([response.status, await response.text()]).toEqual([401, 'refused']);
    expect([world.api.length, world.refreshes.length]).toEqual([2, 1]);
    expect(auth.tokens?.accessToken).toBe('access-1');
    expect(names(heard)).not.toContain('signed-out');
  });

  test('R20, R31: ten callers with one dead token cause one refresh and are all served', async () => {
    const { world, auth, heard } = await signedIn({ good: 'access-1' });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => status(auth.fetch(`${ME}/${i}`))));
    expect(answers).toEqual(Array(10).fill(200));
    expect(world.refreshes).toHaveLength(1);
    expect(world.api).toHaveLength(20);
    expect(names(heard)).toEqual(['token-refreshed']);
  });

  test('R20: `isRejected` decides instead, reads its own copy, and may be asynchronous', async () => {
    const { world, auth } = await signedIn({
      isRejected: async (response) => (await response.json()).error === 'expired',
    });
    world.answerApi = ({ authorization }) =>
      Response.json(authorization === 'Bearer access-1' ? { error: null, me: 1 } : { error: 'expired' });
    expect(await (await auth.fetch(ME)).json()).toEqual({ error: null, me: 1 });
    expect([world.api.length, world.refreshes.length]).toEqual([2, 1]);
    world.answerApi = () => Response.json({ error: 'other' }, { status: 401 });
    expect(await status(auth.fetch(ME))).toBe(401);
    expect(world.refreshes).toHaveLength(1);
  });
});

describe('late refusals', () => {
  test('R22: a late 401 for a replaced token does not refresh again', async () => {
    const { world, auth } = await signedIn({ good: 'access-1' });
    const late = deferred<Response>();
    const answer = world.answerApi;
    world.answerApi = (seen) =>
      seen.url.endsWith('/slow') && seen.authorization === 'Bearer access-0' ? late.promise : answer(seen);
    const slow = auth.fetch(`${API}/slow`);
    expect(await status(auth.fetch(ME))).toBe(200);
    late.resolve(unauthorized());
    expect(await status(slow)).toBe(200);
    expect(world.refreshes).toHaveLength(1);
    expect(world.api.at(-1)?.authorization).toBe('Bearer access-1');
  });

  test('R22: a 401 two refreshes late is replayed with the newest token', async () => {
    const { world, auth } = await signedIn();
    const late = deferred<Response>();
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-0' ? late.promise : Response.json({});
    const slow = auth.fetch(ME);
    await auth.refresh();
    await auth.refresh();
    late.resolve(unauthorized());
    expect(await status(slow)).toBe(200);
    expect(carried(world.api)).toEqual(['Bearer access-0', 'Bearer access-2']);
    expect(world.refreshes).toHaveLength(2);
  });

  test('R22: a 401 that arrives while the refresh runs joins it', async () => {
    const { world, auth } = await signedIn({ good: 'access-1' });
    const gate = deferred();
    const refreshed = world.answerRefresh;
    world.answerRefresh = async (seen, count) => {
      await gate.promise;
      return refreshed(seen, count);
    };
    const late = deferred<Response>();
    const answer = world.answerApi;
    world.answerApi = (seen) =>
      seen.url.endsWith('/slow') && seen.authorization === 'Bearer access-0' ? late.promise : answer(seen);
    const both = [auth.fetch(`${API}/slow`), auth.fetch(ME)];
    await settle();
    late.resolve(unauthorized());
    await settle();
    gate.resolve();
    expect(await Promise.all(both.map(status))).toEqual([200, 200]);
    expect(world.refreshes).toHaveLength(1);
  });

  test('R21, R22: a late 401 is not replayed with a current token that has expired meanwhile', async () => {
    const { world, auth } = await signedIn();
    const late = deferred<Response>();
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-0' ? late.promise : Response.json({});
    const slow = auth.fetch(ME);
    await auth.refresh();
    await vi.advanceTimersByTimeAsync(3_600_000);
    late.resolve(unauthorized());
    expect(await status(slow)).toBe(200);
    expect(carried(world.api)).toEqual(['Bearer access-0', 'Bearer access-2']);
  });

  test('R21, R22: the replay of a late 401 that is refused too is handed on', async () => {
    const { world, auth } = await signedIn();
    const late = deferred<Response>();
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-0' ? late.promise : unauthorized();
    const slow = auth.fetch(ME);
    await auth.refresh();
    late.resolve(unauthorized());
    expect(await status(slow)).toBe(401);
    expect([world.api.length, world.refreshes.length]).toEqual([2, 1]);
  });
});

describe('a refusal that cannot be cured now', () => {
  test('R21, R60: when the refresh fails, the caller gets a `refresh-failed` and not the 401', async () => {
    const own = ownRefresh();
    const { world, auth } = await signedIn({ good: 'access-1', refresh: own.refresh });
    const result = failure(auth.fetch(ME));
    await settle();
    own.calls[0]?.reject(new Error('offline'));
    expect((await result).code).toBe('refresh-failed');
    expect(world.api).toHaveLength(1);
  });

  test('R21, R35: a refusal in the back-off rejects at once and does not ask the AS again', async () => {
    const own = ownRefresh();
    const { world, auth } = await signedIn({ good: 'access-1', refresh: own.refresh });
    const first = outcome(auth.fetch(ME));
    await settle();
    own.calls[0]?.reject(new Error('offline'));
    await first;
    const second = await failure(auth.fetch(ME));
    expect(second.code).toBe('refresh-failed');
    expect(second.retryAt).toBeGreaterThan(Date.now());
    expect([own.calls.length, world.api.length]).toEqual([1, 2]);
  });
});
