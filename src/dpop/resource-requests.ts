/** Puts token and proof on requests to resource servers, and hears which nonce they ask for (RFC 9449 §7, §9). */
import type { Attach, AttachRequest, TokenSet } from '../types.ts';
import type { Key } from './keys.ts';
import { createProver } from './proof.ts';

/**
 * How `WWW-Authenticate` asks for a nonce: with a challenge of the scheme `DPoP` with `error="use_dpop_nonce"`, quoted
 * or as a token (RFC 9110 §11.2). Within a quoted text quotes are escaped, so none is taken for the quoted one.
 */
const asksForNonce = (challenge: string): boolean =>
  // One after the other: together they would take the square of a long header's time (R20).
  /\berror *= *"?use_dpop_nonce\b/i.test(`${/\bdpop .*/i.exec(challenge)}`);

export interface ResourceRequests extends Attach {
  onResponse: NonNullable<Attach['onResponse']>;
}

/** @param keyOf - The key that tokens are bound to. */
export function createResourceRequests(
  keyOf: (tokens: TokenSet) => Promise<Pick<Key, 'pair'>>,
): ResourceRequests {
  const [prove, nonceOf] = createProver();
  /** The nonce that a request was sent with; `true`: it was sent a second time. */
  const sent = new WeakMap<AttachRequest, string | undefined | boolean>();
  return {
    tokenTypes: ['dpop'],
    async headers(request) {
      const { tokens } = request;
      const { pair } = await keyOf(tokens);
      sent.set(request, sent.has(request) || nonceOf(request));
      return {
        authorization: `DPoP ${tokens.accessToken}`,
        DPoP: await prove(pair, request, tokens.accessToken),
      };
    },
    onResponse(response, request) {
      const nonce = nonceOf(request, response);
      const challenge = response.headers.get('www-authenticate');
      const was = sent.get(request);
      // Hidden by CORS: a nonce that was not known says enough, once; then it is the token that is refused.
      const isAsked = challenge ? asksForNonce(challenge) : nonce && was !== true && nonce !== was;
      return response.status === 401 && isAsked ? 'retry' : undefined;
    },
  };
}
