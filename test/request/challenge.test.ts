import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Challenge } from '../../src/api.ts';
import { parseChallenges, stepUpChallenge } from '../../src/request/challenge.ts';

const challenge = (scheme: string, parameters: Record<string, string> = {}): Challenge => ({
  scheme,
  parameters,
});
const refusal = (status: number, header?: string): Response =>
  new Response(null, { status, headers: header ? { 'www-authenticate': header } : {} });

describe('a header', () => {
  test.each([
    ['', []],
    [' , ,', []],
    ['Basic', [challenge('Basic')]],
    ['Negotiate dG9rZW4=, Basic', [challenge('Negotiate'), challenge('Basic')]],
    ['Bearer Error = "a\\"b, c" , scope=x', [challenge('Bearer', { error: 'a"b, c', scope: 'x' })]],
    [
      'Basic realm="Bearer error=\\"x\\"", Bearer error=y',
      [challenge('Basic', { realm: 'Bearer error="x"' }), challenge('Bearer', { error: 'y' })],
    ],
  ])('%j is read by the grammar', (header, expected) => {
    expect(parseChallenges(header)).toEqual(expected);
  });

  test.each([
    ['Bearer error=x scope=y', [challenge('Bearer', { error: 'x', scope: 'y' })]],
    ['Bearer error=x, Error=y', [challenge('Bearer', { error: 'x' })]],
    ['error=x, Bearer scope=y', [challenge('Bearer', { scope: 'y' })]],
    ['Bearer error=x, scope="open', [challenge('Bearer', { error: 'x' })]],
    [
      'Bearer error=x, uri=https://a, scope=y',
      [challenge('Bearer', { error: 'x', uri: 'https://a', scope: 'y' })],
    ],
    [
      'Bearer uri=https://a/?b=c&d=, error=x',
      [challenge('Bearer', { uri: 'https://a/?b=c&d=', error: 'x' })],
    ],
    ['Bearer error=x, a="b"scope=y', [challenge('Bearer', { error: 'x' })]],
    ['Bearer error=x, a=(, scope=y', [challenge('Bearer', { error: 'x', a: '(', scope: 'y' })]],
  ])('%j breaks the grammar and is read as far as it makes sense', (header, expected) => {
    expect(parseChallenges(header)).toEqual(expected);
  });

  test('may name a parameter like a member of every object', () => {
    const [found] = parseChallenges('Bearer constructor=x');
    expect(Object.entries(found?.parameters ?? {})).toEqual([['constructor', 'x']]);
  });
});

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~A-Za-z0-9-]{1,9}$/);
const token68 = fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,9}={0,2}$/);
/** An optional space is printed or not; one that the grammar asks for, at least once. */
const space = fc.constantFrom('', '', ' ', '\t', '  ');
const someSpace = fc.constantFrom(' ', '   ');
const comma = fc
  .tuple(space, space, fc.constantFrom('', '', ','))
  .map(([a, b, empty]) => `${a}${empty},${b}`);

const quoted = fc
  .array(
    fc.tuple(fc.stringMatching(/^[\t -~\xa1-\xff]$/), fc.boolean()).map(([char, isEscaped]) => ({
      char,
      text: isEscaped || /["\\]/.test(char) ? `\\${char}` : char,
    })),
    { maxLength: 12 },
  )
  .map((chars) => ({
    value: chars.map(({ char }) => char).join(''),
    text: `"${chars.map(({ text }) => text).join('')}"`,
  }));
const parameter = fc
  .tuple(
    token,
    space,
    space,
    fc.oneof(
      quoted,
      token.map((value) => ({ value, text: value })),
    ),
  )
  .map(([name, a, b, { value, text }]) => ({
    name: name.toLowerCase(),
    value,
    text: `${name}${a}=${b}${text}`,
  }))
  .filter(({ name }) => name !== '__proto__'); // cannot be a key of a plain object
const joined = <T extends { text: string }>(items: T[], between: string[]) =>
  items.map(({ text }, index) => (index ? between[index % between.length] : '') + text).join('');
const commas = fc.array(comma, { minLength: 1, maxLength: 5 });

const printed = fc
  .tuple(
    token,
    someSpace,
    fc.oneof(
      fc.constant({ text: '', parameters: {} }),
      token68.map((text) => ({ text, parameters: {} })),
      fc
        .tuple(
          fc.uniqueArray(parameter, { selector: ({ name }) => name, minLength: 1, maxLength: 4 }),
          commas,
        )
        .map(([all, between]) => ({
          text: joined(all, between),
          parameters: Object.fromEntries(all.map(({ name, value }) => [name, value])),
        })),
    ),
  )
  .map(([scheme, gap, { text, parameters }]) => ({
    challenge: challenge(scheme, parameters),
    text: text ? scheme + gap + text : scheme,
  }));

test('R20: what is printed by the grammar, with any spacing and quoting, is read back', () => {
  fc.assert(
    fc.property(fc.array(printed, { maxLength: 4 }), commas, space, (all, between, edge) => {
      const header = edge + joined(all, between) + edge;
      expect(parseChallenges(header)).toEqual(all.map((one) => one.challenge));
    }),
    { numRuns: 1_000 },
  );
});

// How long it takes stands in bench/hostile.mjs.
test('R20: no header throws, however it is put together', () => {
  const pieces = ['a', '=', '"', '\\', ',', ' ', '(', 'é', '\n'];
  const check = (text: string) => {
    expect(parseChallenges(text).every(({ scheme }) => text.includes(scheme))).toBe(true);
  };
  const header = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.constantFrom(...pieces)));
  fc.assert(fc.property(header, (parts) => check([...parts].join(''))));
  for (const a of pieces) for (const b of pieces) check(`a ${(a + b).repeat(3_000)}(`);
});

describe('R20: a stronger login or more scope is asked for', () => {
  test.each([
    [401, 'Bearer error="insufficient_user_authentication", max_age=5', true],
    [401, 'Basic, Bearer error=insufficient_scope', true],
    [403, 'Bearer error="insufficient_scope"', true],
    [403, 'Bearer error="insufficient_user_authentication"', false],
    [200, 'Bearer error="insufficient_scope"', false],
    [401, 'Bearer error="invalid_token", error_description="insufficient_scope"', false],
    [401, undefined, false],
  ])('by %i with %s: %s', (status, header, expected) => {
    expect(!!stepUpChallenge(refusal(status, header))).toBe(expected);
  });
});
