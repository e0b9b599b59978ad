/** How the next refreshes fail, because the test wants it so. */
import { readNames, refuse } from './server-options.ts';
import { wait } from './wait.ts';

/**
 * | | what the client sees |
 * |---|---|
 * | `'offline'` | a network error; nothing was done |
 * | `'lost'` | a network error; the refresh token was spent all the same |
 * | `'garbage'` | 200 with HTML in place of JSON |
 * | `'slow'` | the right answer, late |
 * | a number | that HTTP status, from 400 to 599 |
 * | an OAuth error such as `'invalid_grant'` | 400 with that error (RFC 6749 §5.2); `'invalid_client'` 401 |
 */
export type RefreshFailure = 'offline' | 'lost' | 'garbage' | 'slow' | number | `${string}_${string}`;

export interface FailureOptions {
  /**
   * How many requests fail. `refreshEndpoint` asks up to three times for one refresh, where the network or a 5xx is to
   * blame: `Infinity`, and `reset()` afterwards, outlasts it. @default 1
   */
  times?: number | undefined;
  /** Milliseconds before the answer. @default 0; 20_000 for `'slow'`, which is beyond the usual `refreshTimeout` */
  after?: number | undefined;
}

const expected =
  "'offline', 'lost', 'garbage', 'slow', a status from 400 to 599, or an OAuth error such as 'invalid_grant'";

const isFailure = (how: unknown): how is RefreshFailure =>
  typeof how === 'number'
    ? Number.isInteger(how) && how >= 400 && how <= 599
    : typeof how === 'string' && /^(?:offline|lost|garbage|slow|[a-z]+(?:_[a-z]+)+)$/.test(how);

const oauthError = (error: string): Response =>
  Response.json({ error }, { status: error === 'invalid_client' ? 401 : 400 });

function answerOf(how: RefreshFailure): Response {
  if (how === 'offline' || how === 'lost') return Response.error();
  if (how === 'garbage') return new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } });
  return typeof how === 'number' ? new Response('', { status: how }) : oauthError(how);
}

export function createFailures() {
  let queue: { how: RefreshFailure; after: number; left: number }[] = [];

  function take() {
    const [first] = queue;
    if (first && --first.left <= 0) queue.shift();
    return first;
  }

  return {
    add(how: RefreshFailure, options: FailureOptions = {}): void {
      const { times = 1, after = how === 'slow' ? 20_000 : 0 } = readNames(options, ['times', 'after']);
      if (!isFailure(how)) refuse('the failure', how, expected);
      if (!(times > 0)) refuse('times', times, 'a number of requests, from 1 on');
      if (!(after >= 0)) refuse('after', after, 'milliseconds');
      queue.push({ how, after, left: times });
    },

    clear(): void {
      queue = [];
    },

    /** Lets a refresh be answered, or fail in the way that is next. */
    async through(answer: () => Promise<Response>): Promise<Response> {
      const failure = take();
      if (!failure) return answer();
      const { how, after } = failure;
      // A server has done its work when its answer is late, or gets lost.
      const done = how === 'lost' || how === 'slow' ? await answer() : undefined;
      if (after) await wait(after);
      return how === 'slow' && done ? done : answerOf(how);
    },
  };
}
