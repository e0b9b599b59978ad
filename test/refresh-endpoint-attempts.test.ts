/** What one refresh sends: with what headers, how often, and how much of an answer it reads. */
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RefreshEndpointOptions, refreshEndpoint } from '../src/refresh-endpoint.ts';
import { type GiveAnswer, grant, held, json, lost, setUp } from './support/endpoint.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

describe('`headers`', () => {
  test.each<[string, GiveAnswer]>([
    ['a lost answer', lost],
    ['503', json(503, {})],
    ['429', json(429, {}, { 'retry-after': '1' })],
    ['403', json(403, { message: 'stale CSRF token' })],
  ])('are asked anew for the attempt that follows %s', async (_what, answer) => {
    let count = 0;
    const headers = vi.fn(async () => ({ 'x-csrf': `${++count}` }));
    const { ask, sent } = setUp({ format: 'json', headers }, answer, json(200, grant));
    expect(await ask()).toEqual(grant);
    expect(sent.map(({ request }) => request.headers.get('x-csrf'))).toEqual(['1', '2']);
    expect(headers.mock.calls).toEqual([[held], [held]]);
  });

  test('know of no tokens where a cookie holds the session', async () => {
    const headers = vi.fn(() => ({}));
    await setUp({ format: 'cookie', headers }).refresh({
      tokens: undefined,
      signal: new AbortController().signal,
      fetch: async () => Response.json(grant),
    });
    expect(headers).toHaveBeenCalledWith(undefined);
  });

  test('R38: that throw at the second attempt are the end of it', async () => {
    const headers = vi.fn(() => {
      if (headers.mock.calls.length > 1) throw new Error('no CSRF token');
      return {};
    });
    const { ask, sent } = setUp({ headers }, lost);
    expect(await ask()).toMatchObject({ code: 'refresh-failed', message: 'no new token: no CSRF token' });
    expect(sent).toHaveLength(1);
  });
});

test('R35: a server that is down is asked three times by the first refresh, and twice by the next, in whichever context', async () => {
  const { ask, sent } = setUp({}, json(503, {}));
  await ask();
  expect(sent).toHaveLength(3);
  const again = setUp({}, json(503, {}));
  Object.assign(again.signal, { isAgain: true });
  await again.ask();
  expect(again.sent).toHaveLength(2);
});

describe('R35: a 403 of a backend', () => {
  test.each(['json', 'cookie'] as const)(
    '(%s) is tried once more, at once, and ends nothing',
    async (format) => {
      const { ask, sent } = setUp({ format }, json(403, {}));
      expect(await ask()).toMatchObject({ code: 'refresh-failed', cause: { status: 403 } });
      expect(sent.map(({ at }) => at)).toEqual([0, 0]);
    },
  );

  test('is tried once more also after another failure, and not twice', async () => {
    const { ask, sent } = setUp({ format: 'json' }, json(503, {}), json(403, {}), json(403, {}));
    expect(await ask()).toMatchObject({ code: 'refresh-failed', cause: { status: 403 } });
    expect(sent).toHaveLength(3);
  });

  test('of a token endpoint is not tried again, and with invalid_grant it is the end', async () => {
    const form = setUp({}, json(403, {}));
    expect(await form.ask()).toMatchObject({ code: 'refresh-failed' });
    const dead = setUp({ format: 'json' }, json(403, { error: 'invalid_grant' }));
    expect(await dead.ask()).toMatchObject({ code: 'session-ended' });
    expect([form.sent.length, dead.sent.length]).toEqual([1, 1]);
  });

  test('is the end where `isSessionEnded` says so, and it may take its time', async () => {
    const says = (isEnd: boolean) => (async () => isEnd) as unknown as () => boolean;
    const end = setUp({ format: 'json', isSessionEnded: says(true) }, json(403, {}));
    expect(await end.ask()).toMatchObject({ code: 'session-ended' });
    const none = setUp({ format: 'json', isSessionEnded: says(false) }, json(401, {}));
    expect(await none.ask()).toMatchObject({ code: 'refresh-failed' });
  });
});

describe('R37: of an answer 1 MB is read', () => {
  /** An answer that never ends, and whether it was left alone. */
  function endless(status: number) {
    const seen = { cancelled: 0, pulled: 0 };
    const answer = () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            seen.pulled += 65_536;
            controller.enqueue(new Uint8Array(65_536).fill(32));
          },
          cancel: () => void seen.cancelled++,
        }),
        { status },
      );
    return { seen, answer };
  }

  test('more is not understood: the rest is cancelled, and the session goes on', async () => {
    const read = vi.fn();
    const { seen, answer } = endless(200);
    const { ask, sent } = setUp({ format: 'json', read }, answer);
    expect(await ask()).toMatchObject({
      code: 'invalid-token-response',
      message: 'more than 1 MB: https://as.example.com/token answered 200',
    });
    expect([sent.length, seen.cancelled, read.mock.calls.length]).toEqual([1, 1, 0]);
    expect(seen.pulled).toBeLessThan(1_300_000);
  });

  test('a server that is down with a long page is asked again as ever', async () => {
    const { seen, answer } = endless(503);
    const { ask, sent } = setUp({}, answer, json(200, grant));
    expect(await ask()).toEqual(grant);
    expect([sent.length, seen.cancelled]).toEqual([2, 1]);
  });
});

