/** A copy of an answer for a callback of the app, of which no more than 1 MB is kept (R20, R37, R40). */

/** Events that go on for ever: nobody may read them but the caller. */
export const isEventStream = ({ headers }: Response): boolean =>
  /^text\/event-stream\b/i.test(headers.get('content-type') ?? '');

/** What is longer ends there. The response itself stays whole. */
export function boundedCopy(response: Response): Response {
  const copy = response.clone();
  const { body } = copy;
  // React Native shows none.
  if (!body || !globalThis.TransformStream) return copy;
  const { url, redirected } = response;
  let left = 1 << 20;
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk.subarray(0, left));
      left -= chunk.byteLength;
      if (left <= 0) controller.terminate();
    },
  });
  const bounded = new Response(body.pipeThrough(limit), response);
  return Object.defineProperties(bounded, { url: { value: url }, redirected: { value: redirected } });
}

/** Nobody reads the body. Not awaited: of two copies that ends when both are cancelled. */
export const discard = (response: Response): void => void response.body?.cancel().catch(() => {});
