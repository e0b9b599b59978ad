/** An authorization server and an API on loopback: no refresh token is good twice, no access token beyond its time. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback } from '../../examples/demo/loopback.ts';

/** Seconds that an access token lives, unless the test says otherwise. */
export const LIFETIME = 300;

const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' };

export interface Call {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly path: string;
  readonly body: string;
  /** The body as it came. */
  readonly bytes: Buffer;
}

/**
 * Starts it; to be held with `await using`.
 *
 * @param answer - To a call of the API that bore a good token.
 * @param tokenOf - Where a call bears it.
 * @param lifetime - Seconds that an access token lives.
 */
export async function startBackend(
  answer: (call: Call) => unknown = ({ response }) => response.end(),
  tokenOf = ({ headers }: IncomingMessage) => /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1],
  lifetime = LIFETIME,
) {
  const http = await listenOnLoopback();
  const stats = { refreshes: 0, reuse: 0, accepted: 0, refused: 0 };
  const good = new Map<string, number>();
  let count = 0;

  function issue() {
    good.set(`access-${++count}`, Date.now() + lifetime * 1000);
    return { access_token: `access-${count}`, refresh_token: `refresh-${count}`, expires_in: lifetime };
  }

  const json = (response: ServerResponse, status: number, body: object) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

  function refresh(response: ServerResponse, form: URLSearchParams): void {
    stats.refreshes++;
    if (form.get('refresh_token') === `refresh-${count}`) return void json(response, 200, issue());
    stats.reuse++;
    json(response, 400, { error: 'invalid_grant' });
  }

  const accepts = (token: string | undefined): boolean => (good.get(token ?? '') ?? 0) > Date.now();

  http.handle(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', http.origin);
    response.setHeaders(new Map(Object.entries(CORS)));
    if (request.method === 'OPTIONS') return void response.writeHead(204).end();
    const bytes = await buffer(request);
    const body = `${bytes}`;
    if (pathname === '/token') return refresh(response, new URLSearchParams(body));
    const isGood = accepts(tokenOf(request));
    stats[isGood ? 'accepted' : 'refused']++;
    if (isGood) return void answer({ request, response, path: pathname, body, bytes });
    response.setHeader('www-authenticate', 'Bearer error="invalid_token"');
    json(response, 401, { error: { type: 'authentication_error', message: 'the token is refused' } });
  });

  return {
    origin: http.origin,
    stats,
    /** The answer to a login. */
    issue,
    accepts,
    /** Refuses from now on what was issued so far. */
    denyAll: () => good.clear(),
    [Symbol.asyncDispose]: http.close,
  };
}

export type Backend = Awaited<ReturnType<typeof startBackend>>;
