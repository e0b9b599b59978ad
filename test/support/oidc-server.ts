/** An OpenID Connect server of the test's own, as a `fetch`, whose every answer an attacker may have changed. */
import { createOidcClient, type OidcClientOptions, OidcError } from 'evertoken/oidc';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { onTestFinished, vi } from 'vitest';

export const ISSUER = 'https://as.example.com';
export const APP = 'https://app.example.com';
export const CALLBACK = `${APP}/callback`;

const keys = Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);

export interface Call {
  readonly url: string;
  readonly form: Record<string, string>;
  readonly headers: Headers;
  readonly init: RequestInit | undefined;
}

/** Parts of the server's answers to be changed by a test. */
export interface Tampering {
  metadata?: Record<string, unknown>;
  /** Claims of the ID token; `undefined` leaves one out. */
  claims?: Record<string, unknown>;
  /** The ID token is signed with a key that is not the server's. */
  isForged?: boolean;
  /** The token endpoint's answer instead of tokens. */
  answer?: (call: Call) => Response | Promise<Response> | undefined;
  /** Members of the token endpoint's answer. */
  tokens?: Record<string, unknown>;
  /** Members of the device authorization endpoint's answer. */
  device?: Record<string, unknown>;
  /** The callback's parameters. */
  callback?: Record<string, string | undefined>;
}

export async function createOidcServer(tampering: Tampering = {}, issuer = ISSUER) {
  const [own, foreign] = await keys;
  const calls: Call[] = [];
  const asked = new Map<string, URLSearchParams>();
  const pushed = new Map<string, URLSearchParams>();
  const devices = new Map<string, URLSearchParams>();
  let number = 0;

  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    revocation_endpoint: `${issuer}/revoke`,
    end_session_endpoint: `${issuer}/logout`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    device_authorization_endpoint: `${issuer}/device`,
    authorization_response_iss_parameter_supported: true,
    id_token_signing_alg_values_supported: ['ES256'],
    ...tampering.metadata,
  });

  async function idToken(nonce?: string | null): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      iss: issuer,
      aud: 'spa',
      sub: 'alice',
      iat: now,
      exp: now + 300,
      auth_time: now,
      nonce: nonce ?? undefined,
    };
    const payload = JSON.parse(JSON.stringify({ ...claims, ...tampering.claims })) as JWTPayload;
    const jwt = new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k' });
    return jwt.sign((tampering.isForged ? foreign : own).privateKey);
  }

  async function issue(request: URLSearchParams | undefined): Promise<Response> {
    number++;
    const isOpenId = request?.get('scope')?.split(' ').includes('openid') ?? true;
    return Response.json({
      access_token: `access-${number}`,
      refresh_token: `refresh-${number}`,
      token_type: 'Bearer',
      expires_in: 300,
      ...(isOpenId && { id_token: await idToken(request?.get('nonce')) }),
      ...tampering.tokens,
    });
  }

  async function isProven(form: Record<string, string>): Promise<boolean> {
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(form['code_verifier']));
    const challenge = Buffer.from(digest).toString('base64url');
    return asked.get(`${form['code']}`)?.get('code_challenge') === challenge;
  }

  async function token(call: Call): Promise<Response> {
    const answer = await tampering.answer?.(call);
    if (answer) return answer;
    const { form } = call;
    if (form['grant_type'] === 'refresh_token') return issue(undefined);
    const device = devices.get(`${form['device_code']}`);
    if (device) return issue(device);
    if (!(await isProven(form))) return Response.json({ error: 'invalid_grant' }, { status: 400 });
    return issue(asked.get(`${form['code']}`));
  }

  function push({ form }: Call): Response {
    const request_uri = `urn:ietf:params:oauth:request_uri:${pushed.size}`;
    pushed.set(request_uri, new URLSearchParams(form));
    return Response.json({ request_uri, expires_in: 60 }, { status: 201 });
  }

  /** Whoever asks with the code is granted at once, unless `answer` says otherwise. */
  function beginDevice({ form }: Call): Response {
    const device_code = `device-${devices.size}`;
    devices.set(device_code, new URLSearchParams(form));
    return Response.json({
      device_code,
      user_code: 'WDJB-MJHT',
      verification_uri: `${issuer}/activate`,
      verification_uri_complete: `${issuer}/activate?user_code=WDJB-MJHT`,
      expires_in: 600,
      ...tampering.device,
    });
  }

  const answers: Record<string, (call: Call) => Response | Promise<Response>> = {
    '/.well-known/openid-configuration': () => Response.json(metadata()),
    '/token': token,
    '/par': push,
    '/device': beginDevice,
    '/revoke': () => new Response(),
    '/jwks': async () =>
      Response.json({ keys: [{ ...(await exportJWK(own.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }] }),
  };

  const fetch = vi.fn(async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? `${input}`);
    const body = request ? new URLSearchParams(await request.text()) : init?.body;
    const form = Object.fromEntries(body instanceof URLSearchParams ? body : []);
    const call = { url: url.href, form, headers: new Headers(init?.headers), init };
    calls.push(call);
    return answers[url.pathname]?.(call) ?? new Response(null, { status: 404 });
  });

  return {
    fetch,
    answers,
    /** Requests in order. */
    calls,
    to: (path: string) => calls.filter(({ url }) => new URL(url).pathname === path),
    /** The user signs in at this URL of the server; answers where they are sent back to. */
    login(url: string, mode: 'query' | 'fragment' = 'query'): string {
      const { searchParams } = new URL(url);
      const request = pushed.get(`${searchParams.get('request_uri')}`) ?? searchParams;
      const code = `code-${asked.size}`;
      asked.set(code, request);
      const back = { code, state: request.get('state'), iss: issuer, ...tampering.callback };
      const parameters = new URLSearchParams(JSON.parse(JSON.stringify(back)));
      const callback = new URL(`${request.get('redirect_uri')}`);
      if (mode === 'fragment') callback.hash = `${parameters}`;
      else for (const [name, value] of parameters) callback.searchParams.append(name, value);
      return callback.href;
    },
  };
}

