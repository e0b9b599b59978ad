/** A real authorization server on loopback: oidc-provider with rotation, reuse detection and short-lived tokens. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, Provider } from 'oidc-provider';
import { deviceFlow, paceOf } from './device-flow.ts';
import { listenOnLoopback } from './loopback.ts';
import { createMemory, type Memory } from './memory-adapter.ts';

export interface AuthorizationServerOptions {
  /** Whole seconds. @default 2 */
  accessTokenLifetime?: number | undefined;
  /** Whole seconds. @default 3600 */
  refreshTokenLifetime?: number | undefined;
  /**
   * Opaque access tokens, which only the server's own `userinfoEndpoint` can judge; they end on a whole second,
   * so they live up to a second less than promised. @default false: JWTs for `audience`, exact to the millisecond
   */
  opaque?: boolean | undefined;
  /** Tokens are bound to a key, and every proof needs a nonce of the server's (RFC 9449). @default false */
  dpop?: boolean | undefined;
  /** Where the public client may send users back to, besides `redirectUri`. @default none */
  redirectUris?: readonly string[] | undefined;
  /** Where the public client may send users after a sign-out. @default none */
  postLogoutRedirectUris?: readonly string[] | undefined;
  /** The device flow (RFC 8628) of the public client: seconds between two questions, and those that a code lives. @default 1 and 600 */
  device?: { interval?: number | undefined; lifetime?: number | undefined } | undefined;
  /** More headers of every answer, such as a policy that cuts popups off. @default none */
  headers?: Record<string, string> | undefined;
  /** Milliseconds between issuing tokens and answering; see {@link AuthorizationServer.delay}. @default 0 */
  delay?: number | undefined;
  /** Told of each call of the token endpoint as it arrives, counted from 1; a promise holds the call. */
  onTokenRequest?: ((call: { number: number }) => unknown) | undefined;
  /** Told of the tokens of each answer. */
  onIssued?: ((tokens: Record<string, unknown>) => unknown) | undefined;
  /** Stands before the server, and may keep requests from it. @default nothing does */
  around?: ((server: RequestListener) => RequestListener) | undefined;
}

export interface AuthorizationServerStats {
  /** Calls of the token endpoint, whatever came of them. */
  tokenCalls: number;
  /** Refreshes that brought new tokens. */
  refreshes: number;
  /** How often a spent refresh token was presented. */
  reuse: number;
  /** What refused calls were told, with the reason that only the server knows. */
  errors: string[];
}

export interface AuthorizationServer {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly userinfoEndpoint: string;
  readonly revocationEndpoint: string;
  readonly jwksUri: string;
  /** What JWT access tokens are for. */
  readonly audience: string;
  /** The public client; PKCE is required. Its redirect URI may have any port. */
  readonly clientId: 'spa';
  readonly redirectUri: string;
  /** A confidential client for the client credentials grant. */
  readonly service: { readonly clientId: 'service'; readonly clientSecret: string };
  readonly stats: AuthorizationServerStats;
  /** Seconds; may be changed at any time, for tokens that are issued from then on. */
  accessTokenLifetime: number;
  /** May be changed at any time. The tokens are issued, and the old refresh token is spent, before it begins. */
  delay: number;
  /** All refresh tokens are void from now on. */
  revokeGrants(): void;
  close(): Promise<void>;
}

const AUDIENCE = 'urn:evertoken:demo-api';
const REDIRECT_URI = 'http://127.0.0.1/callback';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const SERVICE = { clientId: 'service', clientSecret: 'a secret of the demo' } as const;

export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  const http = await listenOnLoopback();
  const memory = createMemory();
  const stats: AuthorizationServerStats = { tokenCalls: 0, refreshes: 0, reuse: 0, errors: [] };
  const server: AuthorizationServer = {
    issuer: http.origin,
    authorizationEndpoint: `${http.origin}/auth`,
    tokenEndpoint: `${http.origin}/token`,
    userinfoEndpoint: `${http.origin}/me`,
    revocationEndpoint: `${http.origin}/token/revocation`,
    jwksUri: `${http.origin}/jwks`,
    audience: AUDIENCE,
    clientId: 'spa',
    redirectUri: REDIRECT_URI,
    service: SERVICE,
    stats,
    accessTokenLifetime: options.accessTokenLifetime ?? 2,
    delay: options.delay ?? 0,
    revokeGrants: memory.revokeGrants,
    close: http.close,
  };
  const provider = quietly(() => new Provider(http.origin, configuration(memory, server, options)));
  keepStats(provider, stats);
  provider.on('grant.success', ({ body }: Context) => options.onIssued?.(Object(body)));
  const pace = paceOf(options.device?.interval ?? 1);
  provider.use(async (context, next) => {
    context.set(options.headers ?? {});
    if (context.path === '/device/auth') {
      await next();
      Object.assign(Object(context.body), { interval: pace.interval });
      return;
    }
    if (context.path !== '/token' || context.method !== 'POST') return next();
    stats.tokenCalls += 1;
    await options.onTokenRequest?.({ number: stats.tokenCalls });
    await next();
    pace.keep(context);
    if (server.delay > 0) await sleep(server.delay);
  });
  const { around = (server) => server } = options;
  http.handle(around(provider.callback()));
  return server;
}

