/** A copy of an answer for a callback of the app, of which no more than 1 MB is kept (R20, R37, R40). */

import { ownMembers } from '../own.ts';

/** Events that go on for ever: nobody may read them but the caller. */
export const isEventStream = ({ headers }: Response): boolean =>
  /^text\/event-stream\b/i.test(headers.get('content-type') ?? '');

/**
 * What is longer ends there. The response itself stays whole.
 *
 * @returns The copy, and what ends it, also while somebody reads it: until then cancelling the response ends nothing.
 */
export function boundedCopy(response: Response): [copy: Response, release: () => void] {
  const copy = response.clone();
  // React Native shows none.
  const reader = copy.body?.getReader?.();
  if (!reader) return [copy, () => {}];
  const { url, redirected } = response;
  const release = () => void reader.cancel().catch(() => {});
  let left = 1 << 20;
  const body = new ReadableStream<Uint8Array>(
    ownMembers({
      async pull(controller: ReadableStreamDefaultController) {
        const { value } = await reader.read();
        if (value && left) controller.enqueue(value.subarray(0, left));
        left -= Math.min(left, value?.byteLength ?? left);
        if (left) return;
        controller.close();
        release();
      },
      cancel: release,
    }),
    ownMembers({ highWaterMark: 0 }),
  );
  const bounded = new Response(body, response);
  Object.defineProperties(bounded, { url: { value: url }, redirected: { value: redirected } });
  return [bounded, release];
}

/** Nobody reads the body. Not awaited: of two copies that ends when both are cancelled. */
export const discard = (response: Response): void => void response.body?.cancel().catch(() => {});
