/** A small world behind one stubbed fetch: an authorization server with rotation, and an API. */
import { createTokenManager, refreshEndpoint, type TokenManager, type TokenManagerOptions } from 'evertoken';

export const API = 'https://api.example.com';
export const TOKEN_ENDPOINT = 'https://as.example.com/token';

/** What reached the servers. */
export interface Seen {
  method: string;
  url: string;
  authorization: string | null;
  headers: Headers;
  body: string;
}

export interface World {
  /** The fetch underneath; pass it as the option `fetch`. */
  fetch: typeof fetch;
  /** Requests to the API, in order. */
  api: Seen[];
  /** Requests to the token endpoint, in order. */
  refreshes: Seen[];
  /** The access token that the API takes; `undefined`: any. */
  good: string | undefined;
  /** Replaces the token endpoint's answer. */
  answerRefresh: (request: Seen, count: number) => Response | Promise<Response>;
  /** Replaces the API's answer. */
  answerApi: (request: Seen) => Response | Promise<Response>;
}

export const unauthorized = (challenge?: string): Response =>
  new Response('refused', { status: 401, headers: challenge ? { 'www-authenticate': challenge } : {} });

export function createWorld({ lifetime = 3600 }: { lifetime?: number } = {}): World {
  const world: World = {
    api: [],
    refreshes: [],
    good: undefined,
    answerRefresh: (_request, count) => {
      world.good = `access-${count}`;
      return Response.json({
        access_token: world.good,
        token_type: 'Bearer',
        expires_in: lifetime,
        refresh_token: `refresh-${count}`,
      });
    },
    answerApi: ({ authorization }) =>
      world.good && authorization !== `Bearer ${world.good}`
        ? unauthorized('Bearer error="invalid_token"')
        : Response.json({ ok: true }),
    fetch: async (input, init) => {
      const request = new Request(input, init);
      request.signal.throwIfAborted();
      const { method, url, headers } = request;
      const authorization = headers.get('authorization');
      const seen = { method, url, headers, authorization, body: await request.text() };
      if (!url.startsWith(TOKEN_ENDPOINT)) {
        world.api.push(seen);
        return world.answerApi(seen);
      }
      world.refreshes.push(seen);
      return world.answerRefresh(seen, world.refreshes.length);
    },
  };
  return world;
}

/** A manager in that world. */
export function createManager(world: World, options: Partial<TokenManagerOptions> = {}): TokenManager {
  return createTokenManager({
    refresh: refreshEndpoint({ url: TOKEN_ENDPOINT, clientId: 'spa' }),
    allow: API,
    fetch: world.fetch,
    ...options,
  });
}

/** A promise and what settles it. */
export function deferred<T = void>() {
  return Promise.withResolvers<T>();
}
