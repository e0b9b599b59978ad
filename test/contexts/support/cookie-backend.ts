/** A JSON backend that keeps the refresh token in an HttpOnly cookie: it answers at once, and no cookie is good twice. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listenOnLoopback } from '../../../examples/demo/loopback.ts';
import type { Setup } from '../page/setup.ts';

/** Where a page sees the backend: on its own site, where only the port differs, or on another. */
export type Place = 'same-site' | 'cross-site';

const hosts: Record<Place, string> = { 'same-site': 'localhost', 'cross-site': '127.0.0.1' };

type Answer = readonly [status: number, body: object];

interface Session {
  /** Of the only cookie that is good. */
  cookie: number;
  isOver: boolean;
}

/** @param attributes - Of the cookie, beside `HttpOnly` and its path. */
export async function startCookieBackend(place: Place, attributes: string) {
  const http = await listenOnLoopback();
  const origin = http.origin.replace('127.0.0.1', hosts[place]);
  const stats = { logins: 0, refreshes: 0, reuse: 0, signOuts: 0, refused: 0, mostAtOnce: 0, preflights: 0 };
  const sessions: Session[] = [];
  const tokens = new Map<string, Session>();
  /** Milliseconds that answers are on the way: to `OPTIONS`, with the next cookie, without one. */
  const delays = { preflight: 0, refresh: 0, refusal: 0 };
  let count = 0;
  let atOnce = 0;
  let onRefresh = () => {};

  // Cookies know no ports: those of other backends on this host come along.
  const name = `refresh-${new URL(origin).port}`;
  const pattern = new RegExp(`${name}=(\\d+)-(\\d+)`);
  const setCookie = (value: string) => `${name}=${value}; HttpOnly; Path=/auth; ${attributes}`;

  /** A new access token, and the next cookie. */
  function issue(response: ServerResponse, session: Session): Answer {
    session.cookie = ++count;
    const accessToken = `access-${count}`;
    tokens.set(accessToken, session);
    response.setHeader('set-cookie', setCookie(`${sessions.indexOf(session)}-${count}`));
    return [200, { accessToken, expiresIn: 3600 }];
  }

  function refresh(response: ServerResponse, session: Session | undefined, cookie: number): Answer {
    if (!session || session.isOver) {
      stats.refused++;
      return [401, { error: 'signed out' }];
    }
    if (session.cookie !== cookie) {
      stats.reuse++;
      session.isOver = true;
      return [401, { error: 'reuse' }];
    }
    stats.refreshes++;
    return issue(response, session);
  }

  function answer({ url, headers }: IncomingMessage, response: ServerResponse): Answer {
    const [, id = -1, cookie] = pattern.exec(headers.cookie ?? '') ?? [];
    const session = sessions[Number(id)];
    if (url === '/auth/login') {
      stats.logins++;
      const begun = { cookie: 0, isOver: false };
      sessions.push(begun);
      return issue(response, begun);
    }
    if (url === '/auth/refresh') return refresh(response, session, Number(cookie));
    if (url === '/auth/sign-out') {
      stats.signOuts++;
      // A cookie that is spent ends nothing.
      if (session?.cookie === Number(cookie)) session.isOver = true;
      response.setHeader('set-cookie', setCookie('; Max-Age=0'));
      return [200, {}];
    }
    const owner = tokens.get(headers.authorization?.replace('Bearer ', '') ?? '');
    return [owner && !owner.isOver ? 200 : 401, {}];
  }

  http.handle(async (request, response) => {
    response.setHeader('access-control-allow-origin', request.headers.origin ?? 'null');
    response.setHeader('access-control-allow-credentials', 'true');
    response.setHeader('access-control-allow-headers', 'authorization, content-type');
    const isPreflight = request.method === 'OPTIONS';
    if (isPreflight) {
      stats.preflights++;
      await sleep(delays.preflight);
    }
    const [status, body] = isPreflight ? ([200, {}] as const) : answer(request, response);
    if (!isPreflight && request.url === '/auth/refresh') {
      stats.mostAtOnce = Math.max(stats.mostAtOnce, ++atOnce);
      onRefresh();
      await sleep(status === 200 ? delays.refresh : delays.refusal);
      atOnce--;
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });

  return {
    servers: {
      api: `${origin}/api`,
      tokenEndpoint: `${origin}/auth/refresh`,
      clientId: 'spa',
      cookie: { login: `${origin}/auth/login`, signOut: `${origin}/auth/sign-out` },
    } satisfies Partial<Setup>,
    stats,
    delays,
    /** Resolves when the next refresh is on the wire. */
    nextRefresh: () =>
      new Promise<void>((resolve) => {
        onRefresh = resolve;
      }),
    /** How many sessions are not over. */
    countLiving: () => sessions.filter(({ isOver }) => !isOver).length,
    /** The API refuses from now on what it has issued so far. */
    denyAll: () => tokens.clear(),
    [Symbol.asyncDispose]: http.close,
  };
}
