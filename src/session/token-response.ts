/** Reads an answer that should hold tokens, once, at the edge; what comes out of here is trusted. */
import { kindOf } from '../check.ts';
import { TokenError } from '../errors.ts';
import { memberOf, ownMembers } from '../own.ts';
import type { TokenSet, TokenSetInput } from '../types.ts';

/** Where tokens of a type that `attach` does not serve are served. */
function adviceOn(tokenType: unknown, tokenTypes: readonly string[]): string {
  if (typeof tokenType === 'string' && /^dpop$/i.test(tokenType)) return '; see evertoken/dpop';
  return tokenTypes.includes('bearer') ? '; see bearer({ scheme })' : '';
}

/**
 * Normalises a token response (RFC 6749 §5.1), in snake_case or camelCase. What it leaves out is kept from
 * `previous` (RFC 6749 §6).
 *
 * @throws {@link TokenError} `invalid-token-response`.
 */
export function readTokenResponse(
  answer: unknown,
  tokenTypes: readonly string[],
  previous: Partial<TokenSet> = ownMembers({ tokenType: 'Bearer' }),
): TokenSetInput {
  const check = (passes: unknown, what: string, value: unknown, expected: string) => {
    const message = `invalid token response: ${what} is ${kindOf(value)}; expected ${expected}`;
    if (!passes) throw new TokenError('invalid-token-response', { message });
  };
  check(kindOf(answer) === 'object', 'it', answer, 'object');
  if (__DEVELOPMENT__) {
    const has = (name: string) => typeof memberOf(answer, name) === 'function';
    // A Response, whose body nobody has read; a promise that nobody has waited for.
    check(!has('json'), 'it', answer, 'its body: await response.json()');
    check(!has('then'), 'it', answer, 'what it resolves to: await it');
  }
  const members = ownMembers<Record<string, unknown>>({});
  for (const [name, value] of Object.entries(answer as object)) {
    // Not `expires_at`: where servers send it, it is in seconds, and by their clock.
    members[name.replace(/_(?!at$)(.)/g, (_match, letter) => letter.toUpperCase())] ??= value;
  }
  const { refreshToken, idToken } = members;
  // When a refresh token expires is known of the one that is kept, too.
  if (!refreshToken || refreshToken === previous.refreshToken)
    members['refreshExpiresAt'] ??= previous.refreshExpiresAt;
  // A new one replaces the old one; none keeps it.
  for (const name of ['refreshToken', 'idToken', 'scope'] as const) {
    if (kindOf(members[name]) !== 'string') members[name] = previous[name];
  }
  members['accessToken'] ??= idToken;
  members['tokenType'] ??= previous.tokenType;
  const { accessToken, tokenType } = members;
  // Printable ASCII (RFC 6749 appendix A.12): fetch would quote anything else in its error.
  const isToken = typeof accessToken === 'string' && /^[ -~]+$/.test(accessToken);
  check(isToken, 'access_token', accessToken, 'printable string');
  check(typeof (refreshToken ?? '') === 'string', 'refresh_token', refreshToken, 'string');
  const isServed = typeof tokenType === 'string' && tokenTypes.includes(tokenType.toLowerCase());
  check(
    isServed,
    'token_type',
    tokenType,
    `${tokenTypes}, as attach serves${__DEVELOPMENT__ ? adviceOn(tokenType, tokenTypes) : ''}`,
  );
  return members as Partial<TokenSetInput> as TokenSetInput;
}
