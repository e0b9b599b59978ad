/** Refreshes at a token endpoint or a backend's own route; ky does the call. */
import ky, { isHTTPError, type Options, type RetryOptions } from 'ky';
import { checkMembers, refuse } from './check.ts';
import { TokenError } from './errors.ts';
import { isBrowser } from './platform/page.ts';
import type { LimitedSignal } from './platform/timers.ts';
import { basic, formOf } from './token-form.ts';
import type { Refresh, TokenResponse, TokenSet, TokenSetInput, TokenStore } from './types.ts';

/** `HeadersInit`, which only the types of the DOM know. */
type HeadersInput = NonNullable<RequestInit['headers']>;

/** The options of `refreshEndpoint`. Only `url` is required. */
export interface RefreshEndpointOptions {
  /** The token endpoint, or the backend's own refresh route. */
  url: string | URL;
  /**
   * - `form`: RFC 6749 §6, form-encoded, with the refresh token and `clientId`.
   * - `json`: a backend's own route; see `body`.
   * - `cookie`: an HttpOnly cookie holds the session; `credentials: 'include'`, no refresh token in the page.
   *
   * @default 'form'
   */
  format?: 'form' | 'json' | 'cookie' | undefined;
  clientId?: string | undefined;
  /** For confidential clients in Node; a secret in a page is none. */
  clientSecret?: string | undefined;
  /** RFC 6749 §2.3.1. @default 'client_secret_basic' with a `clientSecret`, else 'none' */
  clientAuth?: 'none' | 'client_secret_basic' | 'client_secret_post' | undefined;
  /** Narrows the new token's scope (RFC 6749 §6). */
  scope?: string | undefined;
  /** The API the token is for (RFC 8707 §2.2). */
  resource?: string | string[] | undefined;
  /** More members of the form. */
  parameters?: Record<string, string> | undefined;
  /** More headers; a function is asked at each refresh, for CSRF tokens that change. */
  headers?: HeadersInput | (() => HeadersInput | Promise<HeadersInput>) | undefined;
  /** The JSON body. @default `{ refreshToken }` for `json`, none for `cookie` */
  body?: ((tokens: TokenSet | undefined) => unknown) | undefined;
  /** Finds the tokens in the answer. @default the answer itself, in snake_case or camelCase */
  read?: ((body: unknown, response: Response) => TokenResponse | TokenSetInput) | undefined;
  /**
   * Whether an answer says that the session is over, for backends that say it in their own way.
   *
   * @default `error: 'invalid_grant'` in the body; for `json` and `cookie` also 401, and 403 with a JSON body
   */
  isSessionEnded?: ((answer: { status: number; body: unknown }) => boolean) | undefined;
}

const text = 'string or undefined';
const aFunction = 'function or undefined';

const kinds: Record<keyof RefreshEndpointOptions, string> = {
  url: 'string or object',
  format: "'form' or 'json' or 'cookie' or undefined",
  clientId: text,
  clientSecret: text,
  clientAuth: "'none' or 'client_secret_basic' or 'client_secret_post' or undefined",
  scope: text,
  resource: 'array or string or undefined',
  parameters: 'object or undefined',
  headers: 'object or array or function or undefined',
  body: aFunction,
  read: aFunction,
  isSessionEnded: aFunction,
};

/** An error code as RFC 6749 §5.2, RFC 8707 §2 and RFC 9449 §5 name them; nothing else may be told of it. */
const knownError = /^(invalid|unauthorized|unsupported|use)_[a-z_]{4,20}$/;

function parse(text: unknown): unknown {
  try {
    return JSON.parse(`${text}`);
  } catch {
    return text;
  }
}

/** When `Retry-After` (seconds, or a date) lets us come again; 0: it does not say. */
function retryAtOf(answer: Answer | undefined): number {
  const value = answer?.response.headers.get('retry-after') ?? '';
  return (/^\d+$/.test(value) ? Date.now() + +value * 1_000 : Date.parse(value)) || 0;
}

/** A cookie that several tabs present at once would be taken for stolen. */
function checkStore(store: (TokenStore & { isCookie?: boolean }) | undefined): void {
  if (isBrowser() && !store?.isCookie)
    refuse('options.store', store, "cookieStore('your-app'), for format: 'cookie' in a page");
}

interface Answer {
  readonly response: Response;
  readonly body: unknown;
}

