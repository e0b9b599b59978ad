/** Why a request carries no token. */
import {
  type AllowRule,
  bearer,
  createTokenManager,
  explain,
  type Refresh,
  type TokenManager,
  type TokenManagerOptions,
  type TokenResponse,
} from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder } from '../support/attach.ts';
import { type Heard, payloads } from '../support/refresh.ts';
import { API } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Everything that it tells. */
function listen(auth: TokenManager): Heard[] {
  const heard: Heard[] = [];
  auth.on('*', (...entry) => heard.push(entry));
  return heard;
}

async function open(
  options: Partial<TokenManagerOptions> = {},
  tokens: object | null = { access_token: 'secret' },
) {
  const recorder = createRecorder();
  const auth = createRecorded(recorder, options);
  if (tokens) await auth.signIn(tokens as TokenResponse);
  return { recorder, auth };
}

describe('R72: explain()', () => {
  test('says of a request that carries a token that it does, and which rule let it', async () => {
    const { auth } = await open({ allow: ['https://b.example', { url: API, except: '/x' }] });
    expect(explain(auth, `${API}/me?q=1#top`)).toEqual({
      ...{ attaches: true, waits: false, reason: 'attached', url: `${API}/me?q=1`, rule: API },
    });
  });

  test.each([
    ['a scheme', 'https://api.example.com', 'http://api.example.com/me', 'scheme'],
    ['a host', 'http://127.0.0.1:3000', 'http://localhost:3000/me', 'host'],
    ['a host, misspelt', 'https://api.exmaple.com', 'https://api.example.com/me', 'host'],
    ['a port', 'https://api.example.com:8443', 'https://api.example.com/me', 'port'],
    ['a path', 'https://api.example.com/v1', 'https://api.example.com/v2/me', 'path'],
  ])('names the rule that differs by %s alone', async (_what, allow, url, differsBy) => {
    const { auth } = await open({ allow: ['https://unrelated.test:1/x', allow] });
    expect(explain(auth, url)).toMatchObject({
      ...{ attaches: false, reason: 'not-allowed', nearest: { rule: allow, differsBy } },
    });
  });

  test('names no rule that has nothing in common', async () => {
    const { auth } = await open({ allow: 'https://api.example.com/v1' });
    expect(explain(auth, 'http://other.test:99/x').nearest).toBeUndefined();
  });

  const noPage: AllowRule = '/';
  test.each([
    ['a path that is taken out', { allow: { url: API, except: '/public' } }, `${API}/public/x`, 'excepted'],
    [
      'plain http, which a predicate is not asked about',
      { allow: () => true },
      'http://api.example.com/',
      'insecure',
    ],
    ['a relative URL without a page', {}, '/me', 'no-page'],
    ['a rule of the page without a page', { allow: noPage }, 'https://shop.example/', 'not-allowed'],
    [
      'a sign-in endpoint',
      { capture: [{ url: `${API}/login`, startsSession: true }] },
      `${API}/login`,
      'sign-in',
    ],
  ] as [string, Partial<TokenManagerOptions>, string, string][])(
    'of %s',
    async (_what, options, url, reason) => {
      const { auth } = await open(options);
      expect(explain(auth, url)).toMatchObject({ attaches: false, waits: false, reason });
    },
  );

  test.each([
    ['in an init', API, { headers: { authorization: 'x' } }],
    ['in a Request', new Request(API, { headers: { authorization: 'x' } }), undefined],
  ] as const)('of a header of the caller’s own, %s', async (_where, input, init) => {
    const { auth } = await open();
    expect(explain(auth, input, init)).toMatchObject({ attaches: false, reason: 'own-header' });
    const replacing = await open({ attach: bearer({ replace: true }) });
    expect(explain(replacing.auth, input, init)).toMatchObject({ attaches: true, reason: 'attached' });
  });

  test('of nobody signed in, of a session that ended, and of a manager that was closed', async () => {
    const { auth } = await open({}, null);
    expect(explain(auth, API)).toMatchObject({ attaches: false, reason: 'signed-out' });
    await auth.signIn({ access_token: 'secret' });
    await auth.signOut();
    expect(explain(auth, API)).toMatchObject({ attaches: false, reason: 'signed-out' });
    auth.close();
    expect(explain(auth, API)).toMatchObject({ attaches: false, reason: 'closed' });
  });

  test('of a cookie that has not been asked yet: the request waits for the answer', async () => {
    const refresh: Refresh = Object.assign(async () => ({ access_token: 'x' }), {
      withoutRefreshToken: true,
    });
    const { auth } = await open({ refresh }, null);
    expect(explain(auth, API)).toMatchObject({ attaches: false, waits: true, reason: 'unknown' });
  });

  test('of tokens that have expired: it waits, and while no new one can be had there is none', async () => {
    const refresh = () => Promise.reject(new Error('down'));
    const { auth } = await open({ refresh }, { access_token: 'a', refresh_token: 'r', expires_in: 10 });
    vi.setSystemTime(Date.now() + 20_000);
    expect(explain(auth, API)).toMatchObject({ attaches: true, waits: true, reason: 'attached' });
    await auth.fetch(API).catch(() => {});
    expect(explain(auth, API)).toMatchObject({ attaches: false, reason: 'no-token' });
  });

  test('shows no query of a URL that may hold a secret to nobody but its caller, and no token', async () => {
    const { auth } = await open();
    expect(JSON.stringify(explain(auth, API))).not.toContain('secret');
  });

  test('never reads or clones a Request, and asks no server', async () => {
    const { auth, recorder } = await open();
    const request = new Request(API, { method: 'POST', body: 'x' });
    const clone = vi.spyOn(request, 'clone');
    explain(auth, request);
    expect([request.bodyUsed, clone.mock.calls.length, recorder.deliveries.length]).toEqual([false, 0, 0]);
  });

  test.each([
    ['data:text/plain,secret', 'data:'],
    ['about:blank', 'about:'],
    ['blob:https://api.example.com/1', 'blob:'],
    ['mailto:a@b.test', 'mailto:'],
  ])('of %s, whose scheme is all that the event tells', async (url, told) => {
    const { auth } = await open();
    expect(explain(auth, url)).toEqual({ attaches: false, waits: false, reason: 'not-allowed', url });
    const heard = listen(auth);
    await auth.fetch(url).catch(() => {});
    expect(payloads(heard, 'not-attached')).toEqual([{ url: told, reason: 'not-allowed' }]);
  });

  test('throws nothing that `attach` throws', async () => {
    const attach = {
      tokenTypes: ['bearer'],
      headers: () => {
        throw new Error('no key');
      },
    };
    const { auth } = await open({ attach });
    expect(explain(auth, API)).toMatchObject({ attaches: true });
  });

  test('refuses what is no manager', () => {
    expect(() => explain({} as never, API)).toThrow(TypeError);
  });
});

