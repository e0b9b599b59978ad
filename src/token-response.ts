/** Reads an answer that should hold tokens, once, at the edge; what comes out of here is trusted. */
import { kindOf } from './check.ts';
import { TokenError } from './errors.ts';
import type { TokenSet, TokenSetInput } from './types.ts';

/**
 * Normalises a token response (RFC 6749 §5.1), in snake_case or camelCase. What it leaves out is kept from
 * `previous` (RFC 6749 §6).
 *
 * @throws {@link TokenError} `invalid-token-response`.
 */
export function readTokenResponse(
  answer: unknown,
  tokenTypes: readonly string[],
  previous?: TokenSet | undefined,
): TokenSetInput {
  const refuse = (what: string, value: unknown, expected: string): never => {
    const message = `invalid token response: ${what} is ${kindOf(value)}; expected ${expected}`;
    throw new TokenError('invalid-token-response', { message });
  };
  if (kindOf(answer) !== 'object') return refuse('it', answer, 'object');
  const {
    id_token,
    idToken = id_token,
    access_token,
    accessToken = access_token ?? idToken,
    token_type,
    tokenType = token_type,
    refresh_token,
    refreshToken = refresh_token,
    expires_in,
    expiresIn = expires_in,
    expiresAt,
    scope,
  } = answer as Record<string, unknown>;
  const type = tokenType ?? previous?.tokenType ?? 'Bearer';
  // Printable ASCII (RFC 6749 appendix A.12): fetch would quote anything else in its error.
  if (typeof accessToken !== 'string' || !/^[\x20-\x7e]+$/.test(accessToken)) {
    return refuse('access_token', accessToken, 'printable string');
  }
  if (!/^(string|empty|null|undefined)$/.test(kindOf(refreshToken))) {
    return refuse('refresh_token', refreshToken, 'string');
  }
  if (!tokenTypes.includes(`${type}`.toLowerCase())) {
    return refuse('token_type', type, `${tokenTypes.join(' or ')}, which the option attach serves`);
  }
  const text = (value: unknown) => (typeof value === 'string' && value ? value : undefined);
  return {
    accessToken,
    tokenType: `${type}`,
    expiresIn: expiresIn as number,
    expiresAt: expiresAt as number,
    refreshToken: text(refreshToken) ?? previous?.refreshToken,
    idToken: text(idToken) ?? previous?.idToken,
    scope: text(scope) ?? previous?.scope,
  };
}
