/** Work that may be over before it is done. */

/**
 * The outcome of `work`; or, as soon as there is one, the reason of `signal`, or what `end` was called with. In any case
 * what runs under the signal that `work` was given is over then.
 */
export async function endable<T>(
  signal: AbortSignal | undefined,
  work: (own: AbortSignal, end: (reason: unknown) => void) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const own = controller.signal;
  const over = new Promise<never>((_, reject) => {
    own.onabort = () => reject(own.reason);
  });
  const end = (reason?: unknown) => controller.abort(reason);
  const abort = () => end(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  try {
    return await Promise.race([over, own.aborted ? over : work(own, end)]);
  } finally {
    signal?.removeEventListener('abort', abort);
    end();
  }
}