/** Posts, and again where that may help. Answers with the last answer, if there was any, and never rejects. */
async function post(
  url: string | URL,
  request: Options & { signal: LimitedSignal },
  underlying: typeof fetch,
  isFinal: (answer: Answer | undefined) => boolean,
  isDown: boolean,
): Promise<{ answer: Answer | undefined; isGood: boolean }> {
  let answer: Answer | undefined;
  let delay = 0;
  // The waiters give up after half of what the signal allows.
  const { deadline = Number.POSITIVE_INFINITY } = request.signal;
  const giveUpAt = (Date.now() + deadline) / 2;
  const retry: RetryOptions = {
    methods: ['post'],
    delay: () => delay,
    shouldRetry({ error, retryCount }) {
      const status = isHTTPError(error) ? error.response.status : 0;
      // A lost answer is asked for again at once, while the server may still give it.
      delay = status || retryCount > 1 ? Math.max(300 * retryCount, retryAtOf(answer) - Date.now()) : 0;
      const mayHelp = !status || status >= 500 || [408, 425, 429].includes(status);
      // While the server stays down the manager's back-off asks often enough.
      const isEnough = isDown && retryCount > 1;
      return (
        mayHelp && !isEnough && !isFinal(answer) && !request.signal.aborted && Date.now() + delay < giveUpAt
      );
    },
  };
  let { keepalive = false } = request;
  const send: typeof fetch = async (input, init) => {
    answer = undefined;
    const wished = keepalive;
    // Refused where too much is on the way already; once more without.
    keepalive = false;
    const response = await underlying(input, { ...init, keepalive: wished });
    keepalive = wished;
    // Read here, because an answer that breaks off is a lost answer.
    const body = parse(await response.text());
    answer = { response, body };
    // Browsers show nothing of a redirect, not even its status.
    return new Response(null, { status: response.status || 302, headers: response.headers });
  };
  // The CommonJS build evaluates ky here. Where the platform lacks what it needs, that is no lost answer.
  const call = ky.post;
  // A redirect would take the refresh token elsewhere, and not every platform knows `error`; a late answer may hold the only living one.
  try {
    await call(url, { ...request, retry, fetch: send, redirect: 'manual', timeout: false });
    return { answer, isGood: true };
  } catch {
    return { answer, isGood: false };
  }
}

/** The error of ky holds the request, and with it the token: only this much is told of it. */
function causeOf(url: string | URL, answer: Answer | undefined): Error {
  // Without what may be secret: credentials and query.
  const where = `${url}`.replace(/[?#].*/s, '').replace(/\/\/[^/]*@/, '//');
  if (!answer) return new Error(`${where} could not be reached`);
  const { status } = answer.response;
  const code = (answer.body as { error?: unknown } | null)?.error;
  const error = knownError.test(`${code}`) ? { error: code } : {};
  return Object.assign(new Error(`${where} answered ${status}`), { status, ...error });
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

  const isEnded = (answer: Answer | undefined): boolean => {
    if (!answer) return false;
    const { body, response } = answer;
    const { status } = response;
    if (options.isSessionEnded) return options.isSessionEnded({ status, body });
    const isJson = typeof body === 'object' && body !== null;
    if (isJson && (body as { error?: unknown }).error === 'invalid_grant') return true;
    return format !== 'form' && (status === 401 || (status === 403 && isJson));
  };

  const isCookie = format === 'cookie';
  let isDown = false;
  const refresh: Refresh = async ({ tokens, signal, fetch }) => {
    const { refreshToken } = tokens ?? {};
    if (!refreshToken && !isCookie && !(format === 'json' && body)) {
      throw new TokenError('session-ended', { message: 'there is no refresh token; sign in again' });
    }
    const sent = new Headers(typeof headers === 'function' ? await headers() : headers);
    if (!sent.has('accept')) sent.set('accept', 'application/json');
    if (format === 'form' && clientAuth === 'client_secret_basic') sent.set('authorization', basic(options));
    const json = body ? body(tokens) : format === 'json' ? { refreshToken } : undefined;
    const request: Options & { signal: AbortSignal } = {
      headers: sent,
      signal,
      ...(format === 'form' ? { body: formOf(options, refreshToken, clientAuth) } : { json }),
      // A page that is left would lose the new cookie.
      ...(isCookie && { credentials: 'include', keepalive: true }),
    };
    const { answer, isGood } = await post(url, request, fetch, isEnded, isDown);
    isDown = !isGood && !isEnded(answer);
    if (signal.aborted) throw signal.reason;
    if (isGood && answer && !isEnded(answer)) {
      return read ? read(answer.body, answer.response) : (answer.body as TokenResponse);
    }
    const cause = causeOf(url, answer);
    throw new TokenError(isEnded(answer) ? 'session-ended' : 'refresh-failed', {
      cause,
      retryAt: retryAtOf(answer),
    });
  };
  const id = `${new URL(url, 'https://page').origin} ${options.clientId ?? ''}`;
  return Object.assign(refresh, { id }, isCookie && { withoutRefreshToken: true, checkStore });
}
