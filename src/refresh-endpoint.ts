/** Refreshes at a token endpoint or a backend's own route; ky asks again where that may help. */
import ky, { type RetryOptions } from 'ky';
import { checkEach, checkMembers, refuse } from './check.ts';
import {
  type Answer,
  answerOf,
  type EndpointOptions,
  endpointKinds,
  errorOf,
  headersOf,
  type Place,
  placeOf,
  toldOf,
} from './endpoint.ts';
import { TokenError, type TokenErrorCode } from './errors.ts';
import { memberOf, ownMembers } from './own.ts';
import { isBrowser } from './platform/page.ts';
import { heed, type LimitedSignal } from './platform/timers.ts';
import { isBusy, retryAtOf } from './retry-after.ts';
import { grantOf, type TokenRequest } from './token-form.ts';
import type { Refresh, TokenSet, TokenStore } from './types.ts';

/** The options of {@link refreshEndpoint}. Only `url` is required. */
export interface RefreshEndpointOptions extends EndpointOptions, TokenRequest {
  /**
   * - `form`: RFC 6749 §6, form-encoded, with the refresh token and `clientId`.
   * - `json`: a backend's own route; see `body`.
   * - `cookie`: an HttpOnly cookie holds the session; `credentials: 'include'`, no refresh token in the page.
   *
   * @default 'form'
   */
  format?: 'form' | 'json' | 'cookie' | undefined;
  /** Narrows the new token's scope (RFC 6749 §6). */
  scope?: string | undefined;
  /** The API the token is for (RFC 8707 §2.2). */
  resource?: string | string[] | undefined;
  /** More members of the form. */
  parameters?: Record<string, string> | undefined;
  /** The JSON body. @default `{ refreshToken }` for `json`, none for `cookie` */
  body?: ((tokens: TokenSet | undefined) => unknown) | undefined;
  /** Finds the tokens in the answer. @default the answer itself, in snake_case or camelCase */
  read?: ((body: unknown, response: Response) => unknown) | undefined;
  /**
   * Whether an answer says that the session is over, for backends that say it in their own way.
   *
   * @default `error: 'invalid_grant'` in the body, at any status; for `json` and `cookie` also 401
   */
  isSessionEnded?: ((answer: { status: number; body: unknown }) => boolean) | undefined;
}

const aFunction = 'function or undefined';

/** A function: what is spread when a module is loaded is in every bundle. */
const kindsOf = (): Record<keyof RefreshEndpointOptions, string> => ({
  ...endpointKinds,
  format: "'form' or 'json' or 'cookie' or undefined",
  scope: 'string or undefined',
  resource: 'array or string or undefined',
  parameters: 'object or undefined',
  body: aFunction,
  read: aFunction,
  isSessionEnded: aFunction,
});

/** A cookie that several tabs present at once would be taken for stolen. */
function checkStore(store: (TokenStore & { isCookie?: boolean }) | undefined): void {
  if (isBrowser() && !store?.isCookie)
    refuse(
      'options.store',
      store,
      `cookieStore('your-app')${__DEVELOPMENT__ ? ", for format: 'cookie' in a page" : ''}`,
    );
}

/** One refresh, and what its last attempt says about another one. */
interface Call {
  readonly options: RefreshEndpointOptions;
  readonly place: Place;
  readonly tokens: TokenSet | undefined;
  readonly signal: LimitedSignal;
  readonly fetch: typeof fetch;
  readonly body: URLSearchParams | string | undefined;
  keepalive: boolean;
  /** Of an answer that is no end and brings nothing; 0: it was lost; -1: there is no reason to ask again. */
  status: number;
  /** How often that was 403. */
  forbidden: number;
  /** The tokens. */
  found: unknown;
}

/** What a callback of the user's brings; nobody sees what it throws (R70). */
async function ask<T>(callback: () => T, ...known: unknown[]): Promise<Awaited<T>> {
  try {
    return await callback();
  } catch (thrown) {
    const cause = toldOf(thrown, ...known);
    throw new TokenError('refresh-failed', { message: `no new token: ${cause.message}`, cause });
  }
}

function isEnded(options: RefreshEndpointOptions, { status, body }: Answer): boolean {
  const { isSessionEnded } = options;
  if (isSessionEnded) return isSessionEnded({ status, body });
  return (status === 401 && options.format !== 'form') || memberOf(body, 'error') === 'invalid_grant';
}

/** Sends, with headers of its own. A lost answer is `undefined`, and so is one that breaks off. */
async function send(call: Call, headers: Headers): Promise<Answer | undefined> {
  const { options, place, signal, fetch, body, keepalive } = call;
  const init = ownMembers({
    method: 'POST',
    headers,
    body,
    signal,
    keepalive,
    // It would take the refresh token elsewhere, and not every platform knows `error`.
    redirect: 'manual',
    ...(options.format === 'cookie' && { credentials: 'include' }),
  });
  try {
    // Refused where too much is on the way already; once more without.
    call.keepalive = false;
    const response = await fetch(place.href, init as RequestInit);
    call.keepalive = keepalive;
    return await answerOf(response);
  } catch {
    return heed(signal) as undefined;
  }
}

