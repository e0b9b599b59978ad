/** A server's answer, read to its end, but no further than anybody needs (R37). */
import { ownOf } from './own.ts';

/** Bytes, after decompression: keys, metadata and tokens are a hundredth of it. */
const MOST = 1_000_000;

/** The body as a text; `undefined`: it is too long, and the rest of it is not read. */
export async function readText(response: Response): Promise<string | undefined> {
  const reader = response.body?.getReader();
  // React Native has no streams.
  if (!reader) return response.text();
  const decoder = new TextDecoder();
  let text = '';
  for (let size = 0; size <= MOST; ) {
    const { done, value = new Uint8Array() } = await reader.read();
    size += value.length;
    text += decoder.decode(value, { stream: !done });
    if (done) return text;
  }
  reader.cancel().catch(() => {});
  return undefined;
}

/** What was read, as oauth4webapi takes it: what is missing in its JSON is missing. */
export function answerOf({ status, headers }: Response, text: string): Response {
  // Browsers show nothing of a redirect, not even its status.
  const answer = new Response(text || null, ownOf({ status: status || 302, headers }));
  return Object.assign(answer, { json: async () => ownOf(JSON.parse(text)) });
}
