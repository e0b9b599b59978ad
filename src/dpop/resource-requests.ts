/** Puts token and proof on requests to resource servers, and hears which nonce they ask for (RFC 9449 §7, §9). */
import type { Attach, AttachRequest, TokenSet } from '../types.ts';
import { asksForNonce, createNonces } from './nonces.ts';
import { createProof } from './proof.ts';

export interface ResourceRequests extends Attach {
  readonly tokenTypes: readonly ['dpop'];
  headers(request: AttachRequest): Promise<{ Authorization: string; DPoP: string }>;
  onResponse(response: Response, request: AttachRequest): 'retry' | undefined;
}

/** @param pairOf - The key that tokens are bound to. */
export function createResourceRequests(
  pairOf: (tokens: TokenSet) => Promise<CryptoKeyPair>,
): ResourceRequests {
  const nonces = createNonces();
  /** The nonce that a request was sent with; `null`: it was sent a second time. */
  const sent = new WeakMap<AttachRequest, string | undefined | null>();
  return {
    tokenTypes: ['dpop'],
    async headers(request) {
      const { method, url, tokens } = request;
      const token = tokens.accessToken;
      const pair = await pairOf(tokens);
      const nonce = nonces.of(url);
      sent.set(request, sent.has(request) ? null : nonce);
      return { Authorization: `DPoP ${token}`, DPoP: await createProof(pair, { method, url, nonce, token }) };
    },
    onResponse(response, request) {
      // What another server says is not for this one.
      if (response.redirected) return undefined;
      const nonce = nonces.take(response, request.url);
      if (response.status !== 401) return undefined;
      const challenge = response.headers.get('www-authenticate');
      if (challenge) return asksForNonce(challenge) ? 'retry' : undefined;
      // Hidden by CORS: a nonce that was not known says enough, once; then it is the token that is refused.
      const was = sent.get(request);
      return nonce && was !== null && nonce !== was ? 'retry' : undefined;
    },
  };
}
