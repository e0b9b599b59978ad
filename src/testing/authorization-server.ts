/** An authorization server for tests: no password, no network, no database. */
import type { TokenResponse } from '../types.ts';
import { createCodes } from './codes.ts';
import type { FailureOptions, RefreshFailure } from './failures.ts';
import { createGuard, type Guard } from './guard.ts';
import { createRefreshes, type RefreshRecord } from './refreshes.ts';
import { createRoutes } from './routes.ts';
import {
  type AuthorizationServerOptions,
  type Endpoint,
  readNames,
  readServerOptions,
  refuse,
} from './server-options.ts';
import { createSessions, type Grant, type Issued, type Session } from './sessions.ts';
import { createSigner } from './signer.ts';

/** What of msw is needed: its `http`, of version 2 or 3. */
export interface MswHttp<Handler> {
  all(path: string, resolver: (info: { request: Request }) => Promise<Response | undefined>): Handler;
}

/** For whom tokens are issued. */
export interface IssueOptions {
  /** @default 'user' */
  subject?: string | undefined;
  /** Separated by spaces; with `openid` there is an ID token, for which `crypto.subtle` is needed. @default none */
  scope?: string | undefined;
  /** The audience of the ID token. @default 'spa' */
  clientId?: string | undefined;
}

export interface AuthorizationServer {
  readonly issuer: string;
  /** The URL of each endpoint. */
  readonly endpoints: Readonly<Record<Endpoint, string>>;
  /** Handlers for `setupServer` and `setupWorker`, made with the `http` of your own msw. */
  handlers<Handler>(http: MswHttp<Handler>): Handler[];
  /**
   * The answer to a request, for tests without msw; `undefined`: it is for somebody else. A network error is a
   * `Response` whose `type` is `'error'`.
   */
  respond(request: Request): Promise<Response | undefined>;
  /** A token response, as a login answers: for `auth.signIn`, or for a login handler of your own. */
  issue(options?: IssueOptions): Promise<TokenResponse>;
  /**
   * Makes a resolver demand a good token. Without one the answer is 401 with `WWW-Authenticate: Bearer`, with a bad one
   * `Bearer error="invalid_token"`. The resolver also gets the `session`: `{ id, subject, scope }`.
   *
   * @see https://www.rfc-editor.org/rfc/rfc6750#section-3
   */
  readonly guard: Guard;
  /** From now on the API refuses all access tokens that were issued so far; their refresh tokens are good. */
  expireAccessToken(): void;
  /** Ends the sessions of this subject, or all: the API refuses their tokens, and a refresh is `invalid_grant`. */
  revokeSession(subject?: string): void;
  /** How the next refresh fails; several calls are several refreshes, in that order. @throws TypeError for what is no failure */
  failNextRefresh(how: RefreshFailure, options?: FailureOptions): void;
  /** The requests for new tokens so far, in the order of their arrival. */
  readonly refreshes: readonly RefreshRecord[];
  /** Those among them that presented a spent refresh token. */
  readonly reuses: readonly RefreshRecord[];
  /** Ends all sessions, and forgets refreshes and failures: for `afterEach`. No token is issued twice. */
  reset(): void;
}

/**
 * Makes an authorization server that answers requests in your tests: form and JSON refresh, a session in a cookie,
 * rotation with reuse detection (RFC 9700 §4.14.2), revocation (RFC 7009), discovery, authorization code with PKCE and
 * signed ID tokens, a change of credentials that brings new tokens. Tokens expire by `Date.now()`, so fake timers rule
 * their lives.
 *
 * @throws TypeError that names the option, what was given and what is expected.
 *
 * @example
 * import { createAuthorizationServer } from 'evertoken/testing';
 * import { HttpResponse, http } from 'msw';
 * import { setupServer } from 'msw/node';
 *
 * const server = createAuthorizationServer({ issuer: 'https://as.example.com' });
 * const network = setupServer(
 *   ...server.handlers(http),
 *   http.get('https://api.example.com/me', server.guard(({ session }) => HttpResponse.json({ name: session.subject }))),
 * );
 */
export function createAuthorizationServer(options: AuthorizationServerOptions = {}): AuthorizationServer {
  const checked = readServerOptions(options);
  const { issuer, endpoints, claims } = checked;
  const sessions = createSessions(checked.rules);
  const signer = createSigner();

  /** OpenID Connect Core 1.0 §2. */
  async function withIdToken(session: Session, issued: Issued): Promise<TokenResponse> {
    const { subject, clientId, scope = '', nonce, id } = session;
    if (!scope.split(' ').includes('openid')) return { ...issued };
    const iat = Math.floor(Date.now() / 1_000);
    const auth_time = Math.floor(session.begunAt / 1_000);
    const exp = iat + Math.ceil(issued.expires_in);
    const required = { iss: issuer, sub: subject, aud: clientId, iat, exp, auth_time, nonce, sid: id };
    return { ...issued, id_token: await signer.sign({ ...claims(subject), ...required }) };
  }

  async function begin(grant: Grant, how?: { hasRefreshToken?: boolean }): Promise<TokenResponse> {
    const { session, issued } = sessions.begin(grant, how);
    return withIdToken(session, issued);
  }

  const guard = createGuard(sessions.find);
  const refreshes = createRefreshes(sessions, withIdToken);
  const routes = createRoutes({
    ...{ options: checked, signer, guard, begin, codes: createCodes(checked), refresh: refreshes.answer },
    ...{ revoke: sessions.revoke, end: sessions.end },
  });

  async function respond(request: Request): Promise<Response | undefined> {
    const { origin, pathname } = new URL(request.url);
    return routes.get(origin + pathname)?.(request);
  }

  return {
    ...{ issuer, endpoints, respond, guard },
    handlers(http) {
      if (typeof http?.all !== 'function') refuse('what handlers is given', http, 'the http of msw');
      return [...routes.keys()].map((url) => http.all(url, ({ request }) => respond(request)));
    },
    async issue(options = {}) {
      const own = readNames(options, ['subject', 'scope', 'clientId']);
      for (const [name, value] of Object.entries(own))
        if (value !== undefined && typeof value !== 'string') refuse(`options.${name}`, value, 'a string');
      const { subject = 'user', scope, clientId = 'spa' } = own;
      return begin({ subject, scope, clientId });
    },
    expireAccessToken: sessions.expireAccessTokens,
    revokeSession: (subject) => sessions.end((session) => (subject ?? session.subject) === session.subject),
    failNextRefresh: refreshes.failures.add,
    get refreshes() {
      return refreshes.records();
    },
    get reuses() {
      return refreshes.records().filter(({ outcome }) => outcome === 'reused');
    },
    reset() {
      sessions.end(() => true);
      refreshes.clear();
    },
  };
}
