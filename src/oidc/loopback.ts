/** Waits on a loopback port for the browser that comes back from the login page (RFC 8252 §7.3). */

import { ownMembers } from '../own.ts';
import { attempt } from './attempt.ts';
import { readCallback } from './callback.ts';
import { OidcError } from './oidc-error.ts';
import { refuse } from './options.ts';

export interface Loopback {
  /** With the port. */
  readonly redirectUri: string;
  /** Its parameters, once its page has been answered: a program may end then. */
  readonly callback: Promise<URLSearchParams>;
}

/** No name: `localhost` may lead elsewhere (RFC 8252 §8.3). */
const PLACE = /^http:\/\/(127\.0\.0\.1|\[::1])(?::(\d+))?(?=[/?]|$)/;

/**
 * Listens until the callback with this state has come, or `signal` ends it. What else comes is not found, and changes
 * nothing.
 *
 * @param registered - The redirect URI as the server knows it; a port that it names is the one.
 * @throws TypeError for a redirect URI of another kind; OidcError `loopback-failed`.
 */
export async function listen(registered: string, state: string, signal: AbortSignal): Promise<Loopback> {
  const [place, host = '', fixed = 0] = PLACE.exec(registered) ?? [];
  if (!place) refuse('redirectUri', registered, 'http://127.0.0.1 or http://[::1], and a path');
  // An import would trouble bundlers for browsers.
  const http = globalThis.process?.getBuiltinModule?.('node:http');
  if (!http) throw new OidcError('loopback-failed', 'this platform has no node:http');
  let redirectUri = registered;
  let take: ((parameters: URLSearchParams) => void) | undefined;
  const callback = new Promise<URLSearchParams>((resolve) => {
    take = resolve;
  });
  const server = http.createServer(({ method, url }, response) => {
    const found = attempt(() => readCallback(new URL(`${url}`, redirectUri).href, redirectUri));
    const taken = method === 'GET' && found?.state === state ? take : undefined;
    if (taken) {
      take = undefined;
      response.on('close', () => {
        close();
        taken((found as { parameters: URLSearchParams }).parameters);
      });
    }
    response.writeHead(taken ? 200 : 404, { 'content-type': 'text/plain', 'cache-control': 'no-store' });
    response.end(taken ? 'You can close this window.' : 'Not found');
  });
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  signal.addEventListener('abort', close);
  await new Promise<void>((resolve, reject) => {
    server.on('error', ({ code }: { code?: string }) => reject(new OidcError('loopback-failed', code)));
    server
      .listen(ownMembers({ host: host.replace(/[[\]]/g, ''), port: +fixed }), resolve)
      .on('close', resolve);
  });
  if (signal.aborted) close();
  signal.throwIfAborted();
  const { port } = server.address() as { port: number };
  redirectUri = registered.replace(place, `http://${host}:${port}`);
  return { redirectUri, callback };
}
