/** Places: where the token may go, where it has to, and where it need not. */
import { type AllowRule, type Refresh, TokenError } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRecorded, createRecorder, expectTypeError, thrownBy } from '../support/attach.ts';
import { failure, listen, outcome } from '../support/refresh.ts';
import { API, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Signed in under these rules; answers what a request to a URL carries. */
async function open(allow: AllowRule | AllowRule[]) {
  const recorder = createRecorder();
  const auth = createRecorded(recorder, { allow });
  await auth.signIn({ access_token: 'secret' });
  return async (url: string) => {
    await auth.fetch(url);
    return recorder.deliveries.at(-1)?.request.headers.get('authorization') ?? undefined;
  };
}

describe('R5: a place', () => {
  test('is a URL, or several, with paths that are taken out of it by whole segments', async () => {
    const carried = await open({
      url: [`${API}/v1`, 'https://b.example'],
      except: ['/v1/public', '/health'],
    });
    const paths = [`${API}/v1/me`, `${API}/v1/public`, `${API}/v1/public/x?y`, `${API}/v1/publicity`];
    const found: unknown[] = [];
    for (const path of paths) found.push(await carried(path));
    expect(found).toEqual(['Bearer secret', undefined, undefined, 'Bearer secret']);
    expect(await carried('https://b.example/health/live')).toBeUndefined();
    expect(await carried('https://b.example/healthy')).toBe('Bearer secret');
  });

  test('that excepts a path leaves it to those that come after it', async () => {
    const carried = await open([{ url: API, except: '/status' }, `${API}/status/mine`]);
    expect(await carried(`${API}/status`)).toBeUndefined();
    expect(await carried(`${API}/status/mine`)).toBe('Bearer secret');
  });

  test.each([
    ['an unknown member', { url: API, exept: '/x' }, 'options.allow.exept'],
    ['no URL', { except: '/x' }, 'options.allow.url'],
    ['a path without its slash', { url: API, except: 'x' }, 'options.allow.except'],
    ['a whole URL to except', { url: API, except: `${API}/x` }, 'options.allow.except'],
    ['a word for the token that means nothing', { url: API, token: 'never' }, 'options.allow.token'],
  ])('with %s is refused at creation', (_what, place, said) => {
    expectTypeError(
      thrownBy(() => createRecorded(createRecorder(), { allow: place as AllowRule })),
      said,
    );
  });

  test('names its index in a list', () => {
    const allow = [API, { url: 'nonsense' }] as AllowRule[];
    expectTypeError(
      thrownBy(() => createRecorded(createRecorder(), { allow })),
      /options\.allow\[1\]/,
    );
  });
});

describe('R5: a place whose token is required', () => {
  const required: AllowRule = { url: API, token: 'required' };

  test('rejects with `signed-out` and sends nothing while nobody is signed in', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { allow: [required, 'https://b.example'] });
    expect(await outcome(auth.fetch(`${API}/me`))).toBe('signed-out');
    await auth.fetch('https://b.example/');
    expect(recorder.deliveries.length).toBe(1);
  });

  test('ten queries with three retries each after the end of the session send nothing', async () => {
    const recorder = createRecorder(() => unauthorized());
    const refresh: Refresh = async () => {
      throw new TokenError('session-ended');
    };
    const auth = createRecorded(recorder, { allow: required, refresh });
    await auth.signIn({ access_token: 'dead', refresh_token: 'r', expires_in: 3600 });
    expect(await outcome(auth.fetch(`${API}/me`))).toBe('session-ended');
    const sent = recorder.deliveries.length;
    const query = async () => {
      const codes: string[] = [];
      for (let tries = 0; tries < 4; tries++) codes.push(await outcome(auth.fetch(`${API}/list`)));
      return codes;
    };
    const codes = (await Promise.all(Array.from({ length: 10 }, query))).flat();
    expect(new Set(codes)).toEqual(new Set(['signed-out']));
    expect(recorder.deliveries.length).toBe(sent);
  });

  test('sends a request whose header is the caller’s own', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { allow: required });
    await auth.fetch(API, { headers: { authorization: 'Basic own' } });
    expect(recorder.deliveries[0]?.request.headers.get('authorization')).toBe('Basic own');
  });

  test('says in its error where the request would have gone, without its query', async () => {
    const auth = createRecorded(createRecorder(), { allow: required });
    const error = await failure(auth.fetch(`${API}/me?secret=1`));
    expect(error.message).toContain(`${API}/me`);
    expect(error.message).not.toContain('secret');
  });

  test('R70: says no more than its origin where the path holds a token', async () => {
    const auth = createRecorded(createRecorder(), { allow: required });
    await auth.signIn({ access_token: 'access-s3cr3t', refresh_token: 'refresh-s3cr3t' });
    await auth.signOut();
    const error = await failure(auth.fetch(`${API}/invitations/refresh-s3cr3t`));
    expect(error.message).toBe(`nobody is signed in; ${API}/ requires a token`);
  });
});

