/** The app's own judgement of a refusal, and refusals that happened elsewhere. */
import type { Refresh, TokenManagerOptions } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder } from '../support/attach.ts';
import { failure, listen, outcome } from '../support/refresh.ts';
import { API, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const next = () => {
  let count = 0;
  return vi.fn<Refresh>(async () => ({
    access_token: `new-${++count}`,
    refresh_token: `r-${count}`,
    expires_in: 3600,
  }));
};

async function open(
  answer: (request: Request, count: number) => Response,
  options: Partial<TokenManagerOptions> = {},
) {
  const recorder = createRecorder(answer);
  const refresh = next();
  const auth = createRecorded(recorder, { refresh, ...options });
  await auth.signIn({ access_token: 'old', refresh_token: 'r-0', expires_in: 3600 });
  return { recorder, refresh, auth, heard: listen(auth) };
}

describe('R20: isRejected', () => {
  test('is told what it would be by default, the method and the URL', async () => {
    const isRejected = vi.fn(() => false);
    const { auth } = await open((_request, count) => (count === 1 ? unauthorized() : new Response('ok')), {
      isRejected,
    });
    await auth.fetch(`${API}/a?x=1`, { method: 'post' });
    await auth.fetch(`${API}/b`);
    expect(isRejected.mock.calls.map((call) => (call as unknown[])[1])).toEqual([
      { byDefault: true, method: 'POST', url: `${API}/a?x=1` },
      { byDefault: false, method: 'GET', url: `${API}/b` },
    ]);
  });

  test('that adds a status leaves a step-up challenge what it is', async () => {
    const isRejected: TokenManagerOptions['isRejected'] = ({ status }, { byDefault }) =>
      byDefault || status === 419;
    const challenge = 'Bearer error="insufficient_user_authentication", acr_values="high"';
    const { auth, refresh, heard } = await open(() => unauthorized(challenge), { isRejected });
    expect((await auth.fetch(API)).status).toBe(401);
    expect(refresh).not.toHaveBeenCalled();
    expect(heard.map(([event]) => event)).toEqual(['step-up-required']);
  });

  test('that throws or rejects counts as not asked, and is reported', async () => {
    const reported = vi.fn();
    vi.stubGlobal('reportError', reported);
    const isRejected = async (response: Response) => (await response.json()).error === 'expired';
    const { auth, refresh } = await open(
      (_request, count) => (count === 1 ? new Response(null, { status: 204 }) : unauthorized()),
      { isRejected },
    );
    expect((await auth.fetch(API)).status).toBe(204);
    expect(refresh).not.toHaveBeenCalled();
    await auth.fetch(API);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(reported).toHaveBeenCalled();
  });

  test('is not asked about a successful event stream', async () => {
    const isRejected = vi.fn(() => true);
    const { auth } = await open(
      () => new Response('data: 1\n\n', { headers: { 'content-type': 'text/event-stream' } }),
      { isRejected },
    );
    expect((await auth.fetch(API)).status).toBe(200);
    expect(isRejected).not.toHaveBeenCalled();
  });

  test('is waited for 5 s at most', async () => {
    const { auth } = await open(() => new Response('ok'), { isRejected: () => new Promise(() => {}) });
    const sent = auth.fetch(API);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await (await sent).text()).toBe('ok');
  });

  test('that reads an answer without an end holds nobody: after 5 s it can be cancelled, and close() ends the wait', async () => {
    const cancelled = vi.fn();
    const endless = () =>
      new Response(
        new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([123])), cancel: cancelled }),
      );
    const isRejected = async (response: Response) => !(await response.text());
    const { auth } = await open(endless, { isRejected });
    const sent = auth.fetch(API);
    await vi.advanceTimersByTimeAsync(5_000);
    await (await sent).body?.cancel('enough');
    expect(cancelled).toHaveBeenCalledTimes(1);
    const waiting = outcome(auth.fetch(API));
    await vi.advanceTimersByTimeAsync(10);
    auth.close();
    expect(await waiting).toBe('closed');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('gets a copy of 1 MB at most, while its caller gets the whole', async () => {
    const size = 3_000_000;
    let read = 0;
    const isRejected = async (response: Response) => {
      read = (await response.text().catch(() => '')).length;
      return false;
    };
    const { auth } = await open(() => new Response('x'.repeat(size)), { isRejected });
    expect((await (await auth.fetch(API)).text()).length).toBe(size);
    expect(read).toBeLessThanOrEqual(1_048_576);
  });
});

describe('R20: a challenge that a refresh cannot meet', () => {
  test.each(['insufficient_user_authentication', 'insufficient_scope', 'insufficient_claims'])(
    '%s at 401',
    async (error) => {
      const { auth, refresh, heard } = await open(() => unauthorized(`Bearer error="${error}"`));
      expect((await auth.fetch(API)).status).toBe(401);
      expect([refresh.mock.calls.length, heard.map(([event]) => event)]).toEqual([0, ['step-up-required']]);
    },
  );
});

