/** The look-alikes are generated: what a person would think of stands in test/flows/attach-rules.test.ts. */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { matcherOf, type Target, targetOf } from '../../src/request/allow.ts';
import type { AllowRule } from '../../src/types.ts';

afterEach(() => void vi.unstubAllGlobals());

const parsed = (url: string): Target => {
  const target = targetOf(url);
  if (!target) throw new Error(`no URL: ${url}`);
  return target;
};
const covers = (rules: AllowRule | AllowRule[], url: string): boolean =>
  matcherOf(rules, 'options.allow')(parsed(url));

describe('a target', () => {
  test('has what rules ask for, and no fragment', () => {
    expect(targetOf('HTTPS://A.Example.com:443/v0/../v1?x=1#y')).toEqual({
      href: 'https://a.example.com/v1?x=1',
      input: 'HTTPS://A.Example.com:443/v0/../v1?x=1#y',
      origin: 'https://a.example.com',
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

describe('R1: a predicate', () => {
  test('is believed when it says true, and nothing like it', () => {
    expect(covers(() => true, 'https://api.example.com')).toBe(true);
    for (const answer of [1, 'yes', {}, Promise.resolve(true)])
      expect(covers(() => answer as boolean, 'https://api.example.com')).toBe(false);
  });

  test('is never asked about http beyond loopback hosts, and its URL is its own to change', () => {
    const asked: string[] = [];
    const spoil = (url: URL) => {
      asked.push(url.href);
      url.pathname = '/spoiled';
      return false;
    };
    expect(covers([spoil, spoil], 'https://api.example.com/a')).toBe(false);
    expect(covers(spoil, 'http://api.example.com/a')).toBe(false);
    expect(asked).toEqual(['https://api.example.com/a', 'https://api.example.com/a']);
  });
});

test.each([
  [[], 'array; expected an origin'],
  ['', 'empty; expected http(s) origin'],
  ['https://key-7@api.example.com', 'string; expected http(s) origin'],
  ['https://a.*.example.com', 'string; expected http(s) origin'],
  ['https://1.2.3.999', 'string; expected http(s) origin'],
])('R1: %j is no rule, and the message does not quote it', (rule, said) => {
  const refused = () => matcherOf(rule, 'options.allow');
  expect(refused).toThrow(TypeError);
  expect(refused).toThrow(`evertoken: options.allow is ${said}`);
  expect(refused).not.toThrow('key-7');
});

const label = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const host = label.map((name) => `${name}.test`);
const port = fc.integer({ min: 1, max: 65_535 }).filter((number) => number !== 443);

test('R1: a generated look-alike never matches an origin, a prefix or a star', () => {
  const lookAlike = fc.oneof(
    host.map((other) => `https://api.example.com.${other}/v1`),
    host.map((other) => `https://api.example.com@${other}/v1`),
    fc.tuple(host, label).map(([other, name]) => `https://api.example.com:${name}@${other}/v1`),
    host.map((other) => `https://${other}\\@api.example.com/v1`),
    fc
      .tuple(host, fc.constantFrom('/', '?', '#', '/?', '/#'))
      .map((parts) => `https://${parts.join('')}api.example.com/v1`),
    port.map((number) => `https://api.example.com:${number}/v1`),
    label.map((name) => `https://${name}api-example.com/v1`),
    label.map((name) => `https://api.example.com${name}/v1`),
    label.map((name) => `https://${name}.api.example.com/v1`),
    label.map((name) => `https://api.${name}example.com/v1`),
    label.map((name) => `http://api.example.com/v1/${name}`),
    label.map((name) => `https://api.example.com/v1${name}`),
    label.map((name) => `https://api.example.com/v1/%2E./x${name}`),
    label.map((name) => `https://api.example.com/${name}/../x/v1`),
    fc.constantFrom('https://example.com/v1', 'https://api.example.com./v1', 'https://api.example.com/V1'),
  );
  const rules = ['https://api.example.com/v1', 'https://*.example.com/v1'];
  fc.assert(fc.property(lookAlike, (url) => !covers(rules, url)));
});

test('R1: whatever matches has the host, scheme and port of the rule, however it is put together', () => {
  const pieces = ['\t', ' ', ...'https: http: / // \\ @ : 443 . ? # %2e %40'.split(' ')];
  const url = fc.array(fc.constantFrom(...pieces, 'api.example.com', 'API', 'evil.test'), { maxLength: 9 });
  const matches = matcherOf('https://api.example.com', 'options.allow');
  fc.assert(
    fc.property(url, (parts) => {
      const text = `https://${parts.join('')}`;
      const target = targetOf(text);
      if (target && matches(target)) expect(new URL(text).origin).toBe('https://api.example.com');
    }),
    { numRuns: 1_000 },
  );
});