describe('R72: the event `not-attached`', () => {
  test('tells why, as it happens, once per origin and reason, without a query', async () => {
    const { auth } = await open({ allow: ['https://a.example', 'https://b.example'] });
    const heard = listen(auth);
    for (let count = 0; count < 3; count++) {
      await auth.fetch('https://c.example/x?token=secret');
      await auth.fetch('https://a.example/', { headers: { authorization: 'own' } });
    }
    await auth.signOut();
    await auth.fetch('https://a.example/me');
    await auth.fetch('https://b.example/me');
    expect(payloads(heard, 'not-attached')).toEqual([
      { url: 'https://c.example/x', reason: 'not-allowed' },
      { url: 'https://a.example/', reason: 'own-header' },
      { url: 'https://a.example/me', reason: 'signed-out' },
      { url: 'https://b.example/me', reason: 'signed-out' },
    ]);
  });

  test.each([
    ['excepted', { allow: { url: API, except: '/public' } }, `${API}/public`],
    ['insecure', { allow: () => true }, 'http://api.example.com/'],
    ['no-page', {}, '/me'],
    ['sign-in', { capture: [{ url: `${API}/login`, startsSession: true }] }, `${API}/login`],
  ] as [string, Partial<TokenManagerOptions>, string][])('of %s', async (reason, options, url) => {
    const fetch = async () => new Response('');
    const auth = createTokenManager({ refresh: async () => ({}), allow: API, fetch, ...options });
    await auth.signIn({ access_token: 'x' });
    const heard = listen(auth);
    await auth.fetch(url);
    expect(payloads(heard, 'not-attached').map((payload) => payload.reason)).toEqual([reason]);
  });

  test('of no token, where one is optional and none can be had', async () => {
    const refresh = () => Promise.reject(new Error('down'));
    const { auth } = await open(
      { allow: { url: API, token: 'optional' }, refresh },
      { access_token: 'a', refresh_token: 'r', expires_in: 10 },
    );
    vi.setSystemTime(Date.now() + 20_000);
    const heard = listen(auth);
    await auth.fetch(API);
    expect(payloads(heard, 'not-attached').map(({ reason }) => reason)).toEqual(['no-token']);
  });

  test('is not told of a request that carries a token', async () => {
    const { auth } = await open();
    const heard = listen(auth);
    await auth.fetch(API);
    expect(heard).toEqual([]);
  });

  test('remembers a bounded number of origins', async () => {
    const { auth } = await open();
    const heard = listen(auth);
    for (let count = 0; count < 3_000; count++) await auth.fetch(`https://host${count}.example/`);
    const told = payloads(heard, 'not-attached').map(({ url }) => url);
    expect([told.length, new Set(told).size]).toEqual([1_000, 1_000]);
  });
});
