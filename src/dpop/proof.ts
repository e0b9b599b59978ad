/** Makes keys and the proofs they sign (RFC 9449 §4.2). */
import { calculateThumbprint, generateKeyPair, generateProof } from 'dpop';

export type Algorithm = 'ES256' | 'Ed25519' | 'RS256' | 'PS256';

/** What a proof is made for; `token` is that of a request to a resource server. */
export interface ProofOptions {
  readonly method: string;
  readonly url: string;
  readonly nonce: string | undefined;
  readonly token?: string;
}

/** The private key cannot be exported. */
export const createKeyPair = (algorithm: Algorithm): Promise<CryptoKeyPair> => generateKeyPair(algorithm);

/** Good for one request, which has to be sent at once: it carries the time and an id of its own. */
export function createProof(
  pair: CryptoKeyPair,
  { method, url, nonce, token }: ProofOptions,
): Promise<string> {
  // Without query and fragment.
  const { origin, pathname } = new URL(url);
  return generateProof(pair, origin + pathname, method, nonce, token);
}

/** RFC 7638. */
export const thumbprintOf = ({ publicKey }: CryptoKeyPair): Promise<string> => calculateThumbprint(publicKey);