function configuration(
  { adapter }: Memory,
  server: AuthorizationServer,
  options: AuthorizationServerOptions,
) {
  const { refreshTokenLifetime = 3600, opaque, dpop, device } = options;
  const { redirectUris = [], postLogoutRedirectUris = [] } = options;
  const lifetime = () => server.accessTokenLifetime;
  return {
    adapter,
    clients: clients(redirectUris, postLogoutRedirectUris),
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    scopes: ['openid', 'offline_access'],
    pkce: { required: () => true },
    rotateRefreshToken: true,
    clockTolerance: 0, // the default adds 15 s to every lifetime
    clientBasedCORS: () => true,
    findAccount: (_context: Context, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    formats: { customizers: { jwt: exactLifetime(lifetime) } },
    ttl: {
      AccessToken: lifetime,
      ClientCredentials: lifetime,
      RefreshToken: refreshTokenLifetime,
      AuthorizationCode: 60,
      DeviceCode: device?.lifetime ?? 600,
      IdToken: 60,
      Interaction: 600,
      Session: 3600,
      Grant: Math.max(3600, refreshTokenLifetime),
    },
    features: {
      devInteractions: { enabled: true },
      deviceFlow,
      revocation: { enabled: true, allowedPolicy: () => true },
      clientCredentials: { enabled: true },
      dPoP: dpop
        ? { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true }
        : { enabled: false },
      resourceIndicators: opaque ? { enabled: false } : jwtForAudience(lifetime),
    },
  };
}

function clients(redirectUris: readonly string[], postLogoutRedirectUris: readonly string[]) {
  const signed = { id_token_signed_response_alg: 'ES256' };
  return [
    {
      ...signed,
      client_id: 'spa',
      application_type: 'native', // a loopback redirect URI with any port (RFC 8252 §7.3)
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
      response_types: ['code'],
      redirect_uris: [REDIRECT_URI, 'http://localhost/', 'http://127.0.0.1/', ...redirectUris],
      post_logout_redirect_uris: [...postLogoutRedirectUris],
    },
    {
      ...signed,
      client_id: SERVICE.clientId,
      client_secret: SERVICE.clientSecret,
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ];
}

function signingKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' };
}

/** RFC 8707: every access token is a JWT for the one API there is, asked for or not. */
function jwtForAudience(lifetime: () => number) {
  return {
    enabled: true,
    defaultResource: () => AUDIENCE,
    useGrantedResource: () => true,
    getResourceServerInfo: () => ({
      scope: 'openid offline_access',
      accessTokenFormat: 'jwt',
      accessTokenTTL: lifetime(),
      jwt: { sign: { alg: 'ES256' } },
    }),
  };
}

/** oidc-provider counts whole seconds, so that a token of 2 s would live 1 to 2 s; fractions are allowed (RFC 7519 §2). */
function exactLifetime(lifetime: () => number) {
  return (_context: Context, _token: unknown, jwt: { payload: { iat: number; exp: number } }) => {
    jwt.payload.iat = Date.now() / 1000;
    jwt.payload.exp = jwt.payload.iat + lifetime();
  };
}

function keepStats(provider: Provider, stats: AuthorizationServerStats): void {
  const spent = new Set<string>();
  // Two calls that overtake each other inside the server spend the same token twice: reuse as well.
  provider.on('refresh_token.consumed', ({ jti }: { jti: string }) => {
    if (spent.has(jti)) stats.reuse += 1;
    spent.add(jti);
  });
  provider.on('grant.success', ({ oidc }: Context) => {
    if (oidc?.params?.grant_type === 'refresh_token') stats.refreshes += 1;
  });
  provider.on('grant.error', ({ oidc }: Context, error: { error: string; error_detail?: string }) => {
    if (spent.has(oidc?.params?.refresh_token ?? '')) stats.reuse += 1;
    stats.errors.push([error.error, error.error_detail].filter(Boolean).join(': '));
  });
  provider.on('server_error', (_context: Context, error: Error) =>
    stats.errors.push(`server_error: ${error.message}`),
  );
}

/** Without the warning that the embedded login page is for development, which is what it is used for. */
function quietly<T>(create: () => T): T {
  const { warn } = console;
  console.warn = () => {};
  try {
    return create();
  } finally {
    console.warn = warn;
  }
}
