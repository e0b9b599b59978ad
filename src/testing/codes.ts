/** Authorization codes: step A by redirect, for a user who is signed in at once (RFC 6749 §4.1, RFC 7636). */
import type { ServerOptions } from './server-options.ts';
import type { Grant } from './sessions.ts';
import { challengeOf } from './signer.ts';

interface Code {
  readonly grant: Grant;
  readonly redirectUri: string;
  readonly challenge: string;
}

/** Sends the user's browser there. */
export const redirect = (url: URL): Response =>
  new Response(null, { status: 302, headers: { location: url.href, 'cache-control': 'no-store' } });

/** What is no URL is none that anybody is sent to. */
export function urlOf(text: string): URL | undefined {
  // `URL.canParse` is younger than many browsers.
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Of whoever cannot be sent back (RFC 6749 §4.1.2.1). */
export const badRequest = (): Response => Response.json({ error: 'invalid_request' }, { status: 400 });

export function createCodes({ issuer }: Pick<ServerOptions, 'issuer'>) {
  const codes = new Map<string, Code>();
  let count = 0;

  return {
    /** Answers the login page's request: back to the app at once, nobody is asked for a password. */
    authorize(url: string): Response {
      const asked = Object.fromEntries(new URL(url).searchParams);
      const { client_id: clientId, redirect_uri: redirectUri = '', code_challenge: challenge } = asked;
      const back = urlOf(redirectUri);
      if (!clientId || !back) return badRequest();
      const { state, scope, nonce, login_hint: subject = 'user' } = asked;
      if (state) back.searchParams.set('state', state);
      back.searchParams.set('iss', issuer);
      // OAuth 2.1 §4.1.1: no code without a challenge.
      if (asked['response_type'] !== 'code' || !challenge || asked['code_challenge_method'] !== 'S256') {
        back.searchParams.set('error', 'invalid_request');
        back.searchParams.set('error_description', 'a code with code_challenge_method S256 is all there is');
        return redirect(back);
      }
      const code = `code-${++count}`;
      codes.set(code, { grant: { subject, clientId, scope, nonce }, redirectUri, challenge });
      back.searchParams.set('code', code);
      return redirect(back);
    },

    /** What a code is for; it is good once. */
    async exchange(form: Record<string, string>): Promise<Grant | undefined> {
      const { code = '', redirect_uri, client_id, code_verifier = '' } = form;
      const found = codes.get(code);
      codes.delete(code);
      if (!found) return undefined;
      const { grant, redirectUri, challenge } = found;
      const isSame = redirect_uri === redirectUri && client_id === grant.clientId;
      return isSame && (await challengeOf(code_verifier)) === challenge ? grant : undefined;
    },
  };
}

export type Codes = ReturnType<typeof createCodes>;
