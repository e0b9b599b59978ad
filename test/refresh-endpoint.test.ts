import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RefreshEndpointOptions, refreshEndpoint } from '../src/refresh-endpoint.ts';
import { grant, json, lost, setUp, held as tokens } from './support/endpoint.ts';
import { createPage } from './support/page.ts';
import { follow } from './support/recorder.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const url = 'https://as.example.com/token?tenant=1';

test('RFC 6749 §6: the form holds the grant and whatever was asked for', async () => {
  const options = {
    clientId: 'spa',
    scope: 'read',
    resource: ['urn:a', 'urn:b'],
    parameters: { tenant: 'x' },
  };
  const { ask, sent } = setUp(options);
  expect(await ask()).toEqual(grant);
  const { method, redirect, headers } = sent[0]?.request ?? {};
  expect([method, redirect, headers?.get('accept')]).toEqual(['POST', 'manual', 'application/json']);
  expect(await sent[0]?.request.text()).toBe(
    'grant_type=refresh_token&refresh_token=s3cret&client_id=spa&scope=read&resource=urn%3Aa&resource=urn%3Ab&tenant=x',
  );
});

test('RFC 6749 §2.3.1: a secret travels form-encoded in the header, or in the form if that is wished', async () => {
  const client = { clientId: 'a:b', clientSecret: 'c d' };
  for (const clientAuth of [undefined, 'client_secret_post'] as const) {
    const { ask, sent } = setUp({ ...client, clientAuth });
    await ask();
    const form = await sent[0]?.request.formData();
    const basic = sent[0]?.request.headers.get('authorization')?.slice('Basic '.length) ?? '';
    const inForm = [form?.get('client_id') ?? '', form?.get('client_secret') ?? ''];
    expect([atob(basic), ...inForm]).toEqual(clientAuth ? ['', 'a:b', 'c d'] : ['a%3Ab:c+d', '', '']);
  }
});

test('a backend of its own gets JSON and the app’s headers, and is read in its own way', async () => {
  const read = (body: unknown, { status }: Response) => ({
    accessToken: `${(body as { t: string }).t} ${status}`,
  });
  const headers = async () => ({ 'x-csrf': 'now', accept: '*/*' });
  const { ask, sent } = setUp({ format: 'json', headers, read }, json(201, { t: 'next' }));
  expect(await ask()).toEqual({ accessToken: 'next 201' });
  const request = sent[0]?.request;
  expect(await request?.json()).toEqual({ refreshToken: 's3cret' });
  expect([request?.headers.get('x-csrf'), request?.headers.get('accept')]).toEqual(['now', '*/*']);
});

test('R8: a cookie needs no refresh token and sends no body; the other formats end without a call', async () => {
  const cookie = setUp({ format: 'cookie' });
  expect(await cookie.ask({ ...tokens, refreshToken: '' })).toEqual(grant);
  const { credentials, body } = cookie.sent[0]?.request ?? {};
  expect([cookie.refresh.withoutRefreshToken, credentials, body]).toEqual([true, 'include', null]);
  const form = setUp({});
  expect(await form.ask({ ...tokens, refreshToken: '' })).toMatchObject({ code: 'session-ended' });
  expect([form.refresh.withoutRefreshToken, form.sent]).toEqual([undefined, []]);
});

describe('R8: a cookie', () => {
  test('is presented by a request that outlives its page', async () => {
    const { ask, sent } = setUp({ format: 'cookie' });
    await ask();
    expect(sent[0]?.request.keepalive).toBe(true);
  });

  test('is presented once more without, where the platform refuses that', async () => {
    const { ask, sent } = setUp({ format: 'cookie' }, lost, json(200, grant));
    expect(await ask()).toEqual(grant);
    expect(sent.map(({ request }) => request.keepalive)).toEqual([true, false]);
  });

  /** As the options of a manager ask it. */
  const checkStore = (options: Partial<RefreshEndpointOptions>, store?: object) => {
    const refresh = refreshEndpoint({ url, ...options }) as { checkStore?(store: unknown): void };
    return () => refresh.checkStore?.(store);
  };

  test('needs a store in a page, which joins all who present it, and the message says which', () => {
    createPage();
    expect(checkStore({ format: 'cookie' })).toThrow(
      "evertoken: options.store is undefined; expected cookieStore('your-app')",
    );
    expect(checkStore({ format: 'cookie' }, { join() {} })).toThrow(TypeError);
    expect(checkStore({ format: 'cookie' }, { isCookie: true })).not.toThrow();
    expect(checkStore({ format: 'json' })).not.toThrow();
  });

  test('needs one in a worker, too, and none on a server', () => {
    expect(checkStore({ format: 'cookie' })).not.toThrow();
    vi.stubGlobal('indexedDB', {});
    expect(checkStore({ format: 'cookie' })).toThrow(TypeError);
  });
});

