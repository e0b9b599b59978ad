/** Makes a handler of the user's demand a good token (RFC 6750). */
import { readNames, refuse } from './server-options.ts';
import type { Session } from './sessions.ts';

/** Whose token a request bore. */
export interface GuardedSession {
  readonly id: string;
  readonly subject: string;
  /** Separated by spaces. */
  readonly scope: string | undefined;
}

export interface GuardOptions {
  /** What the token has to be good for, separated by spaces; else 403 `insufficient_scope`. @default nothing */
  scope?: string | undefined;
}

/** What a guarded resolver is given: what msw gives, and the session. */
export interface GuardedInfo<Params = Record<string, string | readonly string[] | undefined>> {
  readonly request: Request;
  /** Of the path. */
  readonly params: Params;
  readonly cookies: Record<string, string>;
  readonly session: GuardedSession;
}

/**
 * A resolver of msw whose requests need a good token; without msw a function that answers a request. It is typed by
 * what both versions of msw have in common.
 */
export type Guard = <Params = Record<string, string | readonly string[] | undefined>>(
  resolver: (info: GuardedInfo<Params>) => Response | Promise<Response>,
  options?: GuardOptions,
) => (info: { request: Request; params?: object; cookies?: object }) => Promise<Response>;

const words = (text = '') => text.split(' ').filter(Boolean);

function refusal(status: number, error?: string, more = ''): Response {
  // RFC 6750 §3.1: a request without a token is told no error.
  const challenge = error ? `Bearer error="${error}"${more}` : 'Bearer';
  return Response.json({ error }, { status, headers: { 'www-authenticate': challenge } });
}

export function createGuard(find: (token: string) => Session | undefined): Guard {
  return (resolver, options = {}) => {
    if (typeof resolver !== 'function') refuse('the resolver', resolver, 'a function');
    const { scope = '' } = readNames(options, ['scope']);
    return async ({ request, params = {}, cookies = {} }) => {
      const { headers } = request;
      const [, token] = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? [];
      if (!token) return refusal(401);
      const session = find(token);
      if (!session) return refusal(401, 'invalid_token');
      if (words(scope).some((word) => !words(session.scope).includes(word)))
        return refusal(403, 'insufficient_scope', `, scope="${scope}"`);
      const { id, subject } = session;
      const given = { params, cookies } as Pick<Parameters<typeof resolver>[0], 'params' | 'cookies'>;
      return resolver({ ...given, request, session: { id, subject, scope: session.scope } });
    };
  };
}
