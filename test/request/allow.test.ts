/** The look-alikes are generated: what a person would think of stands in test/flows/attach-rules.test.ts. */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { covers as isCovered, placeFor, placesOf, rulesOf } from '../../src/request/allow.ts';
import { type Target, targetOf } from '../../src/request/target.ts';
import type { AllowRule, UrlRule } from '../../src/types.ts';

afterEach(() => void vi.unstubAllGlobals());

const parsed = (url: string): Target => {
  const target = targetOf(url);
  if (!target) throw new Error(`no URL: ${url}`);
  return target;
};
const covers = (rules: UrlRule | UrlRule[], url: string): boolean =>
  isCovered(rulesOf(rules, 'options.allow'), parsed(url));

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
  [[], 'array'],
  ['', 'empty'],
  ['https://key-7@api.example.com', 'string'],
  ['https://a.*.example.com', 'string'],
  ['http://*.example.com', 'string'],
  ['https://*.com', 'string'],
  ['https://1.2.3.999', 'string'],
  ['//api.example.com', 'string'],
])('R1: %j is no rule, and the message does not quote it', (rule, said) => {
  const refused = () => rulesOf(rule, 'options.allow');
  expect(refused).toThrow(TypeError);
  expect(refused).toThrow(`evertoken: options.allow is ${said}; expected an http(s) origin`);
  expect(refused).not.toThrow('key-7');
});

test.each([
  ['a symbol', Symbol('x'), 'symbol'],
  ['an object that is no text', Object.create(null), 'object'],
])('R1: %s is no rule, and the message says so', (_what, rule, said) => {
  const refused = () => rulesOf(rule as never, 'options.allow');
  expect(refused).toThrow(`evertoken: options.allow is ${said}; expected an http(s) origin`);
});

describe('R1: a path of the page', () => {
  test('is one of its own origin, and nothing where there is no page', () => {
    expect(covers('/', 'https://app.example.com/')).toBe(false);
    vi.stubGlobal('location', { href: 'https://app.example.com/x', origin: 'https://app.example.com' });
    expect(covers('/', 'https://app.example.com/anything')).toBe(true);
    expect(covers('/api', 'https://app.example.com/api/me')).toBe(true);
    expect(covers('/api', 'https://app.example.com/apis')).toBe(false);
    expect(covers('/', 'https://app.example.com.evil.test/')).toBe(false);
  });
});

describe('R5: places', () => {
  const rules: AllowRule[] = [
    { url: 'https://a.test', except: ['/public', '/v1/'], token: 'required' },
    'https://a.test/public/mine',
    ({ port }: URL) => port === '8443',
  ];
  const places = placesOf(rules, 'options.allow');

  test('are asked in order; the first that covers a URL decides', () => {
    const found = (url: string) => places.indexOf(placeFor(places, parsed(url)) as (typeof places)[0]);
    expect(found('https://a.test/me')).toBe(0);
    expect(found('https://a.test/public/mine')).toBe(1);
    expect(found('https://b.test:8443/')).toBe(2);
    expect(places[0]?.token).toBe('required');
  });

  test.each([
    ['https://a.test/public', 'excepted'],
    ['https://a.test/v1/x', 'excepted'],
    ['https://b.test/', 'not-allowed'],
    ['http://b.test:8443/', 'insecure'],
    ['http://localhost/', 'not-allowed'],
  ])('none for %s: %s', (url, reason) => {
    expect(placeFor(places, parsed(url))).toBe(reason);
  });
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
  const rules = rulesOf('https://api.example.com', 'options.allow');
  fc.assert(
    fc.property(url, (parts) => {
      const text = `https://${parts.join('')}`;
      const target = targetOf(text);
      if (target && isCovered(rules, target)) expect(new URL(text).origin).toBe('https://api.example.com');
    }),
    { numRuns: 1_000 },
  );
});
