/** A browser's cookie, the server that rotates it, and pages that share it by a `cookieStore`. */
import { cookieStore, createTokenManager, type Refresh, type TokenManagerOptions } from 'evertoken';
import { onTestFinished } from 'vitest';
import { record } from './recorder.ts';
import { API, AS, createServer, ME, outcomeOf } from './tabs.ts';

const part = (value: unknown) => btoa(JSON.stringify(value)).replace(/=/g, '');

/** A JWT of this subject; `more` makes it another one. */
export const jwtOf = (sub: string, more: Record<string, unknown> = {}): string =>
  `${part({})}.${part({ sub, ...more })}.`;

/** By which token the server says whose the session is. */
export type Says = 'ID token' | 'JWT access token';

export function createCookieWorld({ ms = 500, says = 'ID token' as Says } = {}) {
  const server = createServer({ ms });
  let cookie = '';
  let count = 0;
  const shown = ({ access_token = '', expires_in = 0 }, user: string) =>
    says === 'ID token'
      ? { access_token, expires_in, id_token: jwtOf(user) }
      : { access_token: jwtOf(user, { number: ++count }), expires_in };

  const world = {
    server,
    /** How long the server takes to find that there is no cookie. */
    refusalMs: 0,
    /** What reached the authorization server, and when. */
    asked: [] as { path: string; at: number }[],
    /** What a login brings: a cookie, and an access token for the page. */
    login(user = 'ann') {
      const { refresh_token, ...tokens } = server.login(user);
      cookie = refresh_token;
      return shown(tokens, user);
    },
    /** What the server does with the cookie, whoever asks. */
    logout() {
      cookie = '';
    },
    open() {
      let isLeft = false;
      const own: typeof fetch = async (...args) => {
        const response = await fetch(...args);
        return isLeft ? new Promise(() => {}) : response;
      };
      const auth = createTokenManager({ allow: API, refresh, revoke, fetch: own, store: cookieStore(name) });
      onTestFinished(() => auth.close());
      const send = () => outcomeOf(auth.fetch(ME).then(({ status }) => status));
      /** No answer reaches it any more; the browser takes the cookie all the same. */
      const leave = () => {
        isLeft = true;
      };
      return { auth, told: record(auth), send, leave };
    },
  };

  const fetch: typeof server.fetch = async (input, init) => {
    const url = input instanceof Request ? input.url : `${input}`;
    if (!url.startsWith(AS)) return server.fetch(input, init);
    world.asked.push({ path: url.slice(AS.length), at: Date.now() });
    const isRevocation = url.endsWith('/revoke');
    if (!cookie) {
      await new Promise<void>((resolve) => void setTimeout(resolve, world.refusalMs));
      return isRevocation ? new Response() : Response.json({}, { status: 401 });
    }
    const response = await server.fetch(url, { method: 'POST', body: cookie });
    // The browser takes it, whether the page that asked is there or not.
    if (isRevocation) cookie = '';
    else cookie = (await response.clone().json()).refresh_token ?? cookie;
    return response;
  };
  const refresh: Refresh = Object.assign(
    async ({ fetch }: Parameters<Refresh>[0]) => {
      const response = await fetch(`${AS}/token`, { method: 'POST' });
      const body = await response.json();
      if (!response.ok) throw Object.assign(new Error('refused'), { error: 'invalid_grant' });
      return shown(body, body.access_token.split('-')[1]);
    },
    { withoutRefreshToken: true },
  );
  const revoke: TokenManagerOptions['revoke'] = ({ fetch }) => fetch(`${AS}/revoke`, { method: 'POST' });
  const name = `cookie ${Math.random()}`;
  return world;
}
