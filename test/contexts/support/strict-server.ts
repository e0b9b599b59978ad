/** A small server that issues and checks tokens: it answers at once, and no refresh token is good twice. */
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../../../examples/demo/loopback.ts';
import type { Servers } from './world.ts';

const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization' };

type Answer = [status: number, body: unknown];

/** One client, whose session never ends. */
function createClient(origin: string, clientId: string) {
  /** `strangers`: tokens that it was never given. */
  const stats = { refreshes: 0, reuse: 0, strangers: 0 };
  let number = 1;
  let isDenied = false;

  const issued = () => ({
    access_token: `${clientId}-access-${number}`,
    refresh_token: `${clientId}-refresh-${number}`,
    token_type: 'Bearer',
    expires_in: 3600,
  });
  const check = (token: string) => {
    if (!token.startsWith(`${clientId}-`)) stats.strangers++;
  };
  return {
    urls: { api: `${origin}/${clientId}`, tokenEndpoint: `${origin}/token`, clientId } satisfies Servers,
    stats,
    issued,
    /** Refuses the access token that was issued last. */
    deny(): void {
      isDenied = true;
    },
    refresh(refreshToken = ''): Answer {
      check(refreshToken);
      if (refreshToken !== issued().refresh_token) {
        stats.reuse++;
        return [400, { error: 'invalid_grant' }];
      }
      stats.refreshes++;
      number++;
      isDenied = false;
      return [200, issued()];
    },
    request(accessToken: string | undefined): Answer {
      if (accessToken) check(accessToken);
      return [!isDenied && accessToken === issued().access_token ? 200 : 401, {}];
    },
  };
}

type Client = ReturnType<typeof createClient>;

export async function startStrictServer(...clientIds: string[]) {
  const http = await listenOnLoopback();
  const clients = new Map<string, Client>();
  for (const id of clientIds) clients.set(id, createClient(http.origin, id));
  // Whoever says nothing is the only one.
  const clientOf = (id: string | null | undefined) => clients.get(id ?? `${clientIds[0]}`) as Client;

  async function answer(request: IncomingMessage): Promise<Answer> {
    if (request.method === 'OPTIONS') return [200, {}];
    const body = new URLSearchParams(await text(request));
    if (request.url === '/token')
      return clientOf(body.get('client_id')).refresh(body.get('refresh_token') ?? '');
    return clientOf(request.url?.split('/')[1]).request(request.headers.authorization?.slice(7));
  }

  http.handle(async (request, response) => {
    const [status, body] = await answer(request);
    response.writeHead(status, { ...CORS, 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  return { client: clientOf, [Symbol.asyncDispose]: http.close };
}
