import { afterEach, describe, expect, test, vi } from 'vitest';
import { isFromElsewhere, ownOrigin, type Target, targetOf } from '../../src/request/target.ts';

afterEach(() => void vi.unstubAllGlobals());

const parsed = (url: string) => targetOf(url) as Target;

describe('R1: a target', () => {
  test('has what rules ask for, and no fragment', () => {
    expect(targetOf('HTTPS://A.Example.com:443/v0/../v1?x=1#y')).toEqual({
      href: 'https://a.example.com/v1?x=1',
      input: 'HTTPS://A.Example.com:443/v0/../v1?x=1#y',
      root: 'https://a.example.com/',
      place: 'https://a.example.com/v1',
      folder: 'https://a.example.com/v1/',
      family: 'https://*.example.com/v1/',
      isSecure: true,
    });
  });

  test('is sent as the caller spelled it where that is absolute, else as what it means now', () => {
    vi.stubGlobal('location', { href: 'https://a.example.com/v1/' });
    const inputs = ['HTTP://A.example.com/x#y', 'b', '//B.test', ' https://C.test '];
    expect(inputs.map((input) => parsed(input).input)).toEqual([
      'HTTP://A.example.com/x#y',
      'https://a.example.com/v1/b',
      'https://b.test/',
      'https://c.test/',
    ]);
  });

  test.each([
    ['https://api.example.com', true],
    ['http://localhost:3000', true],
    ['http://app.localhost', true],
    ['http://127.1', true],
    ['http://[::1]:3000', true],
    ['http://api.example.com', false],
    ['http://localhost.evil.test', false],
    ['http://127.0.0.1.evil.test', false],
    ['http://127.0.0.1..', false],
    ['http://evil-localhost', false],
    ['ws://localhost', false],
    ['blob:https://api.example.com/id', false],
  ])('%s: is it secure? %s', (url, isSecure) => {
    expect(parsed(url).isSecure).toBe(isSecure);
  });

  test('of a relative URL depends on the page, and follows it', () => {
    expect(targetOf('/me')).toBeUndefined();
    vi.stubGlobal('location', { href: 'https://worker.example.com/app.js' });
    expect(targetOf('/me')?.href).toBe('https://worker.example.com/me');
    vi.stubGlobal('document', { baseURI: 'https://app.example.com/base/' });
    expect(targetOf('me')?.href).toBe('https://app.example.com/base/me');
    vi.stubGlobal('document', { baseURI: 'https://app.example.com/other/' });
    expect(targetOf('me')?.href).toBe('https://app.example.com/other/me');
  });

  test('that was seen before is not parsed again, and a thousand others are as right as the first', () => {
    const first = parsed('https://api.example.com/first');
    expect(targetOf('https://api.example.com/first')).toBe(first);
    for (let n = 0; n < 1_001; n++) expect(parsed(`https://api.example.com/${n}`).href).toMatch(`/${n}`);
    expect(targetOf('https://api.example.com/first')).toEqual(first);
  });
});

test('the page’s own origin is that of its location, also where a base leads elsewhere', () => {
  expect(ownOrigin()).toBeUndefined();
  vi.stubGlobal('document', { baseURI: 'https://cdn.example.com/' });
  vi.stubGlobal('location', { href: 'https://app.example.com/x', origin: 'https://app.example.com' });
  expect(ownOrigin()).toBe('https://app.example.com');
  vi.stubGlobal('location', { href: 'about:srcdoc', origin: 'null' });
  expect(ownOrigin(), 'of a sandboxed frame').toBeUndefined();
});

test.each([
  [false, 'https://elsewhere.test/', false],
  [true, 'https://api.example.com/other', false],
  [true, 'https://elsewhere.test/', true],
  [true, '', true],
  // React Native does not say whether there was a redirect.
  [undefined, 'https://elsewhere.test/', true],
  [undefined, 'https://api.example.com/other', false],
  [undefined, '', false],
])('R2, R40: an answer that was redirected (%s) to %j is from elsewhere: %s', (redirected, url, expected) => {
  const answer = { redirected, url } as Response;
  expect(isFromElsewhere(answer, parsed('https://api.example.com/me'))).toBe(expected);
});
