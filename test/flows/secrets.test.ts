import { type RefreshEndpointOptions, refreshEndpoint } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { expectNoLeak, plant, reveal, watch } from '../support/leaks.ts';
import { API, TOKEN_ENDPOINT, unauthorized } from '../support/world.ts';

type Answer = () => Response | Promise<Response>;

const first = () => ({
  access_token: plant('access'),
  refresh_token: plant('refresh'),
  id_token: plant('id'),
  expires_in: 3600,
});

/** Refreshes in every way, with an AS that answers as given. */
async function refreshInAllWays(answer: Answer, endpoint: Partial<RefreshEndpointOptions> = {}) {
  const refresh = refreshEndpoint({
    url: `${TOKEN_ENDPOINT}?key=${plant('key')}#${plant('hash')}`,
    clientId: 'app',
    clientSecret: plant('client'),
    ...endpoint,
  });
  const stage = watch({
    refresh,
    fetch: async (input, init) => {
      const { url, body } = new Request(input, init);
      await body?.cancel();
      return url.startsWith(API) ? unauthorized() : answer();
    },
  });
  const { auth, attempt } = stage;
  await auth.signIn(first());
  const calls = [() => auth.refresh(), () => auth.fetch(`${API}/me`), () => auth.refresh()];
  const outcomes = Promise.all(calls.map(attempt));
  await vi.advanceTimersByTimeAsync(60_000);
  await outcomes;
  return stage;
}

const json = (body: unknown, status = 200, headers: HeadersInit = {}): Answer => {
  return () => Response.json(body, { status, headers });
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answers: [string, Answer][] = [
  [
    'an OAuth error that quotes the token',
    json({ error: 'invalid_request', error_description: plant() }, 400),
  ],
  ['invalid_grant that quotes the token', json({ error: 'invalid_grant', refresh_token: plant() }, 400)],
  ['an error code that is the token', json({ error: plant() }, 400)],
  ['an error object with the token', json({ error: { message: plant() }, [plant()]: plant() }, 422)],
  ['401 with the token', json({ token: plant() }, 401, { 'www-authenticate': `Bearer x="${plant()}"` })],
  ['403 with a page that quotes the token', () => new Response(`<p>${plant()}</p>`, { status: 403 })],
  [
    '500 with the token in body and status text',
    () => new Response(plant(), { status: 500, statusText: plant() }),
  ],
  [
    '503 with a hostile Retry-After',
    () => new Response('', { status: 503, headers: { 'retry-after': plant() } }),
  ],
  [
    '429 with the token in the headers',
    () => new Response('', { status: 429, headers: { 'x-token': plant() } }),
  ],
  ['JSON that breaks off', () => new Response(`{"access_token":"${plant()}`)],
  ['text with a token', () => new Response(`access_token=${plant()}&expires_in=5`)],
  ['a JSON string', json(plant())],
  ['a JSON array', json([plant(), { access_token: plant() }])],
  ['tokens in an envelope', json({ data: { access_token: plant() } })],
  ['an access token with a line break', json({ access_token: `${plant()}\r\nx-evil: ${plant()}` })],
  ['an access token beyond ASCII', json({ access_token: `${plant()}é` })],
  ['an access token with NUL', json({ access_token: `\u0000${plant()}` })],
  ['an access token that is an object', json({ access_token: { value: plant() } })],
  ['an access token that is an array', json({ access_token: [plant()] })],
  ['a token_type that is the token', json({ access_token: plant(), token_type: plant() })],
  ['a token_type that is an object', json({ access_token: plant(), token_type: { [plant()]: plant() } })],
  ['a refresh token that is an object', json({ access_token: plant(), refresh_token: { v: plant() } })],
  ['good tokens', json({ access_token: plant(), refresh_token: plant(), id_token: plant(), scope: 'a' })],
];

describe('R70: refreshEndpoint shows no token, whatever the server answers', () => {
  for (const [name, answer] of answers) {
    test.each(['form', 'json', 'cookie'] as const)(`R70: ${name} (%s)`, async (format) => {
      const { shown, told } = await refreshInAllWays(answer, { format });
      expect(told.length).toBeGreaterThan(1);
      expectNoLeak(shown);
    });
  }

  test('R70: a body that breaks off in the middle', async () => {
    const { shown } = await refreshInAllWays(() => {
      const body = new ReadableStream({
        pull(controller) {
          controller.enqueue(new TextEncoder().encode(`{"access_token":"${plant()}`));
          controller.error(new Error(`stream broke after ${plant()}`));
        },
      });
      return new Response(body);
    });
    expectNoLeak(shown);
  });

  test('R70: an error code in lower case that is the refresh token itself', async () => {
    const token = 's_e_c_r_e_t_token';
    const stage = watch({
      refresh: refreshEndpoint({ url: TOKEN_ENDPOINT }),
      fetch: async () => Response.json({ error: token }, { status: 400 }),
    });
    await stage.auth.signIn({ access_token: 'a', refresh_token: token });
    await stage.attempt(() => stage.auth.refresh());
    expect(reveal(stage.shown).includes(token)).toBe(false);
  });
});

describe('R70: refreshEndpoint shows no token, whatever its fetch throws', () => {
  const errors: [string, () => unknown][] = [
    ['an error whose message quotes the request', () => new TypeError(`failed: refresh_token=${plant()}`)],
    ['a chain of causes', () => new TypeError('failed', { cause: new Error(plant(), { cause: plant() }) })],
    [
      'an axios-like error',
      () =>
        Object.assign(new Error('Network Error'), {
          config: { data: `refresh_token=${plant()}`, headers: { authorization: plant() } },
          request: { body: plant() },
          response: { data: { access_token: plant() } },
        }),
    ],
    [
      'an error with a hidden field',
      () => Object.defineProperty(new Error('x'), 'request', { value: plant(), enumerable: false }),
    ],
    ['an error named after the token', () => Object.assign(new Error('x'), { name: plant() })],
    [
      'an error caused by one named after the token',
      () => new Error('x', { cause: Object.assign(new Error('y'), { name: plant() }) }),
    ],
    ['many errors at once', () => new AggregateError([new Error(plant())], plant())],
    ['an AbortError', () => new DOMException(plant(), 'AbortError')],
    ['a text', () => plant()],
    ['an object', () => ({ name: 'x', token: plant(), data: { error: plant() } })],
    ['an invalid_grant look-alike', () => ({ error: 'invalid_grant', token: plant() })],
    ['a symbol', () => Symbol(plant())],
    ['nothing', () => undefined],
  ];

  test.each(errors)('R70: %s', async (_name, create) => {
    const { shown, told } = await refreshInAllWays(() => Promise.reject(create()));
    expect(told.slice(1).map(([event]) => event)).toContain('refresh-failed');
    expectNoLeak(shown);
  });

  test('R70: a timeout', async () => {
    const { shown, told } = await refreshInAllWays(() => new Promise(() => {}));
    expect(told.map(([event]) => event)).toContain('refresh-failed');
    expectNoLeak(shown);
  });

  test('R70: the platform’s own complaint about a URL with credentials', async () => {
    const url = `https://user:${plant('password')}@as.example.com/token`;
    const { shown } = await refreshInAllWays(json({}), { url });
    expectNoLeak(shown);
  });
});
