/** Sends token requests with a proof, and notes which key their answers are bound to (RFC 9449 §5, §8). */
import type { Fetch } from '../types.ts';
import type { Bindings, Choice, Token } from './bindings.ts';
import { createNonces } from './nonces.ts';
import { createProof } from './proof.ts';

/** What an answer of the token endpoint, or of a `refresh`, calls its tokens. */
export function tokensOf(answer: object): Token[] {
  const named = answer as Record<string, Token>;
  const access = named['access_token'] ?? named['accessToken'] ?? named['id_token'] ?? named['idToken'];
  return [access, named['refresh_token'] ?? named['refreshToken']];
}

async function readJson(response: Response): Promise<{ error?: unknown }> {
  try {
    return Object(await response.clone().json());
  } catch {
    return {};
  }
}

/** Answers a `fetch` whose POSTs are signed with the key that `choose` names when it is told their body. */
export type Sign = (fetch: Fetch, choose: (body: string) => Promise<Choice>) => Fetch;

export function createSign(bindings: Pick<Bindings, 'bind'>): Sign {
  const nonces = createNonces();

  /** Sends once more when the server asks for a nonce: no failure, and its caller's retries know nothing of it. */
  async function post(fetch: Fetch, request: Request, init: RequestInit, pair: CryptoKeyPair) {
    const { url, method } = request;
    for (let isRetry = false; ; isRetry = true) {
      const copy = request.clone();
      copy.headers.set('DPoP', await createProof(pair, { method, url, nonce: nonces.of(url) }));
      const response = await fetch(copy, { ...init, redirect: 'error' });
      const nonce = nonces.take(response, url);
      const answer = await readJson(response);
      // Without a nonce, or with one that CORS hides, it would be refused again.
      if (isRetry || !nonce || response.ok || answer.error !== 'use_dpop_nonce') return { response, answer };
      response.body?.cancel().catch(() => {});
    }
  }

  return (fetch, choose) => async (input, init) => {
    const request = new Request(input, init);
    // Fields that a Request does not know, such as `dispatcher`, are handed on.
    const { body, headers, ...others } = init ?? {};
    if (request.method !== 'POST') return fetch(request, others);
    const choice = await choose(await request.clone().text());
    const { response, answer } = await post(fetch, request, others, choice.pair);
    // Before anybody uses them, so that every tab finds their key.
    if (response.ok) await bindings.bind(choice, tokensOf(answer));
    return response;
  };
}
