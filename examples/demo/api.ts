/** The resource server: an API that checks access tokens by itself, with nothing but the issuer's public keys. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { listenOnLoopback } from './loopback.ts';

export interface ApiOptions {
  issuer: string;
  jwksUri: string;
  audience: string;
  /** Told of each request when it has been judged. */
  onRequest?: ((request: ApiRequest) => void) | undefined;
  /** Refuses a token that is good in all else. @default none */
  refuse?: ((token: { issuedAt: number }) => Refusal | undefined) | undefined;
  /** What an accepted request is answered, as JSON. @default what was asked, and by whom */
  answer?: ((request: AcceptedRequest) => unknown) | undefined;
  /** Stands before the API, and may keep requests from it. @default nothing does */
  around?: ((api: RequestListener) => RequestListener) | undefined;
}

export interface AcceptedRequest {
  readonly method: string;
  readonly path: string;
  /** The user. */
  readonly sub: string | undefined;
  readonly body: string;
}

export interface ApiRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Absent: accepted. */
  readonly refusal?: Refusal | undefined;
}

export type Refusal = 'no token' | 'invalid' | 'expired' | 'denied';

export interface Api {
  readonly url: string;
  readonly stats: { accepted: number; refused: number };
  /** Refuses this access token from now on, whatever its `exp` says. */
  deny(accessToken: string): void;
  close(): Promise<void>;
}

interface Verified {
  sub: string | undefined;
  /** Milliseconds since the epoch. */
  issuedAt: number;
  expiresAt: number;
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE',
  'access-control-max-age': '600',
};

const DESCRIPTIONS = {
  invalid: 'The access token is not valid here',
  expired: 'The access token expired',
  denied: 'The access token was revoked',
};

export async function startApi(options: ApiOptions): Promise<Api> {
  const http = await listenOnLoopback();
  const judge = createJudge(options);
  const stats = { accepted: 0, refused: 0 };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    if (method === 'OPTIONS') return void response.writeHead(204, CORS).end();
    const body = await text(request);
    const verdict = await judge.check(request.headers.authorization);
    const refusal = typeof verdict === 'string' ? verdict : undefined;
    stats[refusal ? 'refused' : 'accepted'] += 1;
    options.onRequest?.({ method, path, refusal });
    if (refusal) return void response.writeHead(401, challenge(refusal)).end();
    const sub = typeof verdict === 'string' ? undefined : verdict.sub;
    response.writeHead(200, { ...CORS, 'content-type': 'application/json' });
    const { answer = (asked) => asked } = options;
    response.end(JSON.stringify(answer({ method, path, sub, body })));
  }

  const { around = (api) => api } = options;
  http.handle(
    around((request, response) => {
      answer(request, response).catch(() => response.writeHead(503, CORS).end());
    }),
  );
  return { url: http.origin, stats, deny: judge.deny, close: http.close };
}

function createJudge({ issuer, jwksUri, audience, refuse = () => undefined }: ApiOptions) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const denied = new Set<string>();
  // A signature does not change, so it is checked once; `exp` is checked on each request.
  const verified = new Map<string, Verified>();

  async function verify(token: string): Promise<Verified> {
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['exp'],
      clockTolerance: 0,
    });
    return { sub: payload.sub, issuedAt: (payload.iat ?? 0) * 1000, expiresAt: (payload.exp ?? 0) * 1000 };
  }

  async function check(authorization: string | undefined): Promise<Verified | Refusal> {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (!token) return 'no token';
    if (denied.has(token)) return 'denied';
    try {
      const known = verified.get(token) ?? (await verify(token));
      verified.set(token, known);
      if (Date.now() < known.expiresAt) return refuse(known) ?? known;
      verified.delete(token);
      return 'expired';
    } catch (error) {
      return refusalOf(error);
    }
  }

  return { check, deny: (token: string) => void denied.add(token) };
}

/** Throws what is no fault of the token, such as keys that cannot be fetched. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  const keysMissing = error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid;
  if (error instanceof errors.JOSEError && !keysMissing) return 'invalid';
  throw error;
}

/** RFC 6750 §3: a request without a token is told the scheme and no error. */
function challenge(refusal: Refusal): Record<string, string> {
  const error =
    refusal === 'no token' ? '' : ` error="invalid_token", error_description="${DESCRIPTIONS[refusal]}"`;
  return { ...CORS, 'www-authenticate': `Bearer${error}` };
}
