/** What the ID token says of the user: hints to show, and no proof of anything, because nobody checks the signature. */
import type { IdTokenClaims } from '../types.ts';

/** What each new token says anew, and nothing of the user. The last three are Entra's. */
const ofTheToken = /^(iat|exp|nbf|jti|nonce|\w+_hash|uti|aio|rh)$/;

/** In one order, so that the same claims are the same text. A token that is no JWT has none. */
export function claimsOfUser(idToken: string | undefined): IdTokenClaims {
  try {
    const payload = (idToken as string).split('.')[1] as string;
    const bytes = atob(payload.replace(/-/g, '+').replace(/_/g, '/'));
    // Bytes of UTF-8, and there are platforms without `TextDecoder`.
    const claims = Object.entries<unknown>(JSON.parse(decodeURIComponent(escape(bytes))));
    return Object.fromEntries(claims.filter(([name]) => !ofTheToken.test(name)).sort());
  } catch {
    return {};
  }
}
