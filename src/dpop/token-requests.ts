/** Signs token requests, and has the tokens of their answers bound to the key (RFC 9449 §5, §8). */

import { ownMembers } from '../own.ts';
import type { Fetch } from '../types.ts';
import type { Key, Tokens } from './keys.ts';
import { createProver } from './proof.ts';

/**
 * The members of an answer in JSON, of which 1 MB is read at most, counted after decompression (R37). What is no JSON,
 * or longer, asks for nothing and holds no tokens.
 */
function membersOf(answer: Response): Promise<Tokens & { error?: unknown }> {
  let left = 1_000_000;
  const limit = new TransformStream<Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      left -= chunk.length;
      if (left > 0) controller.enqueue(chunk);
      else controller.terminate();
    },
  });
  return new Response(answer.body?.pipeThrough(limit)).json().then(ownMembers, () => ({}));
}

/** Answers a `fetch` that signs each request with the key chosen for it. */
export type Sign = (fetch: Fetch, choose: (request: Request) => Promise<Key>) => Fetch;

/** @param bind - Is told what a good answer holds, before anybody uses it: so every tab finds the key. */
export function createSign(bind: (key: Key, answer: Tokens) => Promise<unknown>): Sign {
  const [prove, nonceOf] = createProver();
  return (fetch, choose) => async (input, init) => {
    const request = new Request(input, init);
    const key = await choose(request);
    for (let isRetry = false; ; isRetry = true) {
      const copy = request.clone();
      copy.headers.set('dpop', await prove(key.pair, copy));
      // With the fields that a Request does not know, such as `dispatcher`; no body there means that of the Request.
      // A redirect would take the refresh token elsewhere.
      const response = await fetch(copy, {
        ...init,
        body: null,
        headers: copy.headers,
        redirect: copy.redirect === 'manual' ? 'manual' : 'error',
      });
      nonceOf(request, response);
      const answer = await membersOf(response.clone());
      // The retries of its caller know nothing of it.
      if (isRetry || answer.error !== 'use_dpop_nonce') {
        if (response.ok) await bind(key, answer);
        return response;
      }
    }
  };
}
