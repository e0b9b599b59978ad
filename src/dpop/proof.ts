/** Makes proofs, with the nonces that servers ask for (RFC 9449 §4.2, §8, §9). */
import { calculateThumbprint, generateKeyPair, generateProof } from 'dpop';

export { calculateThumbprint, generateKeyPair };

/** A proof is good for one request, which has to be sent at once: it carries the time and an id of its own. */
export type Prove = (
  pair: CryptoKeyPair,
  request: { method: string; url: string },
  token?: string,
) => Promise<string>;

/** The newest nonce of the request's origin; an answer may bring it, any may (§8.2). */
export type NonceOf = (request: { url: string }, response?: Response) => string | undefined;

/** For token requests and for resource requests one each: a server may be both, and its nonces are not mixed. */
export function createProver(): [prove: Prove, nonceOf: NonceOf] {
  const nonces = new Map<string, string>();
  const nonceOf: NonceOf = ({ url }, response) => {
    const { origin } = new URL(url);
    const nonce = response?.headers.get('dpop-nonce');
    if (nonce) nonces.set(origin, nonce);
    return nonces.get(origin);
  };
  const prove: Prove = (pair, request, token) =>
    // Without query and fragment.
    generateProof(pair, request.url.replace(/[?#].*/s, ''), request.method, nonceOf(request), token);
  return [prove, nonceOf];
}
