/** The nonces that servers hand out for proofs, each for its own origin (RFC 9449 §8, §9). */

export interface Nonces {
  /** The newest one for this URL. */
  of(url: string): string | undefined;
  /** Takes what an answer brings, if it does: any may (RFC 9449 §8.2). */
  take(response: Response, url: string): string | undefined;
}

export function createNonces(): Nonces {
  const byOrigin = new Map<string, string>();
  return {
    of: (url) => byOrigin.get(new URL(url).origin),
    take({ headers }, url) {
      const nonce = headers.get('dpop-nonce') ?? undefined;
      if (nonce) byOrigin.set(new URL(url).origin, nonce);
      return nonce;
    },
  };
}

/**
 * Whether `WWW-Authenticate` asks for a nonce: a challenge of the scheme `DPoP` with `error="use_dpop_nonce"`
 * (RFC 9449 §9). Quoted texts are taken out first, for they may hold anything.
 */
export const asksForNonce = (header: string): boolean =>
  /(?:^|,)\s*dpop\s+(?:[^\s,=]+\s*=\s*[^\s,]+\s*,\s*)*error\s*=\s*use_dpop_nonce\s*(?:,|$)/i.test(
    header.replace(/"((?:[^"\\]|\\.)*)"/g, (_, text) => (text === 'use_dpop_nonce' ? text : '-')),
  );