describe('R2, R23: a 401 after a redirect', () => {
  const redirected = (url: string) =>
    Object.defineProperties(unauthorized(), { redirected: { value: true }, url: { value: url } });

  test('beyond another origin means nothing, unless isRejected says so', async () => {
    const { auth, refresh } = await open(() => redirected('https://evil.example/'));
    await auth.fetch(API);
    expect(refresh).not.toHaveBeenCalled();
    const asked = await open(() => redirected('https://evil.example/'), {
      isRejected: ({ status }) => status === 401,
    });
    await asked.auth.fetch(API);
    expect(asked.refresh).toHaveBeenCalledTimes(1);
  });

  test('away and back marks the place, never the token', async () => {
    const { auth, refresh } = await open(({ url }) =>
      url === `${API}/away` ? redirected(`${API}/back`) : unauthorized(),
    );
    await auth.fetch(`${API}/away`);
    expect(refresh).toHaveBeenCalledTimes(1);
    // The place is marked now: its refusals cause no more.
    await auth.fetch(`${API}/away`);
    expect(refresh).toHaveBeenCalledTimes(1);
    // The token is not: elsewhere a refusal is one.
    await auth.fetch(`${API}/other`);
    expect(refresh).toHaveBeenCalledTimes(2);
  });
});

describe('R22: refresh({ rejected })', () => {
  test('of twenty sockets that were refused with the same token is one refresh', async () => {
    const { auth, refresh } = await open(() => new Response('ok'));
    const results: string[] = [];
    for (let count = 0; count < 20; count++) {
      void auth.refresh({ rejected: 'old' }).then(({ accessToken }) => results.push(accessToken));
      await vi.advanceTimersByTimeAsync(10);
    }
    expect([refresh.mock.calls.length, new Set(results)]).toEqual([1, new Set(['new-1'])]);
  });

  test('of a token that was replaced already resolves with the current one', async () => {
    const { auth, refresh } = await open(() => new Response('ok'));
    await auth.refresh();
    expect((await auth.refresh({ rejected: 'old' })).accessToken).toBe('new-1');
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test('of a marked token rejects with `refresh-failed` and `retryAt`', async () => {
    const { auth, refresh } = await open(() => unauthorized());
    await auth.fetch(API);
    expect(refresh).toHaveBeenCalledTimes(1);
    const error = await failure(auth.refresh({ rejected: 'new-1' }));
    expect(error).toMatchObject({ code: 'refresh-failed', retryAt: expect.any(Number) });
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  test('signed out rejects like any refresh', async () => {
    const { auth } = await open(() => new Response('ok'));
    await auth.signOut();
    expect(await outcome(auth.refresh({ rejected: 'old' }))).toBe('session-ended');
  });

  test('that is no text is refused', async () => {
    const { auth } = await open(() => new Response('ok'));
    expect(await failure(auth.refresh({ rejected: 1 as never }))).toBeInstanceOf(TypeError);
  });
});

describe('R12: a `keepalive` request within `leeway`', () => {
  test.each([
    ['in an init', (): Parameters<typeof fetch> => [API, { keepalive: true, method: 'POST' }]],
    ['in a Request', (): Parameters<typeof fetch> => [new Request(API, { keepalive: true, method: 'POST' })]],
  ])('leaves with a token that is still good: %s', async (_where, args) => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { refresh: () => new Promise(() => {}) });
    await auth.signIn({ access_token: 'old', refresh_token: 'r', expires_in: 3600 });
    vi.setSystemTime(Date.now() + 3_592_000);
    void auth.fetch(...args()).catch(() => {});
    await vi.advanceTimersByTimeAsync(0);
    expect(recorder.deliveries.map(({ request }) => request.headers.get('authorization'))).toEqual([
      'Bearer old',
    ]);
  });

  test.each([
    ['within `leeway`', 3_592_000],
    ['before it', 3_570_000],
  ])('starts no refresh, which its page may not live to see: %s', async (_when, ms) => {
    const refresh = vi.fn(() => new Promise(() => {}));
    const auth = createRecorded(createRecorder(), { refresh });
    await auth.signIn({ access_token: 'old', refresh_token: 'r', expires_in: 3600 });
    vi.setSystemTime(Date.now() + ms);
    await auth.fetch(API, { keepalive: true });
    expect(refresh).not.toHaveBeenCalled();
  });

  test('waits like any other once the token has expired', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { refresh: () => new Promise(() => {}) });
    await auth.signIn({ access_token: 'old', refresh_token: 'r', expires_in: 3600 });
    vi.setSystemTime(Date.now() + 3_600_001);
    void auth.fetch(API, { keepalive: true }).catch(() => {});
    await vi.advanceTimersByTimeAsync(0);
    expect(recorder.deliveries).toEqual([]);
  });
});
