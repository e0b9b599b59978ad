/** Refreshes at a token endpoint or a backend's own route; ky does the call. */
import ky, { isHTTPError } from 'ky';
import { checkMembers } from './check.ts';
import { TokenError } from './errors.ts';
import type { LimitedSignal } from './timers.ts';
import type { Refresh, RefreshEndpointOptions, TokenResponse, TokenSet } from './types.ts';

const text = 'string or undefined';
const aFunction = 'function or undefined';

const kinds: Record<keyof RefreshEndpointOptions, string> = {
  url: 'string or object',
  format: "'form' or 'json' or 'cookie' or undefined",
  clientId: text,
  clientSecret: text,
  clientAuth: "'none' or 'client_secret_basic' or 'client_secret_post' or undefined",
  scope: text,
  resource: `array or ${text}`,
  parameters: 'object or undefined',
  headers: `object or array or ${aFunction}`,
  body: aFunction,
  read: aFunction,
  isSessionEnded: aFunction,
};

/** RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §5: what may be told of an error. */
const knownErrors = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'invalid_dpop_proof',
  'use_dpop_nonce',
];

function parse(text: unknown): unknown {
  try {
    return JSON.parse(`${text}`);
  } catch {
    return text;
  }
}

/** Form encoding of each half, as RFC 6749 §2.3.1 asks, before base64. */
function basic({ clientId = '', clientSecret = '' }: RefreshEndpointOptions): string {
  const encode = (value: string) => `${new URLSearchParams({ '': value })}`.slice(1);
  return `Basic ${btoa(`${encode(clientId)}:${encode(clientSecret)}`)}`;
}

/** When `Retry-After` (seconds, or a date) lets us come again; 0: it does not say. */
function retryAtOf(response: Response | undefined): number {
  const value = response?.headers.get('retry-after') ?? '';
  return (/^\d+$/.test(value) ? Date.now() + +value * 1_000 : Date.parse(value)) || 0;
}

/** RFC 6749 §6. */
function formOf(
  options: RefreshEndpointOptions,
  tokens: TokenSet | undefined,
  auth: string,
): URLSearchParams {
  const { clientId, clientSecret, scope, resource, parameters } = options;
  const form = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: tokens?.refreshToken ?? '',
  });
  if (clientId && auth !== 'client_secret_basic') form.set('client_id', clientId);
  if (clientSecret && auth === 'client_secret_post') form.set('client_secret', clientSecret);
  if (scope) form.set('scope', scope);
  for (const uri of [resource ?? []].flat()) form.append('resource', uri);
  for (const name in parameters) form.set(name, `${parameters[name]}`);
  return form;
}

/**
 * A `refresh` for `createTokenManager`: the refresh token grant of RFC 6749 §6 (`form`), a backend's own route
 * (`json`), or an HttpOnly cookie (`cookie`). Lost answers are asked for again at once, 408, 425, 429 and 5xx
 * after `Retry-After` or a back-off, both within the manager's `refreshTimeout`.
 *
 * @throws TypeError that names the option, the kind of its value and what is allowed.
 *
 * @example
 * import { createTokenManager, refreshEndpoint } from 'evertoken';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' }),
 *   allow: 'https://api.example.com',
 * });
 */
export function refreshEndpoint(options: RefreshEndpointOptions): Refresh {
  checkMembers('refreshEndpoint', options, kinds);
  const { url, format = 'form', clientSecret, headers, body, read } = options;
  const { clientAuth = clientSecret ? 'client_secret_basic' : 'none' } = options;
  // Without what may be secret: credentials and query.
  const where = `${url}`.replace(/[?#].*/s, '').replace(/\/\/[^/]*@/, '//');

  const isEnded = (status: number, answer: unknown): boolean => {
    if (options.isSessionEnded) return options.isSessionEnded({ status, body: answer });
    const isJson = typeof answer === 'object' && answer !== null;
    if (isJson && (answer as { error?: unknown }).error === 'invalid_grant') return true;
    return format !== 'form' && (status === 401 || (status === 403 && isJson));
  };

  const refresh: Refresh = async ({ tokens, signal, fetch }) => {
    if (format !== 'cookie' && !tokens?.refreshToken) {
      throw new TokenError('session-ended', { message: 'there is no refresh token; sign in again' });
    }
    const sent = new Headers(typeof headers === 'function' ? await headers() : headers);
    if (!sent.has('accept')) sent.set('accept', 'application/json');
    if (format === 'form' && clientAuth === 'client_secret_basic') sent.set('authorization', basic(options));
    const json = body ? body(tokens) : format === 'json' ? { refreshToken: tokens?.refreshToken } : undefined;
    const content =
      format === 'form' ? { body: formOf(options, tokens, clientAuth) } : json !== undefined && { json };
    let answer: Response | undefined;
    let answered: unknown;
    let delay = 0;
    // The waiters give up after half of what the signal allows.
    const { deadline = Number.POSITIVE_INFINITY } = signal as LimitedSignal;
    const giveUpAt = (Date.now() + deadline) / 2;
    const isEndedNow = () => !!answer && isEnded(answer.status, answered);
    try {
      await ky.post(url, {
        ...content,
        ...(format === 'cookie' && { credentials: 'include' }),
        headers: sent,
        signal,
        redirect: 'error', // a redirect would take the refresh token elsewhere
        timeout: false, // a late answer may hold the only living refresh token
        retry: {
          methods: ['post'],
          delay: () => delay,
          shouldRetry({ error, retryCount }) {
            const lost = !isHTTPError(error);
            const status = lost ? 500 : error.response.status;
            delay = lost && retryCount === 1 ? 0 : Math.max(300 * retryCount, retryAtOf(answer) - Date.now());
            const mayHelp = status >= 500 || [408, 425, 429].includes(status);
            return mayHelp && !signal.aborted && !isEndedNow() && Date.now() + delay < giveUpAt;
          },
        },
        // An answer whose body breaks off is a lost answer.
        async fetch(input, init) {
          answer = undefined;
          const response = await fetch(input, init);
          const body = await response.text();
          answer = response;
          answered = parse(body);
          return new Response(null, { status: Math.max(response.status, 200), headers: response.headers });
        },
      });
    } catch {
      signal.throwIfAborted();
      // The error of ky holds the request, and with it the token: only this much is told of it.
      const code = `${(answered as { error?: unknown } | null | undefined)?.error}`;
      const isCode = answer && knownErrors.includes(code);
      const cause = new Error(`${where} ${answer ? `answered ${answer.status}` : 'could not be reached'}`);
      Object.assign(cause, { status: answer?.status }, isCode && { error: code });
      throw new TokenError(isEndedNow() ? 'session-ended' : 'refresh-failed', {
        cause,
        retryAt: retryAtOf(answer),
      });
    }
    if (isEndedNow()) throw new TokenError('session-ended');
    return read ? read(answered, answer as unknown as Response) : (answered as TokenResponse);
  };
  if (format === 'cookie') refresh.withoutRefreshToken = true;
  return refresh;
}