describe('R5: a place whose token is optional', () => {
  const optional: AllowRule = { url: API, token: 'optional' };
  const down: Refresh = () => Promise.reject(new Error('503'));

  test('carries a good token', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { allow: optional });
    await auth.signIn({ access_token: 'good' });
    await auth.fetch(API);
    expect(recorder.deliveries[0]?.request.headers.get('authorization')).toBe('Bearer good');
  });

  test('is asked without one where none can be had now, at once while the back-off lasts', async () => {
    const recorder = createRecorder();
    const refresh = vi.fn(down);
    const auth = createRecorded(recorder, { allow: optional, refresh });
    await auth.signIn({ access_token: 'short', refresh_token: 'r', expires_in: 10 });
    vi.setSystemTime(Date.now() + 20_000);
    for (let count = 0; count < 3; count++) expect((await auth.fetch(API)).status).toBe(200);
    expect(recorder.deliveries.map(({ request }) => request.headers.get('authorization'))).toEqual([
      null,
      null,
      null,
    ]);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(auth.status).toBe('signed-in');
  });

  test('is asked without one after a refusal that no refresh could mend', async () => {
    const recorder = createRecorder((request) =>
      request.headers.has('authorization') ? unauthorized() : new Response('public'),
    );
    const auth = createRecorded(recorder, { allow: optional, refresh: down });
    await auth.signIn({ access_token: 'bad', refresh_token: 'r' });
    expect(await (await auth.fetch(API)).text()).toBe('public');
  });

  test('is asked without one when the session ends in that very call', async () => {
    const recorder = createRecorder();
    const refresh: Refresh = async () => {
      throw new TokenError('session-ended');
    };
    const auth = createRecorded(recorder, { allow: optional, refresh });
    await auth.signIn({ access_token: 'short', refresh_token: 'r', expires_in: 10 });
    const heard = listen(auth);
    vi.setSystemTime(Date.now() + 20_000);
    expect((await auth.fetch(API)).status).toBe(200);
    expect(heard.map(([event]) => event)).toContain('signed-out');
  });

  test('still heeds its caller’s signal, and a sign-out while it waits', async () => {
    const recorder = createRecorder();
    const auth = createRecorded(recorder, { allow: optional, refresh: () => new Promise(() => {}) });
    await auth.signIn({ access_token: 'short', refresh_token: 'r', expires_in: 10 });
    vi.setSystemTime(Date.now() + 20_000);
    const controller = new AbortController();
    const aborted = outcome(auth.fetch(API, { signal: controller.signal }));
    controller.abort();
    expect(await aborted).toBe('AbortError');
    const waiting = outcome(auth.fetch(API));
    await vi.advanceTimersByTimeAsync(10);
    await auth.signOut();
    expect(await waiting).toBe('session-changed');
    expect(recorder.deliveries).toEqual([]);
  });
});

