/** A sign-in endpoint is a login, also under `allow`. */
import { type Refresh, TokenError } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder } from '../support/attach.ts';
import { API, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const LOGIN = `${API}/login`;
const capture = [{ url: LOGIN, method: 'POST', startsSession: true }];
const dead: Refresh = async () => {
  throw new TokenError('session-ended');
};
const down: Refresh = () => Promise.reject(new Error('503'));

const fresh = () => Response.json({ access_token: 'new', refresh_token: 'r2', expires_in: 3600 });

describe('R41: a request to a sign-in endpoint under `allow`', () => {
  test.each([
    ['is over', dead],
    ['cannot be refreshed now', down],
    ['is being refreshed by a server that does not answer', () => new Promise<never>(() => {})],
  ] as [string, Refresh][])(
    'is sent at once and without our token where the old session %s',
    async (_what, refresh) => {
      const recorder = createRecorder(fresh);
      const auth = createRecorded(recorder, { capture, refresh });
      await auth.signIn({ access_token: 'old', refresh_token: 'r', expires_in: 10 });
      vi.setSystemTime(Date.now() + 20_000);
      void auth.fetch(`${API}/me`).catch(() => {});
      const response = await auth.fetch(LOGIN, { method: 'POST', body: 'user' });
      expect(response.status).toBe(200);
      expect(auth.tokens?.accessToken).toBe('new');
      const login = recorder.deliveries.find(({ request }) => request.url === LOGIN);
      expect(login?.request.headers.get('authorization')).toBeNull();
    },
  );

  test('with a wrong password is one attempt, and its 401 is the caller’s', async () => {
    const recorder = createRecorder(() => unauthorized());
    const refresh = vi.fn(down);
    const auth = createRecorded(recorder, { capture, refresh });
    await auth.signIn({ access_token: 'old', refresh_token: 'r', expires_in: 3600 });
    expect((await auth.fetch(LOGIN, { method: 'POST' })).status).toBe(401);
    expect([recorder.deliveries.length, refresh.mock.calls.length]).toEqual([1, 0]);
    expect(auth.tokens?.accessToken).toBe('old');
  });

  test('arrives untouched: the caller’s own objects', async () => {
    const recorder = createRecorder(fresh);
    const auth = createRecorded(recorder, { capture });
    const init = { method: 'POST', headers: { authorization: 'Basic own' } };
    await auth.fetch(LOGIN, init);
    expect(recorder.deliveries[0]?.init).toBe(init);
    expect(auth.tokens?.accessToken).toBe('new');
  });

  test('by another method is a request like any other', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { capture });
    await auth.signIn({ access_token: 'old' });
    await auth.fetch(LOGIN);
    expect(recorder.deliveries[0]?.request.headers.get('authorization')).toBe('Bearer old');
  });
});

describe('R40: what a capture rule reads', () => {
  const stage = async (answer: () => Response) => {
    const recorder = createRecorder(answer);
    const auth = createRecorded(recorder, { capture: [{ url: `${API}/password` }] });
    await auth.signIn({ access_token: 'old', refresh_token: 'r' });
    return { auth, send: () => auth.fetch(`${API}/password`, { method: 'POST' }) };
  };
  const tokens = { access_token: 'new', refresh_token: 'r2' };

  test.each([
    ['another status than 200 to 299', () => Response.json(tokens, { status: 400 })],
    ['no JSON', () => new Response(JSON.stringify(tokens), { headers: { 'content-type': 'text/plain' } })],
    [
      'an answer from beyond a cross-origin redirect',
      () =>
        Object.defineProperties(Response.json(tokens), {
          redirected: { value: true },
          url: { value: 'https://evil.example/' },
        }),
    ],
  ])('is not %s', async (_what, answer) => {
    const { auth, send } = await stage(answer);
    await send();
    expect(auth.tokens?.accessToken).toBe('old');
  });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/problem+json',
    'Application/JSON',
  ])('is %s', async (type) => {
    const { auth, send } = await stage(
      () => new Response(JSON.stringify(tokens), { headers: { 'content-type': type } }),
    );
    await send();
    expect(auth.tokens?.accessToken).toBe('new');
  });

  test('an event stream is handed on at once, and its cancelling reaches the server', async () => {
    const cancelled = vi.fn();
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array([1])),
      cancel: cancelled,
    });
    const { send } = await stage(
      () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    );
    const response = await send();
    await response.body?.cancel('enough');
    expect(cancelled).toHaveBeenCalledWith('enough');
  });

  test('no more than 1 MB is read, and the caller gets the whole', async () => {
    const size = 3_000_000;
    const { auth, send } = await stage(
      () =>
        new Response(JSON.stringify({ ...tokens, padding: 'x'.repeat(size) }), {
          headers: { 'content-type': 'application/json' },
        }),
    );
    const response = await send();
    expect((await response.text()).length).toBeGreaterThan(size);
    expect(auth.tokens?.accessToken).toBe('old');
  });
});
