import { inspect } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { answerOf, type EndpointOptions, errorOf, headersOf, placeOf, toldOf } from '../src/endpoint.ts';
import { createPage } from './support/page.ts';

const at = (url: string | URL, more: Partial<EndpointOptions> = {}) =>
  placeOf('refreshEndpoint', { url, ...more });

describe('R71: the URL', () => {
  test.each([
    'http://as.example.com/token?key=hush',
    'http://localhost.example.com/token',
    'http://127.0.0.1.example.com/token',
    'http://10.0.0.1/token',
  ])('%s is refused: tokens do not travel in the clear', (url) => {
    const said = new RegExp(
      `^evertoken: refreshEndpoint.url is ${new URL(url).origin}; expected https, or http with insecure: true$`,
    );
    for (const given of [url, new URL(url)]) expect(() => at(given)).toThrow(said);
    expect(() => at(url)).toThrow(TypeError);
    expect(at(url, { insecure: true }).place).toBe(new URL('/token', url).href);
  });

  test.each([
    'http://localhost:3000/token',
    'http://app.localhost/token',
    'http://127.0.0.1/token',
    'http://127.8.8.8:1/token',
    'http://[::1]:8080/token',
    'https://as.example.com/token',
  ])('%s is taken: https, or the loopback', (url) => {
    expect(at(url).href).toBe(url);
  });

  test.each(['ftp://as.example.com/token', 'data:text/plain,x', 'http://[as/token', 'https://'])(
    '%s is no place to send a token to, whatever the options say',
    (url) => {
      for (const insecure of [false, true])
        expect(() => at(url, { insecure })).toThrow(/refreshEndpoint\.url .* expected https/);
    },
  );
});

test.each([
  ['an object', {}],
  ['a date', new Date(0)],
  ['parameters', new URLSearchParams('a=b')],
  ['an object that is no text', Object.create(null)],
  ['a symbol', Symbol('x')],
])('what is no URL is none: %s', (_what, url) => {
  const say = /^evertoken: refreshEndpoint\.url is .+; expected https/;
  expect(() => at(url as URL)).toThrow(say);
  createPage();
  expect(() => at(url as URL)).toThrow(say);
});

describe('a relative URL', () => {
  test('is of the page that creates it, also when the base changes later', () => {
    createPage();
    const { href, origin } = at('/auth/refresh?x=1');
    expect([href, origin]).toEqual(['https://app.example.com/auth/refresh?x=1', 'https://app.example.com']);
    vi.stubGlobal('document', { baseURI: 'https://app.example.com/shop/' });
    expect(at('refresh').href).toBe('https://app.example.com/shop/refresh');
    // What a lax parser takes for absolute is relative to fetch.
    expect(at('https:refresh').href).toBe('https://app.example.com/shop/refresh');
  });

  test('is of a worker, too', () => {
    vi.stubGlobal('location', { href: 'https://app.example.com/worker.js' });
    expect(at('/auth/refresh').href).toBe('https://app.example.com/auth/refresh');
  });

  test('R71: of a page on plain http is refused like any other', () => {
    vi.stubGlobal('document', { baseURI: 'http://192.168.0.7:3000/' });
    expect(() => at('/auth/refresh')).toThrow('insecure: true');
    expect(at('/auth/refresh', { insecure: true }).origin).toBe('http://192.168.0.7:3000');
  });

  test('can be created where there is no page, as on a server that renders the module', () => {
    expect(at('/auth/refresh?key=hush')).toEqual({
      href: '/auth/refresh?key=hush',
      place: '/auth/refresh',
      origin: '',
    });
  });
});

describe('R71: a clientSecret', () => {
  const secret = { clientId: 'shop', clientSecret: 'hush' };

  test('in a page or worker is refused', () => {
    const why = __DEVELOPMENT__ ? ', where everybody can read it' : '';
    const said = `evertoken: refreshEndpoint.clientSecret is string; expected none in a page or worker${why}`;
    vi.stubGlobal('indexedDB', {});
    expect(() => at('https://as.example.com', secret)).toThrow(new TypeError(said));
    vi.unstubAllGlobals();
    createPage();
    expect(() => at('https://as.example.com', secret)).toThrow(new TypeError(said));
    expect(() => at('https://as.example.com', { clientId: 'shop' })).not.toThrow();
  });

  test('on a server is taken', () => {
    expect(() => at('https://as.example.com', secret)).not.toThrow();
  });
});