describe('R1: a rule that begins with a slash', () => {
  const page = (href: string) => {
    vi.stubGlobal('location', new URL(href));
    vi.stubGlobal('document', { baseURI: href });
  };

  test('is a path of the page’s own origin', async () => {
    page('https://shop.example/app/');
    const carried = await open('/api');
    expect(await carried('/api/me')).toBe('Bearer secret');
    expect(await carried('https://shop.example/api')).toBe('Bearer secret');
    expect(await carried('../api/x')).toBe('Bearer secret');
    expect(await carried('https://shop.example/apis')).toBeUndefined();
    expect(await carried('https://other.example/api')).toBeUndefined();
    expect(await carried('http://shop.example/api')).toBeUndefined();
  });

  test('alone is the whole origin', async () => {
    page('https://shop.example/app/');
    const carried = await open('/');
    expect(await carried('anything')).toBe('Bearer secret');
    expect(await carried('https://api.shop.example/')).toBeUndefined();
  });

  test('is that of the page and not of its base', async () => {
    vi.stubGlobal('location', new URL('https://shop.example/'));
    vi.stubGlobal('document', { baseURI: 'https://cdn.example/' });
    const carried = await open('/');
    expect(await carried('https://cdn.example/x')).toBeUndefined();
    expect(await carried('https://shop.example/x')).toBe('Bearer secret');
  });

  test('matches nothing where there is no page', async () => {
    const carried = await open(['/', API]);
    expect(await carried('https://shop.example/')).toBeUndefined();
    expect(await carried(API)).toBe('Bearer secret');
  });

  test.each(['//evil.example', '/\\evil.example', '/api?x', '/api#x', '/*'])('%s is refused', (rule) => {
    expectTypeError(
      thrownBy(() => createRecorded(createRecorder(), { allow: rule })),
      'options.allow',
    );
  });
});

describe('R1: a star stands for one label, over https alone', () => {
  test.each([
    'http://*.example.com',
    'https://*.com',
    'https://*',
    'https://a.*.example.com',
    'https://*a.example.com',
    'https://*.localhost',
  ])('%s is refused', (rule) => {
    expectTypeError(
      thrownBy(() => createRecorded(createRecorder(), { allow: rule })),
      'options.allow',
    );
  });
});

describe('R1: what is judged is what is sent', () => {
  test.each(['https:x', 'https:/x', 'https:api.example.com'])(
    '%s is relative in a page of that scheme',
    async (url) => {
      vi.stubGlobal('location', new URL('https://shop.example/app/'));
      vi.stubGlobal('document', { baseURI: 'https://shop.example/app/' });
      const recorder = createRecorder();
      const auth = createRecorded(recorder, { allow: '/' });
      await auth.signIn({ access_token: 'secret' });
      await auth.fetch(url);
      const [{ input, request } = {} as never] = recorder.deliveries;
      expect(`${input}`).toBe(new URL(url, 'https://shop.example/app/').href);
      expect(request.headers.get('authorization')).toBe('Bearer secret');
    },
  );

  test('a base that changes while the request waits changes nothing', async () => {
    const document = { baseURI: 'https://shop.example/a/' };
    vi.stubGlobal('location', new URL('https://shop.example/a/'));
    vi.stubGlobal('document', document);
    const recorder = createRecorder();
    const refresh: Refresh = async () => ({ access_token: 'new', expires_in: 3600 });
    const auth = createRecorded(recorder, { allow: '/', refresh });
    await auth.signIn({ access_token: 'old', refresh_token: 'r', expires_in: 10 });
    vi.setSystemTime(Date.now() + 20_000);
    const sent = auth.fetch('https:data');
    document.baseURI = 'https://evil.example/';
    await sent;
    expect(`${recorder.deliveries[0]?.input}`).toBe('https://shop.example/a/data');
  });
});
