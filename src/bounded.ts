/** Reads the body of an answer, but not more of it than is good (R37). */

/**
 * The text of a body, as `text()` gives it.
 *
 * @param limit - In bytes.
 * @returns `undefined` where there is more; the rest is cancelled, and nobody waits for that.
 */
export async function textOf(response: Response, limit = 1_000_000): Promise<string | undefined> {
  const { body } = response;
  let text = '';
  // React Native hands an answer over when all of it is there; an old jsdom has no decoder.
  if (!body?.getReader || !globalThis.TextDecoder) {
    text = await response.text();
    return text.length > limit ? undefined : text;
  }
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (let size = 0; ; ) {
    const { done, value } = await reader.read();
    size += value?.length ?? 0;
    if (size > limit) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    text += decoder.decode(value, { stream: !done });
    if (done) return text;
  }
}
