/** What the endpoints of an authorization server share: where they are, how they are asked, what may be told of an answer. */
import { textOf } from './bounded.ts';
import { checkEach, kindOf, refuse } from './check.ts';
import { memberOf } from './own.ts';
import { isBrowser } from './platform/page.ts';
import { targetOf } from './request/target.ts';
import { summaryOf } from './summary.ts';
import { basicOf, type Client } from './token-form.ts';
import type { TokenSet } from './types.ts';

/** Headers as `fetch` takes them. */
export type HeadersInput = Headers | Record<string, string> | [string, string][];

/** The options that both endpoints have. Only `url` is required. */
export interface EndpointOptions extends Client {
  /**
   * Where it is. A relative URL is one of the page that creates it, and of none later; where there is no page, as on a
   * server that renders the module, it can be created and not be used.
   */
  url: string | URL;
  clientId?: string | undefined;
  /** For confidential clients. A `TypeError` in a page or worker: everybody can read it there. */
  clientSecret?: string | undefined;
  /** RFC 6749 §2.3.1. @default 'client_secret_basic' with a `clientSecret`, else 'none' */
  clientAuth?: 'none' | 'client_secret_basic' | 'client_secret_post' | undefined;
  /**
   * More headers; a function is asked anew for each attempt, also for those that are made again after a failure, for
   * CSRF tokens that change. One that throws means "not now", and sends nothing.
   */
  headers?:
    | HeadersInput
    | ((tokens: TokenSet | undefined) => HeadersInput | Promise<HeadersInput>)
    | undefined;
  /** Lets tokens travel over `http:` beyond loopback hosts, for a network that you trust. @default false */
  insecure?: boolean | undefined;
}

const text = 'string or undefined';

/** For `checkMembers`. */
export const endpointKinds: Record<keyof EndpointOptions, string> = {
  url: 'string or object',
  clientId: text,
  clientSecret: text,
  clientAuth: "'none' or 'client_secret_basic' or 'client_secret_post' or undefined",
  headers: 'object or array or function or undefined',
  insecure: 'boolean or undefined',
};

/** Where an endpoint is. */
export interface Place {
  /** What is sent to. */
  readonly href: string;
  /** Without what may be secret: credentials and query. */
  readonly place: string;
  readonly origin: string;
}

/**
 * Checks the options, and finds the place: once, because a page's base may change.
 *
 * @throws TypeError that names the option and says what to write.
 */
export function placeOf(label: string, { url, insecure, clientSecret, headers }: EndpointOptions): Place {
  const isText = typeof url === 'string';
  const href = isText ? url : `${memberOf(url, 'href')}`;
  const target = targetOf(href);
  const origin = target?.root.slice(0, -1) ?? '';
  // What is relative and has no page is nobody's yet.
  const isUrl = isText || href !== 'undefined';
  const isFine =
    isUrl &&
    (target ? target.isSecure || (insecure && /^http:/.test(target.href)) : !/^[a-z][\w+.-]*:/i.test(href));
  if (!isFine) {
    const given = (isUrl && origin) || kindOf(url);
    throw new TypeError(`evertoken: ${label}.url is ${given}; expected https, or http with insecure: true`);
  }
  if (clientSecret && isBrowser())
    refuse(
      `${label}.clientSecret`,
      clientSecret,
      `none in a page or worker${__DEVELOPMENT__ ? ', where everybody can read it' : ''}`,
    );
  if (headers && typeof headers !== 'function' && typeof (headers as Headers).get !== 'function') {
    const isList = Array.isArray(headers);
    const name = `${label}.headers`;
    checkEach(name, headers, isList ? 'array' : 'string or empty');
    if (isList) checkEach(name, Object.fromEntries(headers), 'string or empty');
  }
  return { ...(target ?? { href, place: href.replace(/[?#].*/s, '') }), origin };
}

/**
 * What may be told of what a callback of the user's threw (R70).
 *
 * @param known - Tokens, secrets, answers: every text in there may be a token.
 */
export function toldOf(thrown: unknown, ...known: unknown[]): Error {
  const texts: string[] = [];
  JSON.stringify(known, (name, value) => {
    if (typeof value === 'string' && value.length > 5 && !/type/i.test(name)) texts.push(value);
    return value;
  });
  return summaryOf(thrown, texts);
}

/** The headers of one attempt. */
export async function headersOf(
  { headers, ...client }: EndpointOptions,
  tokens: TokenSet | undefined,
  body: URLSearchParams | string | undefined,
): Promise<Headers> {
  const sent = new Headers(typeof headers === 'function' ? await headers(tokens) : headers);
  const isJson = typeof body === 'string';
  const authorization = body && !isJson && basicOf(client);
  if (authorization) sent.set('authorization', authorization);
  if (!sent.has('accept')) sent.set('accept', 'application/json');
  if (isJson && !sent.has('content-type')) sent.set('content-type', 'application/json');
  return sent;
}

/** An answer, as far as it was read. */
export interface Answer {
  readonly response: Response;
  readonly status: number;
  /** JSON, or text; `undefined` where it is longer than anything that makes sense. */
  readonly body: unknown;
}

export async function answerOf(response: Response): Promise<Answer> {
  let body: unknown = await textOf(response);
  try {
    body = JSON.parse(`${body}`);
  } catch {}
  // Browsers show nothing of a redirect, not even its status.
  return { response, status: response.status || 302, body };
}

/** What may be told of an answer, or of none. */
export function errorOf({ place }: Place, answer: Answer | undefined): Error {
  if (!answer) return new Error(`${place} could not be reached`);
  const { status, body } = answer;
  // RFC 6749 §4.1.2.1, §5.2, RFC 7009 §2.2.1, RFC 8707 §2, RFC 9449 §5, §8: a code of another form may be a token.
  const known = /^(invalid|server|temporarily|unauthorized|unsupported|use)_[a-z_]{4,20}$/;
  const [error] = known.exec(`${memberOf(body, 'error') ?? ''}`) ?? [];
  const message = `${place} answered ${status}${error ? ` ${error}` : ''}`;
  return Object.assign(new Error(message), { status }, error && { error });
}
