import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { areOthers, type Held, hold, isValidFor, subjectsOf } from '../../src/session/expiry.ts';
import type { TokenSetInput } from '../../src/types.ts';

const NOW = 1_800_000_000_000;
beforeEach(() => void vi.useFakeTimers({ now: NOW }));
afterEach(() => void vi.useRealTimers());

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (payload: unknown) => `${base64({ alg: 'none' })}.${base64(payload)}.`;

const margins = { refreshAhead: 60_000, leeway: 10_000 };
const held = (
  input: Partial<TokenSetInput>,
  isNew = true,
  settings: Parameters<typeof hold>[2] = margins,
): Held => hold({ accessToken: 'opaque', ...input }, NOW, settings, isNew);
/** Seconds from now. */
const lifetime = (input: Partial<TokenSetInput>, isNew?: boolean) =>
  (held(input, isNew).expiresAt - NOW) / 1_000;
const unknown = Number.POSITIVE_INFINITY;

describe('the tokens', () => {
  test('are frozen, have the moment of expiry and none of the members that say nothing', () => {
    const { tokens } = held({
      tokenType: 'Bearer',
      refreshToken: 'r',
      idToken: '',
      scope: undefined,
      expiresIn: 5,
    });
    expect(Object.isFrozen(tokens)).toBe(true);
    expect({ ...tokens }).toStrictEqual({
      accessToken: 'opaque',
      tokenType: 'Bearer',
      expiresAt: NOW + 5_000,
      refreshToken: 'r',
    });
    expect(held({}).tokens).not.toHaveProperty('expiresAt');
  });
});

describe('R10: the lifetime', () => {
  test.each([
    [3600, 3600],
    [0.5, 0.5],
    ['300', 300],
    ['1.5', 1.5],
    [0, unknown],
    [-5, unknown],
    [Number.NaN, unknown],
    ['soon', unknown],
    ['', unknown],
    ['1.2.3', unknown],
    ['.', unknown],
  ])('of expires_in %j is %s', (expiresIn, seconds) => {
    expect(lifetime({ expiresIn })).toBe(seconds);
  });

  test('of a JWT is exp - iat, whatever the clock of this device says', () => {
    expect(lifetime({ accessToken: jwt({ iat: 1_000, exp: 1_300 }) })).toBe(300);
    expect(lifetime({ accessToken: jwt({ iat: 1_000, exp: 1_300 }), expiresIn: 60 })).toBe(60);
    expect(lifetime({ accessToken: jwt({ iat: 1_000, exp: 1_300 }), expiresIn: 0 })).toBe(unknown);
  });

  test.each([
    [{ exp: 1_300 }],
    [{ iat: 1_000 }],
    [{ iat: 1_300, exp: 1_000 }],
    [{ iat: 1_000, exp: 1_000 }],
    [{ iat: 'then', exp: 1_300 }],
    [{ iat: null, exp: 1_300 }],
    [{ iat: 0, exp: 1_300 }],
    [{ iat: 1_000, exp: null }],
    [null],
    [['a']],
  ])('of a JWT that says %j is unknown', (payload) => {
    expect(lifetime({ accessToken: jwt(payload) })).toBe(unknown);
  });

  test('ends at the moment that was given, unless a new token had ended by then', () => {
    expect(lifetime({ expiresAt: NOW + 1, expiresIn: 60 })).toBe(0.001);
    expect(lifetime({ expiresAt: NOW, expiresIn: 60 })).toBe(60);
    expect(lifetime({ expiresAt: NOW - 1 })).toBe(unknown);
    expect(lifetime({ expiresAt: NOW - 1_000, expiresIn: 60 }, false)).toBe(-1);
    expect(lifetime({ expiresAt: Number.NaN, expiresIn: 60 }, false)).toBe(60);
  });
});