test('headers that are none are named, by their name or index', () => {
  const create = (headers: unknown) => () =>
    at('https://as.example.com', { headers: headers as EndpointOptions['headers'] });
  expect(create({ 'x-csrf': undefined })).toThrow(
    'refreshEndpoint.headers.x-csrf is undefined; expected string or empty',
  );
  expect(create([['a', 'b'], 'x-csrf'])).toThrow('refreshEndpoint.headers[1] is string; expected array');
  expect(create([['a', 5]])).toThrow('refreshEndpoint.headers.a is number >= 0; expected string or empty');
  expect(create([['a']])).toThrow('refreshEndpoint.headers.a is undefined; expected string or empty');
  for (const fine of [{ a: '' }, [['a', 'b']], new Headers({ a: 'b' }), () => ({}), undefined])
    expect(create(fine)).not.toThrow();
});

test('the headers of an attempt are the app’s, and what the body asks for', async () => {
  const url = 'https://as.example.com';
  const client = { url, clientId: 'a', clientSecret: 'b' };
  const tokens = { accessToken: 'x', tokenType: 'Bearer' };
  const form = new URLSearchParams();
  const headers = vi.fn(async () => ({ 'x-csrf': '1' }));
  expect([...(await headersOf({ ...client, headers }, tokens, form))]).toEqual([
    ['accept', 'application/json'],
    ['authorization', 'Basic YTpi'],
    ['x-csrf', '1'],
  ]);
  expect(headers).toHaveBeenCalledWith(tokens);
  expect([...(await headersOf(client, tokens, '{}'))]).toEqual([
    ['accept', 'application/json'],
    ['content-type', 'application/json'],
  ]);
  const own = { accept: '*/*', 'content-type': 'application/problem+json' };
  expect(Object.fromEntries(await headersOf({ url, headers: own }, undefined, '{}'))).toEqual(own);
  expect([...(await headersOf({ url }, undefined, undefined))]).toEqual([['accept', 'application/json']]);
});

test('an answer is read once: JSON, a text, or nothing of one that is too long', async () => {
  const bodies = ['{"a":1}', '<p>', '', 'x'.repeat(1_000_001)];
  const answers = await Promise.all(bodies.map((body) => answerOf(new Response(body))));
  expect(answers.map(({ body }) => body)).toEqual([{ a: 1 }, '<p>', '', undefined]);
});

test('R70: of an answer the place, the status and an error code are told', async () => {
  const place = at('https://user:hush@as.example.com/token?key=hush');
  const told = async (body: unknown, status = 400) =>
    errorOf(place, await answerOf(Response.json(body, { status })));
  expect(await told({ error: 'invalid_client' })).toMatchObject({
    message: 'https://as.example.com/token answered 400 invalid_client',
    status: 400,
    error: 'invalid_client',
  });
  for (const error of ['temporarily_unavailable', 'server_error'])
    expect((await told({ error })).message).toBe(`https://as.example.com/token answered 400 ${error}`);
  for (const error of ['hush.refresh', 'in_lower_case', 7, { a: 1 }, undefined])
    expect((await told({ error })).message).toBe('https://as.example.com/token answered 400');
  const nothing = errorOf(place, undefined);
  expect(nothing.message).toBe('https://as.example.com/token could not be reached');
  expect(inspect([await told({ error: 'hush', hint: 'hush' }), nothing], { depth: 9 })).not.toContain('hush');
});

test('R70: of what a callback threw no text is told that an answer holds', () => {
  const body = { data: { jwt: 'hush.new.token' } };
  expect(toldOf(new Error('no such member'), body).message).toBe('no such member');
  expect(toldOf(new Error('bad jwt: hush.new.token'), body).message).not.toContain('hush');
  expect(toldOf('hush.text', 'hush.text').message).not.toContain('hush');
});