/** Asks once for the tokens; answers what holds them. */
async function attempt(call: Call): Promise<Response> {
  const { options, place, tokens, body } = call;
  const { clientSecret, read } = options;
  call.status = -1;
  const headers = await ask(() => headersOf(options, tokens, body), tokens, clientSecret);
  // Somebody has signed out since the attempt before: nothing is presented any more (R32).
  if (call.signal.isOver?.()) throw new TokenError('session-changed');
  const answer = await send(call, headers);
  const hear = <T>(callback: (answer: Answer) => T) =>
    answer && ask(() => callback(answer), tokens, clientSecret, answer.body);
  const fail = (code: TokenErrorCode, what: string): TokenError => {
    const cause = errorOf(place, answer);
    const retryAt = answer && retryAtOf(answer.response);
    return new TokenError(code, { message: `${what}: ${cause.message}`, cause, retryAt });
  };
  if (await hear((answer) => isEnded(options, answer))) throw fail('session-ended', 'the session is over');
  if (!answer?.response.ok) {
    call.status = answer?.status ?? 0;
    if (call.status === 403) call.forbidden++;
    throw fail('refresh-failed', 'no new token');
  }
  if (answer.body === undefined) throw fail('invalid-token-response', 'more than 1 MB');
  call.found = await hear(({ body, response }) => (read ? read(body, response) : body));
  const names = ['access_token', 'accessToken', 'id_token', 'idToken'];
  if (!names.some((name) => memberOf(call.found, name)))
    throw fail('invalid-token-response', 'no access token, unless `read` of refreshEndpoint finds it');
  return answer.response;
}

/** Asks, and again where that may help. */
async function insist(call: Call): Promise<unknown> {
  const { options, signal } = call;
  // The waiters give up after half of what the signal allows.
  const { deadline = Number.POSITIVE_INFINITY, isAgain } = signal;
  const giveUpAt = (Date.now() + deadline) / 2;
  let delay = 0;
  const retry: RetryOptions = {
    methods: ['post'],
    limit: 2,
    delay: () => delay,
    shouldRetry({ error, retryCount }) {
      const { status, forbidden } = call;
      // As often a stale CSRF header as a firewall.
      const isStale = status === 403 && forbidden < 2 && options.format !== 'form';
      // A lost answer is asked for again at once, while the server may still give it.
      const pause = isStale || (!status && retryCount < 2) ? 0 : 300 * retryCount;
      delay = Math.max(pause, ((error as TokenError).retryAt ?? 0) - Date.now());
      const mayHelp = isStale || !status || isBusy(status);
      // While the server stays down the back-off, which all contexts share, asks often enough.
      const isEnough = signal.aborted || (isAgain && retryCount > 1);
      return mayHelp && !isEnough && Date.now() + delay < giveUpAt;
    },
  };
  // ky says when to ask again; what is asked is made anew each time. A late answer may hold the only living token.
  await ky.post(new Request('https://ky.invalid', { method: 'POST', headers: {} }), {
    ...{ retry, signal, timeout: false, headers: {} },
    fetch: () => attempt(call),
  });
  return call.found;
}

/**
 * A `refresh` for `createTokenManager`: the refresh token grant of RFC 6749 §6 (`form`), a backend's own route
 * (`json`), or an HttpOnly cookie (`cookie`). Lost answers are asked for again at once, 408, 425, 429 and 5xx
 * after `Retry-After` or a back-off, both within the manager's `refreshTimeout`; a 403 of a backend once, at once.
 *
 * @throws TypeError that names the option, the kind of its value and what is allowed: also for `http:` beyond loopback
 * hosts, and for a `clientSecret` in a page.
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
  const own = checkMembers('refreshEndpoint', options, kindsOf());
  own.format ??= 'form';
  const { clientId, format, body, resource, parameters } = own;
  checkEach('refreshEndpoint.resource', [resource ?? []].flat(), 'string');
  checkEach('refreshEndpoint.parameters', parameters ?? {}, 'string or empty');
  const place = placeOf('refreshEndpoint', own);
  const isCookie = format === 'cookie';
  const refresh: Refresh = async ({ tokens, signal, fetch }) => {
    const refreshToken = memberOf(tokens, 'refreshToken') as string | undefined;
    if (!refreshToken && !isCookie && !(format === 'json' && body)) {
      throw new TokenError('session-ended', { message: 'there is no refresh token; sign in again' });
    }
    const json = body ?? (() => (isCookie ? undefined : { refreshToken }));
    const call: Call = {
      ...{ options: own, place, tokens, signal, fetch, status: -1, forbidden: 0, found: undefined },
      body:
        format === 'form'
          ? grantOf(own, `${refreshToken}`)
          : await ask(async () => JSON.stringify(await json(tokens)), tokens),
      // A page that is left would lose the new cookie.
      keepalive: isCookie,
    };
    return insist(call);
  };
  const id = `${place.origin} ${clientId ?? ''}`;
  return Object.assign(refresh, { id }, isCookie && { withoutRefreshToken: true, checkStore });
}
