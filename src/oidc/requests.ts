/** How requests leave: answers are read whole, lost ones asked for again, and what a server refuses is told without a secret. */
import type { Fetch } from '../types.ts';
import { OidcError } from './oidc-error.ts';
import { pause } from './page.ts';

/** RFC 6749 §5.2, whatever the status (R35). Nothing but `error` is told: a description may quote a token. */
async function check(response: Response): Promise<Response> {
  const { ok, status, headers } = response;
  const body = (await response
    .clone()
    .json()
    .catch(() => {})) as { error?: unknown } | null | undefined;
  const error = /^[a-z_]+$/.exec(`${body?.error ?? ''}`)?.[0];
  if (ok && !error) return response;
  const after = headers.get('retry-after');
  const retryAt = (after && (Date.now() + +after * 1_000 || Date.parse(after))) || undefined;
  throw new OidcError('token-request-refused', `the server answered ${status} ${error ?? ''}`, {
    status,
    error,
    retryAt,
  });
}

/** An answer that breaks off is a lost one. */
export const sendOver =
  (fetch: Fetch, more?: RequestInit): Fetch =>
  async (input, init) => {
    try {
      const response = await fetch(input, { ...init, ...more });
      await response.clone().text();
      return response;
    } catch {
      throw new OidcError('unreachable', `${input} could not be reached`);
    }
  };

/**
 * For requests that a server may refuse. A lost answer is asked for again at once, while a server with a reuse interval
 * still gives it, and 5xx after a moment; a server that says `Retry-After` is left alone.
 */
export const insistOn =
  (fetch: Fetch, attempts: number): Fetch =>
  async (input, init) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await check(await fetch(input, init));
      } catch (error) {
        const { status = 500, retryAt } = error as OidcError;
        if (attempt === attempts || status < 500 || retryAt) throw error;
        await pause(300 * attempt - 300);
      }
    }
  };
