/** How requests leave: lost answers are asked for again, answers are read whole, and what a server refuses is told without a secret. */
import type { Fetch } from '../types.ts';
import { answerOf, readText } from './answer.ts';
import { attempt } from './attempt.ts';
import { nameOf, OidcError } from './oidc-error.ts';
import { ownOf } from './own.ts';
import { pause } from './page.ts';

const HOUR = 3_600_000;

/** When `Retry-After` (seconds, or a date) lets us come again: in an hour at most (R35). */
function retryAtOf(headers: Headers): number | undefined {
  const after = headers.get('retry-after') ?? '';
  const at = /^\d+$/.test(after) ? Date.now() + +after * 1_000 : Date.parse(after);
  return at > Date.now() ? Math.min(at, Date.now() + HOUR) : undefined;
}

/** RFC 6749 §5.2, whatever the status (R35). Nothing but `error` is told: a description may quote a token. */
function refusalIn({ ok, status, headers }: Response, text: string): OidcError | undefined {
  const body: { error?: unknown } = ownOf(attempt(() => JSON.parse(text)));
  const error = /^[a-z_]+$/.exec(`${body.error ?? ''}`)?.[0];
  if (ok && !error) return undefined;
  const said = `the server answered ${status} ${error ?? ''}`.trim();
  return new OidcError('token-request-refused', said, { status, error, retryAt: retryAtOf(headers) });
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
    const step = attempts ? 'invalid-token-response' : 'server-metadata';
    for (let attempt = 1; ; attempt++) {
      let error: OidcError | undefined;
      try {
        const response = await fetch(input, ownOf({ ...init, ...more }));
        const text = await readText(response);
        // It would be as long the next time.
        if (text === undefined) throw new OidcError(step, `${input} answered more than 1 MB`);
        error = attempts ? refusalIn(response, text) : undefined;
        if (!error) return answerOf(response, text);
      } catch (thrown) {
        error =
          thrown instanceof OidcError ? thrown : new OidcError('unreachable', `${input} (${nameOf(thrown)})`);
      }
      const { code, status = code === 'unreachable' ? 500 : 0, retryAt } = error;
      if (attempt >= attempts || status < 500 || retryAt || (init as RequestInit).signal?.aborted)
        throw error;
      if (attempt > 1) await pause(300);
    }
  };
