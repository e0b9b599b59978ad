import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type RevokeEndpointOptions, revokeEndpoint } from '../src/revoke-endpoint.ts';
import { type GiveAnswer, held, json, lost } from './support/endpoint.ts';
import { createPage } from './support/page.ts';
import { polluted } from './support/polluted.ts';

const url = 'https://as.example.com/revoke?key=hush';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** One revocation at a server that answers like this. */
async function revoke(
  options: Partial<RevokeEndpointOptions> = {},
  tokens: Parameters<ReturnType<typeof revokeEndpoint>>[0]['tokens'] = held,
  answer: GiveAnswer = () => new Response(),
  signal = new AbortController().signal,
) {
  const sent: { input: unknown; init: RequestInit | undefined }[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
    sent.push({ input, init });
    return answer();
  };
  const outcome = await revokeEndpoint({ url, ...options })({ tokens, signal, fetch }).catch(
    (error: unknown) => error,
  );
  const headers = new Headers(sent[0]?.init?.headers);
  return { outcome, sent, headers, form: `${sent[0]?.init?.body}` };
}

describe('RFC 7009 §2.1', () => {
  test('the refresh token is revoked, with the fetch and the signal that are given', async () => {
    const { signal } = new AbortController();
    const { outcome, sent, form } = await revoke({ clientId: 'spa' }, held, undefined, signal);
    expect(outcome).toBeUndefined();
    expect(sent).toMatchObject([{ input: url, init: { method: 'POST', redirect: 'manual' } }]);
    expect(sent[0]?.init?.signal).toBe(signal);
    expect(form).toBe('token=s3cret&token_type_hint=refresh_token&client_id=spa');
  });

  test('without a refresh token it is the access token', async () => {
    const { form } = await revoke({}, { accessToken: 'access', tokenType: 'Bearer' });
    expect(form).toBe('token=access&token_type_hint=access_token');
  });

  test('where there are no tokens nothing is sent', async () => {
    const fetch = vi.fn();
    const { signal } = new AbortController();
    await revokeEndpoint({ url })({ tokens: undefined, signal, fetch });
    expect(fetch).not.toHaveBeenCalled();
  });
});

test('RFC 6749 §2.3.1: the client says who it is as it does at refreshEndpoint', async () => {
  const client = { clientId: 'a:b', clientSecret: 'c d' };
  const basic = await revoke(client);
  expect(basic.headers.get('authorization')).toBe(`Basic ${btoa('a%3Ab:c+d')}`);
  expect(basic.form).not.toContain('client_');
  const post = await revoke({ ...client, clientAuth: 'client_secret_post' });
  expect(post.headers.get('authorization')).toBeNull();
  expect(post.form).toContain('client_id=a%3Ab&client_secret=c+d');
});

test('`headers` are sent, those of a function of the tokens, too', async () => {
  const headers = vi.fn(async () => ({ 'x-csrf': '1' }));
  expect((await revoke({ headers })).headers.get('x-csrf')).toBe('1');
  expect(headers).toHaveBeenCalledWith(held);
});

describe('an answer that is no 2xx is an error', () => {
  test('RFC 7009 §2.2.1: 503 with Retry-After says when to come again', async () => {
    const { outcome } = await revoke({}, held, json(503, {}, { 'retry-after': '120' }));
    expect(outcome).toMatchObject({
      message: 'https://as.example.com/revoke answered 503',
      status: 503,
      retryAt: 120_000,
    });
    const late = await revoke({}, held, json(503, {}, { 'retry-after': '1e20' }));
    expect(late.outcome).toMatchObject({ retryAt: 3_600_000 });
  });

  test('the server’s error code is told, and nothing else of its words', async () => {
    const answer = json(400, { error: 'unsupported_token_type', error_description: 's3cret' });
    const { outcome } = await revoke({}, held, answer);
    expect(outcome).toMatchObject({
      message: 'https://as.example.com/revoke answered 400 unsupported_token_type',
      error: 'unsupported_token_type',
    });
    expect(inspect(outcome, { depth: 9, showHidden: true })).not.toMatch(/s3cret|hush/);
  });

  test('a redirect is none to follow', async () => {
    const elsewhere = () => new Response(null, { status: 307, headers: { location: 'https://evil.test' } });
    const { outcome, sent } = await revoke({}, held, elsewhere);
    expect((outcome as Error).message).toBe('https://as.example.com/revoke answered 307');
    expect(sent).toHaveLength(1);
  });

  test('204 is fine', async () => {
    expect((await revoke({}, held, () => new Response(null, { status: 204 }))).outcome).toBeUndefined();
  });
});

test('R70: what fetch or `headers` throw is not handed on', async () => {
  const heavy = () => Promise.reject(Object.assign(new Error('POST s3cret'), { config: { data: 's3cret' } }));
  const gone = await revoke({}, held, heavy);
  expect((gone.outcome as Error).message).toBe('https://as.example.com/revoke could not be reached');
  const { outcome, sent } = await revoke({ headers: heavy });
  expect(outcome).toBeInstanceOf(Error);
  expect(inspect([gone.outcome, outcome], { depth: 9, showHidden: true })).not.toContain('s3cret');
  expect(sent).toEqual([]);
});

test('R34: when the signal ends it, its reason is what is thrown', async () => {
  expect((await revoke({}, held, lost, AbortSignal.abort('over'))).outcome).toBe('over');
});

test('R37: what a page put on Object.prototype is no token and no option', async () => {
  const tokens = { accessToken: 'access', tokenType: 'Bearer' };
  const members = {
    refreshToken: 'evil',
    headers: { evil: '1' },
    clientId: 'evil',
    insecure: 7,
  };
  const { outcome, form, headers } = await polluted(members, () => revoke({}, tokens));
  expect([outcome, form, headers.has('evil')]).toEqual([
    undefined,
    'token=access&token_type_hint=access_token',
    false,
  ]);
});

describe('R71: refused at creation', () => {
  const create = (options: object) => () => revokeEndpoint({ url, ...options } as RevokeEndpointOptions);

  test('http beyond the loopback, a secret in a page, an option that is none', () => {
    expect(create({ url: 'http://as.example.com' })).toThrow(
      'evertoken: revokeEndpoint.url is http://as.example.com; expected https, or http with insecure: true',
    );
    expect(create({ format: 'json' })).toThrow('revokeEndpoint.format is string; expected no such name');
    expect(create({ clientSecret: 'hush' })).not.toThrow();
    createPage();
    expect(create({ clientSecret: 'hush' })).toThrow(/^evertoken: revokeEndpoint\.clientSecret is string/);
  });
});
