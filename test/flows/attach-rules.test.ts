import { type AllowRule, createTokenManager } from 'evertoken';
import { describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder } from '../support/attach.ts';
import { API, unauthorized } from '../support/world.ts';

/** The `Authorization` that a request to `url` arrives with under these rules. */
async function carried(
  allow: AllowRule | AllowRule[],
  url: string | URL,
): Promise<string | null | undefined> {
  let authorization: string | null | undefined;
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    authorization = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {})).get(
      'authorization',
    );
    return new Response('ok');
  };
  const auth = createRecorded({ fetch }, { allow });
  await auth.signIn({ access_token: 'secret' });
  await auth.fetch(url);
  return authorization;
}

describe('R1: a string rule covers', () => {
  test.each([
    ['https://api.example.com', 'https://api.example.com'],
    ['https://api.example.com', 'https://api.example.com/v1/things?x=1#y'],
    ['https://api.example.com', 'https://api.example.com:443/'],
    ['https://api.example.com:443', 'https://api.example.com/'],
    ['https://API.Example.com', 'https://api.example.com/'],
    ['https://api.example.com', 'HTTPS://API.EXAMPLE.COM/'],
    ['https://api.example.com', 'https:\\\\api.example.com\\x'],
    ['https://api.example.com', ' https://api.exa\nmple.com/ '],
    ['https://api.example.com', 'https://api.example.com\\@evil.test/'],
    ['https://bücher.example', 'https://xn--bcher-kva.example/'],
    ['https://api.example.com/v1', 'https://api.example.com/v1'],
    ['https://api.example.com/v1', 'https://api.example.com/v1?x'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/'],
    ['https://api.example.com/v1', 'https://api.example.com/v0/../v1/a'],
    ['https://api.example.com/v1/', 'https://api.example.com/v1/a'],
    ['https://api.example.com/v1/users', 'https://api.example.com/v1/users/7'],
    ['https://*.example.com', 'https://a.example.com/x'],
    ['https://*.example.com/v1', 'https://a.example.com/v1/x'],
    ['https://*.example.com:8443', 'https://a.example.com:8443/'],
    ['http://api.example.com', 'http://api.example.com/'],
    ['http://localhost:3000', 'http://localhost:3000/x'],
    ['http://[::1]:3000', 'http://[::1]:3000/x'],
  ])('%s: %j', async (rule, url) => {
    expect(await carried(rule, url)).toBe('Bearer secret');
  });
});

describe('R1: a string rule does not cover', () => {
  test.each([
    ['https://api.example.com', 'https://api.example.com.evil.test/'],
    ['https://api.example.com', 'http://api.example.com/'],
    ['https://api.example.com', 'https://api.example.com:8443/'],
    ['https://api.example.com', 'https://api.example.com@evil.test/'],
    ['https://api.example.com', 'https://evil.test\\@api.example.com/'],
    ['https://api.example.com', 'https://evil.test/https://api.example.com/'],
    ['https://api.example.com', 'https://evil.test?https://api.example.com'],
    ['https://api.example.com', 'https://evil.test#@api.example.com/'],
    ['https://api.example.com', 'https://api.example.com./'],
    ['https://api.example.com', 'https://api-example.com/'],
    ['https://api.example.com', 'https://apiXexample.com/'],
    ['https://api.example.com', 'https://x.api.example.com/'],
    ['https://api.example.com', 'https://example.com/'],
    ['https://api.example.com', 'https://api.example.comm/'],
    ['https://api.example.com', 'blob:https://api.example.com/6b3a'],
    ['https://api.example.com', 'data:text/plain,https://api.example.com'],
    ['https://api.example.com', 'ws://api.example.com/'],
    ['https://api.example.com:8443', 'https://api.example.com/'],
    ['http://api.example.com', 'https://api.example.com/'],
    ['http://api.example.com:443', 'https://api.example.com/'],
    ['https://api.example.com/v1', 'https://api.example.com/v10'],
    ['https://api.example.com/v1', 'https://api.example.com/v1.evil/x'],
    ['https://api.example.com/v1', 'https://api.example.com/V1/x'],
    ['https://api.example.com/v1', 'https://api.example.com/'],
    ['https://api.example.com/v1', 'https://api.example.com//v1/x'],
    ['https://api.example.com/v1', 'https://api.example.com/x?/v1/'],
    ['https://api.example.com/v1', 'https://api.example.com/x#/v1/'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/../admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1/%2e%2E/admin'],
    ['https://api.example.com/v1', 'https://api.example.com/v1\\..\\admin'],
    ['https://api.example.com/v1/', 'https://api.example.com/v10'],
    ['https://*.example.com', 'https://example.com/'],
    ['https://*.example.com', 'https://.example.com/'],
    ['https://*.example.com', 'https://a.b.example.com/'],
    ['https://*.example.com', 'https://aexample.com/'],
    ['https://*.example.com', 'https://a.example.com.evil.test/'],
    ['https://*.example.com', 'https://a.example.com:8443/'],
    ['https://*.example.com', 'https://evil.test/.example.com'],
    ['https://*.example.com', 'https://evil.test#.example.com'],
    ['https://*.example.com', 'https://a.exampleXcom/'],
    ['https://*.example.com', 'http://a.example.com/'],
    ['http://localhost:3000', 'http://localhost:3001/'],
    ['http://localhost', 'http://localhost.evil.test/'],
  ])('%s: %j', async (rule, url) => {
    expect(await carried(rule, url)).toBeNull();
  });
});

test('R1: a rule may be a URL, and one of several suffices', async () => {
  const rules = [new URL('https://a.example.com/v1'), 'https://b.example.com'];
  expect(await carried(rules, 'https://a.example.com/v1/x')).toBe('Bearer secret');
  expect(await carried(rules, new URL('https://b.example.com'))).toBe('Bearer secret');
  expect(await carried(rules, 'https://a.example.com/v2')).toBeNull();
});

test('R1: rules changed after the creation change nothing', async () => {
  const recorder = createRecorder();
  const url = new URL('https://a.example.com');
  const rules: AllowRule[] = [url];
  const auth = createRecorded(recorder, { allow: rules });
  await auth.signIn({ access_token: 'secret' });
  rules.push('https://evil.test');
  url.href = 'https://evil.test/';
  await auth.fetch('https://evil.test/');
  await auth.fetch('https://a.example.com/');
  expect(recorder.deliveries.map(({ request }) => request.headers.get('authorization'))).toEqual([
    null,
    'Bearer secret',
  ]);
});

test.each([
  ['http://api.example.com/'],
  ['http://localhost.evil.test/'],
  ['http://127.0.0.1.evil.test/'],
  ['http://127.0.0.1@evil.test/'],
  ['data:text/plain,x'],
  ['blob:https://api.example.com/6b3a'],
])('R1: a predicate is not asked about %s', async (url) => {
  const predicate = vi.fn(() => true);
  expect(await carried(predicate, url)).toBeNull();
  expect(predicate).not.toHaveBeenCalled();
});

test.each([['https://any.test/'], ['http://localhost:3000/'], ['http://127.0.0.1/'], ['http://[::1]:8080/']])(
  'R1: a predicate decides about %s',
  async (url) => {
    expect(await carried((asked) => asked.href === url, url)).toBe('Bearer secret');
    expect(await carried(() => false, url)).toBeNull();
  },
);

test('R1: a predicate is asked for every request, with query, and its answer is not remembered', async () => {
  const recorder = createRecorder();
  const allow = vi.fn<(url: URL) => boolean>().mockReturnValueOnce(true).mockReturnValueOnce(false);
  const auth = createRecorded(recorder, { allow });
  await auth.signIn({ access_token: 'secret' });
  await auth.fetch(`${API}/x?page=1`);
  await auth.fetch(`${API}/x?page=1`);
  expect(recorder.deliveries.map(({ request }) => request.headers.has('authorization'))).toEqual([
    true,
    false,
  ]);
  expect(allow.mock.calls.map(([url]) => `${url}`)).toEqual([`${API}/x?page=1`, `${API}/x?page=1`]);
});

test('R1: a predicate that changes the URL it was asked about changes nothing else', async () => {
  const recorder = createRecorder();
  const allow = [
    (url: URL) => {
      url.host = 'api.example.com';
      return false;
    },
    'https://api.example.com',
  ];
  const auth = createRecorded(recorder, { allow });
  await auth.signIn({ access_token: 'secret' });
  await auth.fetch('https://evil.test/');
  await auth.fetch('https://evil.test/');
  expect(
    recorder.deliveries.map(({ request }) => [request.url, request.headers.has('authorization')]),
  ).toEqual([
    ['https://evil.test/', false],
    ['https://evil.test/', false],
  ]);
});

test('R1: a predicate that answers a promise has not said yes', async () => {
  const allow = (async () => false) as unknown as (url: URL) => boolean;
  expect(await carried(allow, 'https://evil.test/')).toBeNull();
});

test('R1: a predicate that throws lets no token out, and nothing hangs', async () => {
  const recorder = createRecorder();
  const allow = () => {
    throw new Error('predicate');
  };
  const auth = createRecorded(recorder, { allow });
  await auth.signIn({ access_token: 'secret' });
  await auth.fetch(API).catch(() => {});
  expect(recorder.deliveries.every(({ request }) => !request.headers.has('authorization'))).toBe(true);
  expect(auth.tokens?.accessToken).toBe('secret');
});

test('R1: a redirect within the origin, out of the path rule, keeps its meaning: a 401 there is refreshed', async () => {
  const refresh = vi.fn(async () => ({ access_token: 'new' }));
  const recorder = createRecorder((request) => {
    if (request.headers.get('authorization') === 'Bearer new') return new Response('ok');
    const refused = unauthorized();
    Object.defineProperties(refused, { url: { value: `${API}/v2/x` }, redirected: { value: true } });
    return refused;
  });
  const auth = createTokenManager({ refresh, allow: `${API}/v1`, fetch: recorder.fetch });
  await auth.signIn({ access_token: 'old' });
  expect((await auth.fetch(`${API}/v1/x`)).status).toBe(200);
  expect(refresh).toHaveBeenCalledTimes(1);
});
