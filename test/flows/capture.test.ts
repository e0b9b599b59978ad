import type { TokenResponse } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStage, grant, LOGIN, nth, PASSWORD } from '../support/capturing.ts';
import { createCell } from '../support/cell.ts';
import { follow, short } from '../support/recorder.ts';
import { API, deferred } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const tick = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => void vi.useRealTimers());

describe('R40: what a capture rule reads', () => {
  test('R40: tokens in the JSON answer of a captured URL are taken over', async () => {
    const { auth, pending, told } = createStage();
    await auth.signIn(first);
    const id = auth.sessionId;
    const answer = auth.fetch(PASSWORD, { method: 'POST', body: '{}' });
    await tick();
    expect(nth(pending, 0).seen.authorization).toBe('Bearer access-0');
    await vi.advanceTimersByTimeAsync(150);
    nth(pending, 0).answer(grant('new-access', 'new-refresh'));
    await answer;
    expect(auth.tokens).toMatchObject({ accessToken: 'new-access', refreshToken: 'new-refresh' });
    expect(auth.sessionId).toBe(id);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed captured']);
    expect(told[1]?.[1]).toStrictEqual({
      sessionId: id,
      expiresAt: auth.tokens?.expiresAt,
      cause: 'captured',
      elsewhere: false,
      durationMs: 150,
    });
    // R10: from the moment the request was sent.
    expect(auth.tokens?.expiresAt).toBe(Date.now() - 150 + 3_600_000);
  });

  test('R40: the response of the caller stays readable', async () => {
    const { auth, pending } = createStage();
    await auth.signIn(first);
    const answer = auth.fetch(PASSWORD, { method: 'POST' });
    await tick();
    const response = grant('new-access');
    nth(pending, 0).answer(response);
    expect(await answer).toBe(response);
    expect(await response.json()).toMatchObject({ access_token: 'new-access' });
  });

  test('R40: tokens can be read from headers, and a reader that reads the body takes it from nobody', async () => {
    const read = async (response: Response): Promise<TokenResponse> => {
      await response.text();
      return { access_token: response.headers.get('x-access') ?? undefined, refresh_token: 'r' };
    };
    const { auth, pending } = createStage({ capture: [{ url: PASSWORD, read }] });
    await auth.signIn(first);
    const answer = auth.fetch(PASSWORD);
    await tick();
    nth(pending, 0).answer(new Response('done', { headers: { 'x-access': 'from-header' } }));
    expect(await (await answer).text()).toBe('done');
    expect(auth.tokens?.accessToken).toBe('from-header');
  });

  test.each([300, 304, 400, 401, 403, 500])('R40: an answer of status %d is not read', async (status) => {
    const read = vi.fn(() => ({ access_token: 'bad' }));
    const { auth, pending } = createStage({ capture: [{ url: PASSWORD, read }] });
    await auth.signIn({ access_token: 'access-0' });
    const answer = follow(auth.fetch(PASSWORD, { headers: { authorization: 'Basic own' } }));
    await tick();
    const isEmpty = status === 304;
    const response = new Response(isEmpty ? null : '{"access_token":"bad"}', { status });
    nth(pending, 0).answer(response);
    await tick();
    expect(answer.value).toBe(response);
    expect(read).not.toHaveBeenCalled();
    expect(auth.tokens?.accessToken).toBe('access-0');
  });

  test.each([
    ['no JSON', () => new Response('<html>access_token</html>')],
    ['an empty answer', () => new Response(null, { status: 204 })],
    ['JSON without tokens', () => Response.json({ ok: true })],
    ['JSON null', () => Response.json(null)],
    ['a JSON array', () => Response.json([first])],
    ['a number as token', () => Response.json({ access_token: 7 })],
    ['a token_type nobody can serve', () => grant('x', 'y', { token_type: 'mac' })],
    ['a token with a line break', () => grant('x\r\ny: z', 'y')],
  ])('R40, R9: %s changes nothing and reaches the caller', async (_name, create) => {
    const { auth, pending, told } = createStage();
    await auth.signIn(first);
    const before = auth.tokens;
    const answer = auth.fetch(PASSWORD);
    await tick();
    const response = create();
    nth(pending, 0).answer(response);
    expect(await answer).toBe(response);
    expect(response.bodyUsed).toBe(false);
    expect(auth.tokens).toBe(before);
    expect(short(told)).toEqual(['signed-in local']);
  });

  test('R40: a rule that throws, or answers nothing, harms no caller', async () => {
    const read = vi
      .fn<() => undefined>()
      .mockImplementationOnce(() => {
        throw new Error('reader broke');
      })
      .mockReturnValueOnce(undefined);
    const { auth, pending } = createStage({ capture: [{ url: PASSWORD, read }] });
    await auth.signIn(first);
    for (const index of [0, 1]) {
      const answer = auth.fetch(PASSWORD);
      await tick();
      nth(pending, index).answer(grant('x'));
      expect((await answer).status).toBe(200);
    }
    expect(read).toHaveBeenCalledTimes(2);
    expect(auth.tokens?.accessToken).toBe('access-0');
  });

  test('R40: a rule for another method or a longer path segment reads nothing', async () => {
    const read = vi.fn(() => ({ access_token: 'bad' }));
    const { auth, pending } = createStage({ capture: [{ url: PASSWORD, method: ['put', 'PATCH'], read }] });
    await auth.signIn(first);
    const calls = [
      auth.fetch(PASSWORD, { method: 'POST' }),
      auth.fetch(`${PASSWORD}s`, { method: 'PUT' }),
      auth.fetch(new Request(`${PASSWORD}?x=1#y`, { method: 'patch'.toUpperCase() })),
    ];
    await tick();
    for (const { answer } of pending) answer(Response.json({}));
    await Promise.all(calls);
    expect(read).toHaveBeenCalledTimes(1);
  });
});

