/** The trouble that the buttons of the playground cause: at the servers, as it happens to real ones. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Refusal } from '../demo/api.ts';

/** What goes wrong until it is switched off. */
export interface Switches {
  /** The API refuses every token, fresh ones too. */
  deny: boolean;
  /** The API and the token endpoint take three seconds. */
  slow: boolean;
  /** Neither of them can be reached. */
  offline: boolean;
  /** The token endpoint answers 503. */
  down: boolean;
}

export interface Trouble {
  readonly switches: Switches;
  /** For the API: whether a token that is good in all else is refused. */
  refuse(token: { issuedAt: number }): Refusal | undefined;
  aroundApi(api: RequestListener): RequestListener;
  aroundServer(server: RequestListener): RequestListener;
  /** For the page: `POST /trouble/expire`, `/trouble/revoke`, `/trouble/<switch>`; each answers the switches. */
  readonly handle: RequestListener;
}

const SLOW = 3_000;

/** @param revokeGrants - Makes all refresh tokens void. */
export function createTrouble(revokeGrants: () => void): Trouble {
  const switches: Switches = { deny: false, slow: false, offline: false, down: false };
  /** Tokens that were issued earlier count as expired. */
  let expiredBefore = 0;
  const expire = () => {
    expiredBefore = Date.now();
  };

  const acts = new Map<string, () => unknown>([
    ['expire', expire],
    [
      'revoke',
      () => {
        revokeGrants();
        expire();
      },
    ],
  ]);
  for (const name of Object.keys(switches) as (keyof Switches)[])
    acts.set(name, () => {
      switches[name] = !switches[name];
    });

  /** Answers whether the request goes on. */
  async function delay(request: IncomingMessage): Promise<boolean> {
    if (switches.offline) {
      request.socket.destroy();
      return false;
    }
    if (switches.slow && request.method !== 'OPTIONS') await sleep(SLOW);
    return true;
  }

  function down(response: ServerResponse): void {
    response.writeHead(503, { 'access-control-allow-origin': '*' }).end();
  }

  return {
    switches,
    refuse: ({ issuedAt }) =>
      (switches.deny && 'denied') || (issuedAt < expiredBefore ? 'expired' : undefined),
    aroundApi: (api) => async (request, response) => {
      if (await delay(request)) api(request, response);
    },
    // Its pages go on working: a user who cannot sign in would see nothing of the rest.
    aroundServer: (server) => async (request, response) => {
      const isToken = request.method === 'POST' && request.url === '/token';
      if (isToken && !(await delay(request))) return;
      if (isToken && switches.down) down(response);
      else server(request, response);
    },
    handle({ method, url = '' }, response) {
      const act = acts.get(url.replace(/^\//, ''));
      if (method === 'POST') act?.();
      response.writeHead(method === 'POST' && !act ? 404 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(switches));
    },
  };
}
