/** A server's answer, read to its end, but no further than anybody needs (R37). */
import { ownMembers } from '../own.ts';

/**
 * The body as a text: 1 MB of it, after decompression; keys, metadata and tokens are a hundredth of that. Of what is
 * longer the rest is not read, and what stands for it is no JSON, so nobody understands it.
 */
export async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  // React Native has no streams.
  if (!reader) return response.text();
  const decoder = new TextDecoder();
  let text = '';
  for (let left = 1_000_000; left >= 0; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    left -= value.length;
    text += decoder.decode(value, { stream: true });
  }
  reader.cancel().catch(() => {});
  return 'more than 1 MB';
}

/**
 * oauth4webapi refuses what says nothing: null, an empty text, a scope or an ID token that is no text, and a lifetime
 * that is none (R10). A rotated token would be lost.
 */
const isSaid = ([name, value]: [string, unknown]): boolean =>
  (value ?? '') !== '' &&
  (name !== 'expires_in' || ((value as number) > 0 && (value as number) < 1 / 0)) &&
  (!/^(scope|id_token)$/.test(name) || typeof value === 'string');

/** What was read, as oauth4webapi takes it: what is missing in its JSON is missing. What a member holds stays as it is. */
export function answerOf({ status, headers }: Response, text: string): Response {
  // Browsers show nothing of a redirect, not even its status.
  const answer = new Response(text || null, ownMembers({ status: status || 302, headers }));
  return Object.assign(answer, {
    json: async () => ownMembers(Object.fromEntries(Object.entries(JSON.parse(text)).filter(isSaid))),
  });
}