describe('R40: a rule outside `allow`', () => {
  test('R40: the request goes out untouched, the answer is read', async () => {
    const { auth, pending } = createStage({ capture: [{ url: LOGIN }] });
    await auth.signIn(first);
    const answer = auth.fetch(LOGIN, { method: 'POST', body: 'user=a' });
    await tick();
    const { seen } = nth(pending, 0);
    expect([seen.authorization, seen.body]).toEqual([null, 'user=a']);
    nth(pending, 0).answer(grant('elsewhere', 'r'));
    await answer;
    expect(auth.tokens?.accessToken).toBe('elsewhere');
  });

  test('R40, R2: its 401 means nothing to us', async () => {
    const { auth, pending, world } = createStage();
    await auth.signIn(first);
    const answer = auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    nth(pending, 0).answer(new Response('wrong password', { status: 401 }));
    expect(await (await answer).text()).toBe('wrong password');
    expect(world.refreshes).toHaveLength(0);
  });
});

describe('R41: the caller waits for the commit', () => {
  test('R41: the next request of the caller carries the new token, even with a slow store', async () => {
    const stored = deferred();
    const cell = createCell();
    const { auth, pending, world } = createStage({ store: cell.open() });
    await auth.signIn(first);
    cell.before = () => stored.promise;
    const answer = auth.fetch(PASSWORD);
    const state = follow(answer);
    await tick();
    nth(pending, 0).answer(grant('new-access', 'new-refresh'));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(state.state).toBe('pending');
    expect(auth.tokens?.accessToken).toBe('access-0');
    stored.resolve();
    await answer;
    await auth.fetch(`${API}/me`);
    expect(world.api.at(-1)?.authorization).toBe('Bearer new-access');
  });

  test('R41: at most 5 s: a reader that never settles does not keep the response', async () => {
    const { auth, pending } = createStage({
      capture: [{ url: PASSWORD, read: () => new Promise(() => {}) }],
    });
    await auth.signIn(first);
    const answer = follow(auth.fetch(PASSWORD));
    await tick();
    nth(pending, 0).answer(grant('x'));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(answer.state).toBe('resolved');
  });

  test('R41, R55: tokens that are read later than that are told when they are taken', async () => {
    const read = async (response: Response): Promise<TokenResponse> => {
      await new Promise((resolve) => setTimeout(resolve, 8_000));
      return response.json();
    };
    const { auth, pending, told } = createStage({ capture: [{ url: PASSWORD, read }] });
    await auth.signIn(first);
    const changed = vi.fn();
    auth.subscribe(changed);
    auth.fetch(PASSWORD);
    await tick();
    nth(pending, 0).answer(grant('late', 'late'));
    await vi.advanceTimersByTimeAsync(8_000);
    expect(auth.tokens?.accessToken).toBe('late');
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed captured']);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  test('R33: the signal of the caller ends the wait for the commit at once', async () => {
    const { auth, pending } = createStage({
      capture: [{ url: PASSWORD, read: () => new Promise(() => {}) }],
    });
    await auth.signIn(first);
    const controller = new AbortController();
    const answer = follow(auth.fetch(PASSWORD, { signal: controller.signal }));
    await tick();
    nth(pending, 0).answer(grant('x'));
    await vi.advanceTimersByTimeAsync(100);
    controller.abort(new Error('left the page'));
    await tick();
    expect(answer).toMatchObject({ state: 'rejected', value: new Error('left the page') });
  });
});