export type OidcServer = Awaited<ReturnType<typeof createOidcServer>>;

/** Web Storage's own way: what is kept are the object's own keys. */
export function createWebStorage(): Storage & Record<string, string> {
  const methods = {
    getItem(this: Record<string, string>, key: string) {
      return Object.hasOwn(this, key) ? this[key] : null;
    },
    setItem(this: Record<string, string>, key: string, value: string) {
      this[key] = value;
    },
    removeItem(this: Record<string, string>, key: string) {
      delete this[key];
    },
  };
  return Object.create(methods);
}

/** A client of that server in a page that is left through `navigate`, and the URLs it was left for. */
export function createApp(server: OidcServer, options: Partial<OidcClientOptions> = {}) {
  const left: string[] = [];
  const storage = createWebStorage();
  const client = createOidcClient({
    issuer: ISSUER,
    clientId: 'spa',
    redirectUri: CALLBACK,
    storage,
    navigate: (url) => left.push(url),
    fetch: server.fetch,
    ...options,
  });
  return {
    client,
    /** Unless another one is given. */
    storage,
    /** The URLs it was left for. */
    left,
    /** The parameters of the last one. */
    asked: () => Object.fromEntries(new URL(`${left.at(-1)}`).searchParams),
    /** A whole sign-in. */
    async signIn(asked?: Parameters<typeof client.signInRedirect>[0]) {
      await client.signInRedirect(asked);
      return client.handleRedirect(server.login(`${left.at(-1)}`));
    },
  };
}

/** What a promise rejects with; it has to be an OidcError. */
export async function failureOf(promise: Promise<unknown>): Promise<OidcError> {
  const outcome = await promise.then(
    () => 'it did not reject',
    (error: unknown) => error,
  );
  if (outcome instanceof OidcError) return outcome;
  throw outcome instanceof Error ? outcome : new Error(`${outcome}`);
}

/** A page at this URL, whose address bar shows what the client makes of it. */
export function stubAddressBar(href: string) {
  const location = { href, assign: vi.fn() };
  const history = {
    state: { router: 1 },
    replaceState: vi.fn((_state: unknown, _title: string, url: string) => {
      location.href = url;
    }),
  };
  onTestFinished(() => void vi.unstubAllGlobals());
  vi.stubGlobal('location', location);
  vi.stubGlobal('history', history);
  return { location, history };
}
