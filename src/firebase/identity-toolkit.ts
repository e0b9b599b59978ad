/** Refresh and capture for Google Identity Toolkit. */
import { textOf } from '../bounded.ts';
import { misspelt } from '../nearest.ts';
import { memberOf } from '../own.ts';
import { retryAtOf } from '../retry-after.ts';
import type { CaptureRule, Refresh, TokenResponse } from '../types.ts';
import { refuse } from './refuse.ts';

/** The options of {@link identityToolkit}. Only `apiKey` is required. */
export interface IdentityToolkitOptions {
  /** The project's Web API key. It names the project and is no secret; it appears in no error all the same. */
  apiKey: string;
  /** Where the Firebase Auth emulator listens, such as `http://127.0.0.1:9099`. @default Google's servers */
  emulatorOrigin?: string | URL | undefined;
}

/** What {@link identityToolkit} answers, to be spread into the options of `createTokenManager`. */
export interface IdentityToolkit {
  refresh: Refresh;
  capture: CaptureRule[];
}

/** What says that the refresh token is dead; all else may pass. */
const endings = /^(TOKEN_EXPIRED|USER_DISABLED|USER_NOT_FOUND|INVALID_REFRESH_TOKEN)$/;

/** Whose answers replace the tokens of the session. */
const changes = [
  'v1/accounts:update',
  'v2/accounts/mfaEnrollment:finalize',
  'v2/accounts/mfaEnrollment:withdraw',
];

/** Whose answers begin a session. */
const signIns = [
  'v1/accounts:signUp',
  'v1/accounts:signInWithPassword',
  'v1/accounts:signInWithCustomToken',
  'v1/accounts:signInWithIdp',
  'v1/accounts:signInWithEmailLink',
  'v1/accounts:signInWithPhoneNumber',
  'v2/accounts/mfaSignIn:finalize',
];

/** A `TokenError` by name and code, which is how the manager knows it: the root entry is not loaded for it. */
const failure = (isOver: boolean, what: string, retryAt?: number): Error => {
  const message = `securetoken.googleapis.com ${what}`;
  const code = isOver ? 'session-ended' : 'refresh-failed';
  return Object.assign(new Error(message, { cause: new Error(message) }), {
    name: 'TokenError',
    code,
    retryAt,
  });
};

/** Asks for new tokens; what is wrong with the answer becomes an error without token and key. */
async function exchange(send: () => Promise<Response>): Promise<TokenResponse> {
  const ask = async () => {
    const response = await send();
    return { response, text: await textOf(response) };
  };
  // A lost answer, or one that breaks off, costs nothing here: these refresh tokens can be used again.
  const { response, text = '' } =
    (await ask()
      .catch(ask)
      .catch(() => {})) ?? {};
  if (!response) throw failure(false, 'could not be reached');
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {}
  const idToken = memberOf(answer, 'id_token');
  if (response.ok && idToken) return { ...(answer as TokenResponse), access_token: idToken as string };
  const error = memberOf(answer, 'error');
  const said = `${memberOf(error, 'message')}\n${memberOf(error, 'status')}`;
  // A code such as `TOKEN_EXPIRED`, perhaps with words behind ` : `, which may quote what was sent.
  const code = /^([A-Z_]{1,40})( :|$)/m.exec(said)?.[1] ?? '';
  // Browsers show nothing of a redirect, not even its status.
  const what = `answered ${response.status || 302} ${code}`.trim();
  throw failure(endings.test(code), what, retryAtOf(response));
}

/**
 * Refreshes with Google's token service, and takes over the tokens that Identity Toolkit answers to a change of
 * credentials (new password, new e-mail, second factor) and to sign-ins, where they were asked for with
 * `returnSecureToken`. The access token is the ID token; your own API, named in `allow`, is what it is sent to.
 *
 * A lost answer is asked for again once, at once. All other failures are left to the manager's back-off, which obeys
 * `Retry-After`.
 *
 * @throws TypeError that names the option, the kind of its value and what is allowed.
 *
 * @example
 * import { createTokenManager } from 'evertoken';
 * import { identityToolkit } from 'evertoken/firebase';
 *
 * const auth = createTokenManager({
 *   ...identityToolkit({ apiKey: 'AIza...' }),
 *   allow: 'https://api.example.com',
 * });
 */
export function identityToolkit(options: IdentityToolkitOptions): IdentityToolkit {
  const wrong = __DEVELOPMENT__ && misspelt(Object(options), ['apiKey', 'emulatorOrigin']);
  if (wrong) refuse(`options.${wrong.name}`, memberOf(options, wrong.name), `no such name; ${wrong.advice}`);
  const apiKey = memberOf(options, 'apiKey');
  const emulatorOrigin = memberOf(options, 'emulatorOrigin');
  const origin = `${emulatorOrigin ?? 'https://'}`;
  if (typeof apiKey !== 'string' || !apiKey) refuse('options.apiKey', apiKey, 'the Web API key');
  if (!/^(https:\/\/|https?:\/\/[^/?#@]+\/?)$/.test(origin)) {
    refuse('options.emulatorOrigin', emulatorOrigin, 'an http origin');
  }
  const base = origin.replace(/\/$/, '');
  const rule = (paths: string[]): CaptureRule => ({
    url: paths.map((path) => `${base}/identitytoolkit.googleapis.com/${path}`),
    method: 'POST',
  });
  return {
    refresh: Object.assign<Refresh, { id: string }>(
      async ({ tokens, signal, fetch }) => {
        const refreshToken = memberOf(tokens, 'refreshToken');
        if (!refreshToken) throw failure(true, 'needs a refresh token; sign in again');
        const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: `${refreshToken}` });
        const url = `${base}/securetoken.googleapis.com/v1/token?key=${encodeURIComponent(apiKey)}`;
        // A redirect would take the refresh token elsewhere.
        return exchange(() => fetch(url, { method: 'POST', body, signal, redirect: 'manual' }));
      },
      { id: `${base} ${apiKey}` },
    ),
    capture: [rule(changes), { ...rule(signIns), startsSession: true }],
  };
}
