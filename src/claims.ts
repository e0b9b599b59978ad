/** Claims of a JWT: hints, and no proof of anything, because nobody checks the signature. */
import { jwtDecode } from 'jwt-decode';
import { kindOf } from './check.ts';
import { ownMembers } from './own.ts';
import type { IdTokenClaims, TokenSet } from './types.ts';

/** An opaque token, or a payload that is no object, has none. */
export function readClaims(token: string): Record<string, unknown> {
  try {
    const claims = jwtDecode<Record<string, unknown>>(token);
    return ownMembers(kindOf(claims) === 'object' ? claims : null);
  } catch {
    return ownMembers<Record<string, unknown>>(null);
  }
}

/**
 * The claims of the ID token, to show a name or a picture. They prove nothing: nobody has checked the signature.
 *
 * @returns An empty object where there is no ID token, or one that is no JWT.
 *
 * @example
 * import { claimsOf } from 'evertoken';
 *
 * const { name = 'you' } = claimsOf(auth.tokens);
 */
export const claimsOf = (tokens: TokenSet | undefined): IdTokenClaims => readClaims(tokens?.idToken ?? '');
