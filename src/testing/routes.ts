/** What the server answers at each of its URLs. */
import type { TokenResponse } from '../types.ts';
import { badRequest, type Codes, redirect, urlOf } from './codes.ts';
import { sendsCookies } from './cookie.ts';
import { readForm } from './form.ts';
import type { Guard } from './guard.ts';
import { metadataOf, metadataUrl } from './metadata.ts';
import type { RefreshFormat } from './refreshes.ts';
import type { ServerOptions } from './server-options.ts';
import type { Grant, Session } from './sessions.ts';
import type { Signer } from './signer.ts';

/** What the routes are made of. */
export interface RouteParts {
  readonly options: ServerOptions;
  readonly codes: Codes;
  readonly signer: Signer;
  readonly guard: Guard;
  begin(grant: Grant, how?: { hasRefreshToken?: boolean }): Promise<TokenResponse>;
  refresh(format: RefreshFormat, token: string): Promise<Response>;
  revoke(token: string): void;
  end(isMeant: (session: Session) => boolean): void;
}

export type Route = (request: Request) => Response | Promise<Response>;

const answer = (body: unknown, status = 200): Response =>
  Response.json(body, { status, headers: { 'cache-control': 'no-store' } });

const grantOf = ({ subject, username, email, scope, client_id }: Record<string, string>): Grant => ({
  subject: subject ?? username ?? email ?? 'user',
  clientId: client_id ?? 'spa',
  scope,
});

/** One `method` alone; the rest is 405. */
const only =
  (method: string, route: Route): Route =>
  (request) =>
    request.method === method ? route(request) : answer({ error: 'invalid_request' }, 405);

const get = (route: Route) => only('GET', route);
const post = (route: (form: Record<string, string>) => Response | Promise<Response>) =>
  only('POST', async (request) => route(await readForm(request)));

/** RFC 6749 §3.2. */
function tokenRoute({ codes, begin, refresh }: RouteParts): Route {
  return post(async (form) => {
    const { grant_type, refresh_token = '' } = form;
    if (grant_type === 'refresh_token') return refresh('form', refresh_token);
    if (grant_type === 'client_credentials') {
      const grant = { ...grantOf(form), subject: form['client_id'] ?? 'client' };
      return answer(await begin(grant, { hasRefreshToken: false }));
    }
    if (grant_type !== 'authorization_code') return answer({ error: 'unsupported_grant_type' }, 400);
    const grant = await codes.exchange(form);
    return grant ? answer(await begin(grant)) : answer({ error: 'invalid_grant' }, 400);
  });
}

/** The session that an ID token names; `undefined` where it is none of ours. */
function sessionOf(idToken: string | null): unknown {
  const [, payload = ''] = idToken?.split('.') ?? [];
  try {
    return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))).sid;
  } catch {
    return undefined;
  }
}

/** OpenID Connect RP-Initiated Logout 1.0 §2. */
function endSessionRoute({ end }: RouteParts): Route {
  return get((request) => {
    const { searchParams } = new URL(request.url);
    const sid = sessionOf(searchParams.get('id_token_hint'));
    end(({ id }) => id === sid);
    const back = searchParams.get('post_logout_redirect_uri');
    if (!back) return new Response('signed out');
    const url = urlOf(back);
    if (!url) return badRequest();
    const state = searchParams.get('state');
    if (state) url.searchParams.set('state', state);
    return redirect(url);
  });
}

/** A backend that keeps the refresh token in a cookie, which no page can read. */
function cookieRoutes({ begin, refresh, revoke }: RouteParts) {
  let cookie = '';
  /** What is left for the page. */
  async function keep(response: Response): Promise<Response> {
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    if (!response.ok || !isJson) return response;
    const { refresh_token, ...shown } = await response.json();
    cookie = refresh_token;
    return answer(shown);
  }
  return {
    cookieSignIn: post(async (form) => keep(answer(await begin(grantOf(form))))),
    cookieRefresh: only('POST', async (request) =>
      keep(await refresh('cookie', sendsCookies(request) ? cookie : '')),
    ),
    cookieSignOut: only('POST', (request) => {
      if (!sendsCookies(request)) return new Response(null, { status: 204 });
      revoke(cookie);
      cookie = '';
      return new Response(null, { status: 204 });
    }),
  };
}

/** A change of credentials: what was issued to this user before is stale, and new tokens are in the answer. */
function credentialsRoute({ begin, end, guard }: RouteParts): Route {
  const change = guard(async ({ request, session: { subject, scope } }) => {
    const form = await readForm(request);
    end((session) => session.subject === subject);
    const tokens = await begin({ ...grantOf(form), subject, scope });
    if (form['returnSecureToken'] === 'true') return answer(tokens);
    const headers = Object.entries(tokens).map(([name, value]) => [name.replace('_', '-'), `${value}`]);
    return Response.json({}, { headers: Object.fromEntries(headers) });
  });
  return only('POST', (request) => change({ request }));
}

export function createRoutes(parts: RouteParts): Map<string, Route> {
  const { options, codes, signer, begin, refresh, revoke } = parts;
  const { endpoints } = options;
  const routes: Record<keyof typeof endpoints, Route> = {
    authorization: get(({ url }) => codes.authorize(url)),
    token: tokenRoute(parts),
    revocation: post(({ token = '' }) => {
      revoke(token);
      // RFC 7009 §2.2: an unknown token is revoked already.
      return new Response(null);
    }),
    jwks: get(async () => answer(await signer.jwks())),
    endSession: endSessionRoute(parts),
    signIn: post(async (form) => answer(await begin(grantOf(form)))),
    refresh: post(({ refreshToken, refresh_token = '' }) => refresh('json', refreshToken ?? refresh_token)),
    ...cookieRoutes(parts),
    credentials: credentialsRoute(parts),
  };
  const named = Object.entries(routes).map(([name, route]) => [
    endpoints[name as keyof typeof routes],
    route,
  ]);
  const metadata = get(() => answer(metadataOf(options)));
  return new Map([[metadataUrl(options.issuer), metadata], ...(named as [string, Route][])]);
}