describe('the lifetime of the refresh token', () => {
  const ofRefresh = (input: object) => held({ expiresIn: 60, ...input }).tokens.refreshExpiresAt;

  test.each([
    ['in seconds, as Keycloak writes it', { refreshExpiresIn: 1_800 }, NOW + 1_800_000],
    ['in seconds, as others write it', { refreshTokenExpiresIn: '90' }, NOW + 90_000],
    ['as a moment, as it is stored', { refreshExpiresAt: NOW + 5 }, NOW + 5],
    ['with 0, as Keycloak writes it of one that never ends', { refreshExpiresIn: 0 }, undefined],
    ['not at all', {}, undefined],
  ])('is said %s', (_how, input, expected) => {
    expect(ofRefresh(input)).toBe(expected);
  });

  test('counts from when the request for it was sent, and the newer word wins', () => {
    expect(ofRefresh({ refreshExpiresIn: 10, refreshExpiresAt: NOW })).toBe(NOW + 10_000);
  });
});

describe('R11: a refresh', () => {
  const moments = ({ aheadAt, waitAt }: Held) => [(aheadAt - NOW) / 1_000, (waitAt - NOW) / 1_000];

  test.each([
    [3600, margins, [3540, 3590]],
    [100, margins, [75, 90]],
    [5, margins, [3.75, 4.5]],
    [3600, { refreshAhead: 0, leeway: 10_000 }, [3590, 3590]],
    [3600, { refreshAhead: 0, leeway: 0 }, [3600, 3600]],
    [3600, { refreshAhead: false, leeway: 10_000 }, [unknown, unknown]],
  ] as const)(
    'of a token of %i s with %j begins after, or is waited for after, %j s',
    (expiresIn, settings, after) => {
      expect(moments(held({ expiresIn }, true, settings))).toEqual(after);
    },
  );

  test('is never due where the lifetime is unknown', () => {
    expect(moments(held({}))).toEqual([unknown, unknown]);
  });

  test('is due at once for a token that had ended when it was handed in', () => {
    const late = held({ expiresAt: NOW - 10_000 }, false);
    expect([late.aheadAt < NOW, late.waitAt < NOW]).toEqual([true, true]);
  });

  test('is not needed for a wish beyond the lifetime of a token that was just issued', () => {
    const token = held({ expiresIn: 100 });
    expect([isValidFor(token, 50_000), isValidFor(token, 1e9), isValidFor(held({}), 1e9)]).toEqual([
      true,
      true,
      true,
    ]);
    vi.setSystemTime(NOW + 10_000);
    expect([isValidFor(token, 50_000), isValidFor(token, 1e9)]).toEqual([true, false]);
    vi.setSystemTime(NOW + 50_000);
    expect(isValidFor(token, 50_000)).toBe(false);
  });
});

const tokensOf = (accessToken: string, idToken?: string) => ({ accessToken, idToken, tokenType: 'Bearer' });

test('R8: the tokens speak of the subject of the ID token, and of that of a JWT access token', () => {
  expect(subjectsOf(tokensOf(jwt({ sub: 'a' }), jwt({ sub: 'i' })))).toEqual(['i', 'a']);
  expect(subjectsOf(tokensOf(jwt({ sub: 'a' }), jwt({})))).toEqual([undefined, 'a']);
  expect(subjectsOf(tokensOf('opaque'))).toEqual([undefined, undefined]);
});

test.each<[string, (string | undefined)[], (string | undefined)[], boolean]>([
  [
    'an access token that says the same, whatever the ID token said',
    ['pairwise', 'ann'],
    [undefined, 'ann'],
    false,
  ],
  ['another ID token', ['ann', undefined], ['bob', undefined], true],
  ['another access token', [undefined, 'ann'], [undefined, 'bob'], true],
  [
    'an access token of another than the ID token, where there is nothing alike',
    ['ann', undefined],
    [undefined, 'bob'],
    true,
  ],
  ['tokens that say nothing', ['ann', 'ann'], [undefined, undefined], false],
])('R8: after tokens of one, %s: told apart', (_what, before, after, expected) => {
  expect(areOthers(after, before)).toBe(expected);
});

// How long it takes stands in bench/hostile.mjs.
test('R10: a long text that is no number is no lifetime', () => {
  expect(lifetime({ expiresIn: `${'1'.repeat(50_000)}x` })).toBe(unknown);
});
