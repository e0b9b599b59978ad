/** How requests leave: lost answers are asked for again, answers are read whole, and what a server refuses is told without a secret. */

import { ownMembers } from '../own.ts';
import { isBusy, retryAtOf } from '../retry-after.ts';
import type { Fetch } from '../types.ts';
import { answerOf, readText } from './answer.ts';
import { attempt } from './attempt.ts';
import { nameOf, OidcError } from './oidc-error.ts';
import { pause } from './page.ts';

/** What a refusal tells, beside its words. */
const detailsOf = (response: Response) => ({
  status: response.status,
  retryAt: retryAtOf(response) || undefined,
});

/** RFC 6749 §5.2, whatever the status (R35). Nothing but `error` is told: a description may quote a token. */
function refusalIn(response: Response, text: string): OidcError | undefined {
  const { ok, status } = response;
  const { error: said }: { error?: unknown } = ownMembers(attempt(() => JSON.parse(text)));
  const error = /^[a-z_]+$/.exec(`${said ?? ''}`)?.[0];
  if (ok && !error) return undefined;
  const words = `${status} ${error ?? ''}`.trim();
  return new OidcError('token-request-refused', words, { ...detailsOf(response), error });
}

/** A server that cannot answer now has refused nothing, and its metadata are not wrong (R35). */
const busyIn = (response: Response, input: string): OidcError | undefined =>
  isBusy(response.status)
    ? new OidcError('unreachable', `${input} answered ${response.status}`, detailsOf(response))
    : undefined;

/**
 * A lost answer, or one that breaks off, is asked for again at once, while a server with a reuse interval still gives
 * it, and 5xx after a moment; a server that says `Retry-After` is left alone.
 *
 * @param attempts - 0: once, and what the answer says is the caller's business, if it is one.
 */
export const insistOn =
  (fetch: Fetch, attempts: number, more?: RequestInit) =>
  async (input: string, init: object): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      let error: OidcError | undefined;
      try {
        const response = await fetch(input, ownMembers({ ...init, ...more }));
        const text = await readText(response);
        error = attempts ? refusalIn(response, text) : busyIn(response, input);
        if (!error) return answerOf(response, text);
      } catch (thrown) {
        error = new OidcError('unreachable', `${input} (${nameOf(thrown)})`);
      }
      const { status = 500, retryAt } = error;
      const { signal } = init as { signal?: { aborted: boolean; isOver?(): boolean } };
      // Nor once somebody has signed out (R32).
      if (attempt >= attempts || status < 500 || retryAt || signal?.aborted || signal?.isOver?.())
        throw error;
      if (attempt > 1) await pause(300);
    }
  };