describe('R70: what a callback throws', () => {
  const heavy = (text: string) =>
    Object.assign(new Error(`failed with ${text}`), {
      status: 418,
      config: { data: text },
      cause: new Error(text),
    });
  const hush = { ...held, accessToken: 'hush.access', refreshToken: 'hush.refresh', idToken: 'hush.id' };
  const callbacks: [string, (text: string) => Partial<RefreshEndpointOptions>][] = [
    ['headers', (text) => ({ headers: () => Promise.reject(heavy(text)) })],
    [
      'body',
      (text) => ({
        body: () => {
          throw heavy(text);
        },
      }),
    ],
    [
      'read',
      (text) => ({
        read: () => {
          throw heavy(text);
        },
      }),
    ],
    [
      'isSessionEnded',
      (text) => ({
        isSessionEnded: () => {
          throw heavy(text);
        },
      }),
    ],
  ];

  test.each(callbacks)(
    'in `%s` is told by name, message and status, without a token',
    async (_name, make) => {
      for (const token of ['hush.access', 'hush.refresh', 'hush.id']) {
        const { ask, sent } = setUp({ format: 'json', ...make(token) }, json(200, grant));
        const error = await ask(hush);
        expect(error).toMatchObject({ code: 'refresh-failed', cause: { status: 418 } });
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hush');
        expect(sent.length).toBeLessThan(2);
      }
      const { ask } = setUp({ format: 'json', ...make('a word') }, json(200, grant));
      expect(await ask(hush)).toMatchObject({ message: 'no new token: failed with a word' });
    },
  );

  test('in `read` shows nothing of the new tokens, wherever they stand in the answer', async () => {
    const answer = json(200, { data: [{ jwt: 'hush.new.token' }] });
    const { ask } = setUp({ format: 'json', read: () => JSON.parse('hush.new.token') }, answer);
    const broken = await ask();
    const thrown = setUp({ format: 'json', ...callbacks[2]?.[1]('hush.new.token') }, answer);
    expect(inspect([broken, await thrown.ask()], { depth: 9 })).not.toContain('hush');
  });

  test('may be that the session is over', async () => {
    const over = Object.assign(new Error('no session'), { name: 'TokenError', code: 'session-ended' });
    const { ask } = setUp({ headers: () => Promise.reject(over) });
    expect(await ask()).toMatchObject({ cause: { name: 'TokenError', code: 'session-ended' } });
  });
});

test('R8: form, and json without a `body` of the user’s, end without a call where there is no refresh token', async () => {
  const none = { accessToken: 'access', tokenType: 'Bearer' };
  for (const format of ['form', 'json'] as const) {
    const { ask, sent } = setUp({ format });
    expect(await ask(none)).toMatchObject({
      code: 'session-ended',
      message: 'there is no refresh token; sign in again',
    });
    expect(sent).toEqual([]);
  }
  const own = setUp({ format: 'json', body: () => ({ device: 1 }) });
  expect(await own.ask(none)).toEqual(grant);
});

test('a `body` may be made slowly', async () => {
  const { ask, sent } = setUp({ format: 'json', body: async () => ({ device: 1 }) });
  await ask();
  expect(await sent[0]?.request.json()).toEqual({ device: 1 });
});

test('wrong options are named, with index and member', () => {
  const create = (options: object) => () =>
    refreshEndpoint({ url: 'https://as.example.com', ...options } as RefreshEndpointOptions);
  expect(create({ resource: ['urn:a', 7] })).toThrow(
    new TypeError('evertoken: refreshEndpoint.resource[1] is number >= 0; expected string'),
  );
  expect(create({ parameters: { audience: undefined } })).toThrow(
    'refreshEndpoint.parameters.audience is undefined; expected string or empty',
  );
  expect(create({ insecure: 'yes' })).toThrow('refreshEndpoint.insecure is string; expected boolean');
});

test('R32: once the session is over nothing is presented again', async () => {
  const { ask, sent, signal } = setUp({}, json(503, {}));
  Object.assign(signal, { isOver: () => sent.length > 0 });
  expect(await ask()).toMatchObject({ code: 'session-changed' });
  expect(sent).toHaveLength(1);
});
