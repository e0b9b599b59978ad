/** A small server that issues and checks tokens: it answers at once, and no refresh token is good twice. */
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../../examples/demo/loopback.ts';
import type { Servers } from './world.ts';

const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' };

export async function startStrictServer() {
  const http = await listenOnLoopback();
  const stats = { refreshes: 0, reuse: 0 };
  let number = 1;
  let isDenied = false;

  const issued = () => ({
    access_token: `access-${number}`,
    refresh_token: `refresh-${number}`,
    token_type: 'Bearer',
    expires_in: 3600,
  });

  function refresh(refreshToken: string | null): [status: number, body: unknown] {
    if (refreshToken !== `refresh-${number}`) {
      stats.reuse++;
      return [400, { error: 'invalid_grant' }];
    }
    stats.refreshes++;
    number++;
    isDenied = false;
    return [200, issued()];
  }

  async function answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    if (request.method === 'OPTIONS') return [200, {}];
    const body = await text(request);
    if (request.url === '/token') return refresh(new URLSearchParams(body).get('refresh_token'));
    const isGood = !isDenied && request.headers.authorization === `Bearer access-${number}`;
    return [isGood ? 200 : 401, {}];
  }

  http.handle(async (request, response) => {
    const [status, body] = await answer(request);
    response.writeHead(status, { ...CORS, 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return {
    urls: { api: http.origin, tokenEndpoint: `${http.origin}/token`, clientId: 'spa' } satisfies Servers,
    stats,
    issued,
    /** Refuses the access token that was issued last. */
    deny(): void {
      isDenied = true;
    },
    [Symbol.asyncDispose]: http.close,
  };
}
