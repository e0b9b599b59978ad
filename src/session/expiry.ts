/** When a token expires, and from when on it should be replaced. */

import { readClaims } from '../claims.ts';
import { ownMembers } from '../own.ts';
import type { TokenSet, TokenSetInput } from '../types.ts';

/** Tokens together with the moments that follow from their lifetime (milliseconds since the epoch). */
export interface Held {
  readonly tokens: TokenSet;
  readonly issuedAt: number;
  /** Infinity: unknown. */
  readonly expiresAt: number;
  /** From here on a refresh starts in the background. */
  readonly aheadAt: number;
  /** From here on a request waits for the refresh. */
  readonly waitAt: number;
}

/** Checks what should be tokens, and works out their moments; what is left out is kept from `previous`. */
export type Accept = (answer: unknown, issuedAt: number, previous?: TokenSet | undefined) => Held;

const forever = 1 / 0;

/** Seconds or a moment, as a number or a string of digits; whatever else says nothing. */
const positive = (value: unknown): number | undefined =>
  (typeof value !== 'object' && /^\d+(\.\d+)?$/.test(`${value}`) && Number(value)) || undefined;

/** A moment in ms: seconds where it can be nothing else, a Date, or ISO 8601. */
function momentOf(value: unknown): number | undefined {
  const isText = /^\d{4}-\d\d-\d\d/.test(`${value}`);
  const date = isText ? Date.parse(`${value}`) : (value as Date | undefined)?.getTime?.();
  const moment = positive(date ?? value);
  return moment && date === undefined && moment < 1e11 ? moment * 1_000 : moment;
}

/**
 * Freezes tokens and works out their moments. The lifetime is `expires_in` (RFC 6749 §5.1), else `exp - iat` of a
 * JWT, never `exp` against this device's clock, which may be wrong. `refreshAhead` is at most a quarter of it and
 * `leeway` at most a tenth, so that a token that lives shorter than they are is used all the same.
 *
 * @param isNew - Whether a refresh or a capture brought them, so that they were issued just now.
 */
export function hold(
  given: TokenSetInput & {
    expires_at?: unknown;
    refreshExpiresIn?: unknown;
    refreshTokenExpiresIn?: unknown;
  },
  issuedAt: number,
  { refreshAhead, leeway }: { refreshAhead: number | false; leeway: number },
  isNew?: unknown,
): Held {
  const { accessToken, tokenType, refreshToken, idToken, scope, expiresIn } = given;
  const { exp, iat } = expiresIn == null ? readClaims(accessToken) : {};
  const hint = positive(iat) && positive((exp as number) - (iat as number));
  const lifetime = positive(expiresIn) ?? hint ?? forever;
  // On the wire `expires_in` wins: the server's clock may differ. Handed in, the moment does.
  const said =
    momentOf(given.expiresAt) ?? (positive(expiresIn) ? undefined : momentOf(given.expires_at)) ?? 0;
  // A new token that seems to have ended already was judged by another clock.
  const end = said > (isNew ? issuedAt : 0) ? said : issuedAt + lifetime * 1_000;
  // Not in the standard: Keycloak says it one way, others the other.
  const refreshLife = positive(given.refreshExpiresIn ?? given.refreshTokenExpiresIn);
  const all = {
    ...{ accessToken, tokenType, expiresAt: positive(end), refreshToken, idToken, scope },
    refreshExpiresAt: refreshLife ? issuedAt + refreshLife * 1_000 : momentOf(given.refreshExpiresAt),
  };
  const tokens = Object.fromEntries(Object.entries(all).filter(([, value]) => value));
  const judged = refreshAhead === false ? forever : end;
  const life = judged - issuedAt;
  const waitAt = judged - Math.min(leeway, life / 10);
  const aheadAt = Math.min(waitAt, judged - Math.min(Number(refreshAhead), life / 4));
  // `fromEntries` knows no names; whoever calls has checked that there is an access token.
  return {
    tokens: Object.freeze(ownMembers(tokens) as unknown as TokenSet),
    issuedAt,
    expiresAt: end,
    aheadAt,
    waitAt,
  };
}

/**
 * Whether the token is good for `minValidity` more milliseconds. A wish beyond nine tenths of the lifetime
 * counts as just that, so that a token that was just issued always serves.
 */
export const isValidFor = ({ issuedAt, expiresAt }: Held, minValidity: number): boolean =>
  Date.now() < expiresAt - Math.min(minValidity, (expiresAt - issuedAt) * 0.9);

/** Whom the tokens speak of: `sub` of the ID token, and of a JWT access token, which may be another one. */
export const subjectsOf = ({ idToken = '', accessToken }: TokenSet): unknown[] =>
  [idToken, accessToken].map((token) => readClaims(token)['sub']);

/** Whether they are somebody else's: like is compared with like where both have it. */
export function areOthers(a: readonly unknown[], b: readonly unknown[]): boolean {
  const pairs = [
    [a[0], b[0]],
    [a[1], b[1]],
    [a[0] ?? a[1], b[0] ?? b[1]],
  ];
  const [one, two] = pairs.find(([one, two]) => one && two) ?? [];
  return one !== two;
}
