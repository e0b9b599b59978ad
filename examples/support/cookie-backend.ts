/** A backend that keeps the refresh token to itself and knows the browser by an HttpOnly cookie. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TokenResponse } from 'evertoken';
import { listenOnLoopback } from '../demo/loopback.ts';
import type { Servers } from './servers.ts';

interface Session {
  readonly csrfToken: string;
  refreshToken: string;
}

/** `POST /login`, `GET /csrf`, `POST /refresh`. */
export async function startCookieBackend(servers: Servers): Promise<{ url: string; stop(): Promise<void> }> {
  const sessions = new Map<string, Session>();

  async function login(response: ServerResponse): Promise<void> {
    const { refresh_token: refreshToken = '' } = await servers.login();
    const id = randomUUID();
    sessions.set(id, { csrfToken: randomUUID(), refreshToken });
    response.writeHead(204, { 'set-cookie': `session=${id}; HttpOnly; SameSite=Strict; Path=/` }).end();
  }

  async function refresh(
    session: Session,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (request.headers['x-csrf-token'] !== session.csrfToken) return json(response, 403, { error: 'csrf' });
    const answer = await fetch(servers.tokenEndpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: 'spa',
        refresh_token: session.refreshToken,
      }),
    });
    const tokens = (await answer.json()) as TokenResponse;
    session.refreshToken = tokens.refresh_token ?? session.refreshToken;
    json(response, answer.status, { accessToken: tokens.access_token, expiresIn: tokens.expires_in });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = `${request.method} ${request.url}`;
    if (route === 'POST /login') return login(response);
    const session = sessions.get(/\bsession=([^;]+)/.exec(request.headers.cookie ?? '')?.[1] ?? '');
    if (!session) return json(response, 401, { error: 'signed out' });
    if (route === 'GET /csrf') return json(response, 200, { csrfToken: session.csrfToken });
    if (route === 'POST /refresh') return refresh(session, request, response);
    json(response, 404, { error: 'not found' });
  }

  const http = await listenOnLoopback();
  http.handle((request, response) => {
    answer(request, response).catch(() => json(response, 502, { error: 'bad gateway' }));
  });
  return { url: http.origin, stop: http.close };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
