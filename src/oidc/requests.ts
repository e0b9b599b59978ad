/** How requests leave: answers are read whole, lost ones asked for again, and what a server refuses is told without a secret. */
import type { Fetch } from '../types.ts';
import { attempt } from './attempt.ts';
import { OidcError } from './oidc-error.ts';
import { pause } from './page.ts';

/** RFC 6749 §5.2, whatever the status (R35). Nothing but `error` is told: a description may quote a token. */
function refusalIn({ ok, status, headers }: Response, text: string): OidcError | undefined {
  const body: { error?: unknown } | null | undefined = attempt(() => JSON.parse(text));
  const error = /^[a-z_]+$/.exec(`${body?.error ?? ''}`)?.[0];
  if (ok && !error) return undefined;
  const after = headers.get('retry-after');
  const retryAt = (after && (Date.now() + +after * 1_000 || Date.parse(after))) || undefined;
  return new OidcError('token-request-refused', `${status} ${error ?? ''}`, { status, error, retryAt });
}

/**
 * A lost answer, or one that breaks off, is asked for again at once, while a server with a reuse interval still gives
 * it, and 5xx after a moment; a server that says `Retry-After` is left alone.
 *
 * @param attempts - 0: once, and what the answer says is the caller's business.
 */
export const insistOn =
  (fetch: Fetch, attempts: number, more?: RequestInit) =>
  async (input: string, init: object): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      let error: OidcError | undefined;
      try {
        const response = await fetch(input, { ...init, ...more });
        const text = await response.clone().text();
        error = attempts ? refusalIn(response, text) : undefined;
        if (!error) return response;
      } catch {
        error = new OidcError('unreachable', input);
      }
      const { status = 500, retryAt } = error;
      if (attempt >= attempts || status < 500 || retryAt) throw error;
      if (attempt > 1) await pause(300);
    }
  };
