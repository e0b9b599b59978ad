/** A user at the login page: authorization code with PKCE, form by form. */
import { createHash, randomBytes } from 'node:crypto';
import type { Fetch, TokenResponse } from 'evertoken';
import type { AuthorizationServer } from './authorization-server.ts';
import { fetchWithCookies } from './cookie-jar.ts';

const MAX_STEPS = 15;

type Server = Pick<
  AuthorizationServer,
  'authorizationEndpoint' | 'tokenEndpoint' | 'clientId' | 'redirectUri'
>;

/**
 * Signs `login` in and gives the authorization server's answer as it is.
 *
 * @param send - Exchanges the code.
 */
export async function signIn(server: Server, login = 'alice', send: Fetch = fetch): Promise<TokenResponse> {
  const verifier = randomBytes(32).toString('base64url');
  const callback = await walkThroughPages(authorizationUrl(server, verifier), server.redirectUri, login);
  const code = callback.searchParams.get('code');
  if (!code) throw new Error(`No authorization code came back: ${callback.searchParams}`);
  const response = await send(server.tokenEndpoint, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: server.clientId,
      redirect_uri: server.redirectUri,
      code,
      code_verifier: verifier,
    }),
  });
  if (!response.ok) throw new Error(`The code was refused: ${response.status} ${await response.text()}`);
  return (await response.json()) as TokenResponse;
}

function authorizationUrl(server: Server, verifier: string): URL {
  const url = new URL(server.authorizationEndpoint);
  url.search = new URLSearchParams({
    client_id: server.clientId,
    response_type: 'code',
    redirect_uri: server.redirectUri,
    scope: 'openid offline_access',
    prompt: 'consent', // without it the server gives no refresh token (OpenID Connect Core §11)
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();
  return url;
}

/** Follows redirects and sends forms until the server sends the browser back to the app. */
export async function walkThroughPages(start: URL, redirectUri: string, login = 'alice'): Promise<URL> {
  const browse = fetchWithCookies();
  let url = start;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < MAX_STEPS; step++) {
    const init: RequestInit = form ? { method: 'POST', body: form } : {};
    const response = await browse(url, { ...init, redirect: 'manual' });
    const location = response.headers.get('location');
    if (location?.startsWith(redirectUri)) return new URL(location);
    if (location) {
      url = new URL(location, url);
      form = undefined;
    } else {
      ({ url, form } = fillIn(await response.text(), url, login));
    }
  }
  throw new Error(`The login did not end within ${MAX_STEPS} pages.`);
}

function fillIn(html: string, page: URL, login: string): { url: URL; form: URLSearchParams } {
  const action = /action="([^"]+)"/.exec(html)?.[1];
  const prompt = /name="prompt" value="([^"]+)"/.exec(html)?.[1];
  if (!action || !prompt) throw new Error(`There is no form on ${page.pathname}: ${html.slice(0, 200)}`);
  const form = new URLSearchParams({ prompt });
  if (prompt === 'login') {
    form.set('login', login);
    form.set('password', 'any will do');
  }
  return { url: new URL(action, page), form };
}