test('R50: says what it refreshes at: origin and client, and nothing that may be secret', () => {
  const idOf = (options: RefreshEndpointOptions) => refreshEndpoint(options).id;
  const own = idOf({ url, clientId: 'spa', clientSecret: 'pa55' });
  expect(own).toBe('https://as.example.com spa');
  expect(idOf({ url: new URL('https://user:pa55@as.example.com/other'), clientId: 'spa' })).toBe(own);
  expect(idOf({ url, clientId: 'other' })).not.toBe(own);
  expect(idOf({ url: '/refresh' })).toBe(idOf({ url: '/other' }));
});

test('R35: invalid_grant ends the session at any status; 401 only at a backend of its own; 403 never', async () => {
  const codes = async (options: Partial<RefreshEndpointOptions>) => {
    const page = () => new Response('<p>blocked</p>', { status: 403 });
    const dead = { error: 'invalid_grant' };
    const answers = [json(200, dead), json(500, dead), json(401, {}), json(403, {}), page];
    const errors = await Promise.all(answers.map((answer) => setUp(options, answer).ask()));
    return errors.map((error) => (error as { code?: string }).code?.at(0) ?? '-').join('');
  };
  expect([await codes({}), await codes({ format: 'json' }), await codes({ format: 'cookie' })]).toEqual([
    'ssrrr',
    'sssrr',
    'sssrr',
  ]);
  // Nothing else counts then, and an answer without tokens is none.
  expect(await codes({ isSessionEnded: ({ status }) => status === 403 })).toBe('irrss');
});

test('R35: a lost answer is asked for again at once, a busy server after its Retry-After', async () => {
  const broken = () => new Response(new ReadableStream({ pull: lost }));
  const { ask, sent } = setUp({}, broken, json(503, {}, { 'retry-after': '3' }), json(200, grant));
  expect(await ask()).toEqual(grant);
  expect(sent.map(({ at }) => at)).toEqual([0, 0, 3_000]);
});

test('R35: nobody waits for a time the waiters will not see; they are told when to come again', async () => {
  const date = new Date(60_000).toUTCString();
  const { ask, sent } = setUp({}, json(429, {}, { 'retry-after': date }));
  expect(await ask()).toMatchObject({ code: 'refresh-failed', retryAt: 60_000, cause: { status: 429 } });
  expect(sent).toHaveLength(1);
});

test('R70: the error tells the place, the status and the error code, and neither secrets nor other words', async () => {
  const options = { url, clientSecret: 'pa55', clientId: 'x' };
  const error = await setUp(options, json(400, { error: 'invalid_client', hint: 's3cret' })).ask();
  const message = 'https://as.example.com/token answered 400 invalid_client';
  expect(error).toMatchObject({
    code: 'refresh-failed',
    message: `no new token: ${message}`,
    cause: { message, status: 400, error: 'invalid_client' },
  });
  const other = await setUp({ ...options, url: new URL(url) }, json(400, { error: 's3cret' })).ask();
  expect(inspect([error, other], { depth: 9, showHidden: true })).not.toMatch(/s3cret|pa55|tenant=/);
  const gone = await setUp({ url: 'https://user:pass@as.example.com/token' }, lost).ask();
  expect(gone).toMatchObject({
    message: 'no new token: https://as.example.com/token could not be reached',
    cause: { message: 'https://as.example.com/token could not be reached' },
  });
});

test('R60: the message of every error is one sentence that says what happened', async () => {
  const said = async (answer: () => Response) => {
    const error = (await setUp({}, answer).ask()) as Error;
    return error.message.replace('https://as.example.com/token', 'it');
  };
  expect(await said(json(404, {}))).toBe('no new token: it answered 404');
  expect(await said(json(400, { error: 'invalid_grant' }))).toBe(
    'the session is over: it answered 400 invalid_grant',
  );
  expect(await said(json(200, { token: 'next' }))).toBe(
    'no access token, unless `read` of refreshEndpoint finds it: it answered 200',
  );
  expect(await said(() => new Response('x'.repeat(1_000_001)))).toBe('more than 1 MB: it answered 200');
  const redirect = () => new Response(null, { status: 302, headers: { location: '/elsewhere' } });
  expect(await said(redirect)).toBe('no new token: it answered 302');
});

test('R34: when the signal ends the request, its reason is what is thrown', async () => {
  const { refresh, send } = setUp({});
  const asked = follow(refresh({ tokens, signal: AbortSignal.abort('over'), fetch: send }));
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.value).toBe('over');
});

test('an option that is none is named, and its value is not', () => {
  const create = (options: object) => () => refreshEndpoint(options as RefreshEndpointOptions);
  expect(create({})).toThrow('evertoken: refreshEndpoint.url is undefined');
  expect(create({ url, format: 's3cret' })).toThrow(
    /^evertoken: refreshEndpoint.format is string; expected 'form'/,
  );
});
