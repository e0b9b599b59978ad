/** A resource server that takes DPoP only: it checks token, proof and key, and demands nonces of its own (RFC 9449 §7, §9). */
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { calculateJwkThumbprint, createRemoteJWKSet, EmbeddedJWK, jwtVerify } from 'jose';
import { listenOnLoopback } from '../../examples/demo/loopback.ts';

export interface DpopApiOptions {
  issuer: string;
  jwksUri: string;
  audience: string;
  /** Milliseconds after which the next nonce is asked for. @default 1500 */
  nonceLifetime?: number;
  /** What pages of other origins may read. @default 'DPoP-Nonce, WWW-Authenticate' */
  exposed?: string;
}

/** Why a request was refused. */
export type DpopRefusal = 'nonce' | 'no token' | 'token' | 'proof' | 'key' | 'replay' | 'denied';

export async function startDpopApi(options: DpopApiOptions) {
  const {
    issuer,
    jwksUri,
    audience,
    nonceLifetime = 1500,
    exposed = 'DPoP-Nonce, WWW-Authenticate',
  } = options;
  const http = await listenOnLoopback();
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const seen = new Set<string>();
  const denied = new Set<string>();
  const stats = { accepted: 0, refusals: {} as Partial<Record<DpopRefusal, number>> };
  const cors = {
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'authorization, dpop, content-type',
    'access-control-expose-headers': exposed,
    'access-control-max-age': '600',
  };
  let nonce = { value: randomUUID(), at: Date.now() };
  let last = nonce.value;

  function rotate(): void {
    if (Date.now() - nonce.at < nonceLifetime) return;
    last = nonce.value;
    nonce = { value: randomUUID(), at: Date.now() };
  }

  async function judge({ headers, method, url = '/' }: IncomingMessage): Promise<DpopRefusal | undefined> {
    const token = /^DPoP (\S+)$/i.exec(headers.authorization ?? '')?.[1];
    if (!token || typeof headers['dpop'] !== 'string') return 'no token';
    const proof = await jwtVerify(headers['dpop'], EmbeddedJWK, { typ: 'dpop+jwt' }).catch(() => undefined);
    if (!proof) return 'proof';
    const { payload, protectedHeader } = proof;
    if (payload['htm'] !== method || payload['htu'] !== http.origin + url.replace(/\?.*/, '')) return 'proof';
    if (payload['ath'] !== createHash('sha256').update(token).digest('base64url')) return 'proof';
    if (payload['nonce'] !== nonce.value && payload['nonce'] !== last) return 'nonce';
    if (seen.has(`${payload.jti}`)) return 'replay';
    seen.add(`${payload.jti}`);
    const checks = { issuer, audience, typ: 'at+jwt', clockTolerance: 0 };
    const verified = await jwtVerify(token, keys, checks).catch(() => undefined);
    if (!verified) return 'token';
    if (denied.has(token)) return 'denied';
    const { jkt } = (verified.payload['cnf'] ?? {}) as { jkt?: string };
    return jkt === (await calculateJwkThumbprint(protectedHeader.jwk ?? {})) ? undefined : 'key';
  }

  http.handle(async (request, response) => {
    if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
    const body = await text(request);
    rotate();
    const refusal = await judge(request);
    const head = { ...cors, 'dpop-nonce': nonce.value, 'content-type': 'application/json' };
    if (!refusal) {
      stats.accepted += 1;
      const { method, url: path } = request;
      response.writeHead(200, head).end(JSON.stringify({ method, path, body }));
      return;
    }
    stats.refusals[refusal] = (stats.refusals[refusal] ?? 0) + 1;
    const error = refusal === 'nonce' ? 'use_dpop_nonce' : 'invalid_token';
    response.writeHead(401, { ...head, 'www-authenticate': `DPoP algs="ES256", error="${error}"` }).end();
  });
  return {
    url: http.origin,
    stats,
    /** Refuses this access token from now on. */
    deny: (token: string): void => void denied.add(token),
    close: http.close,
  };
}
