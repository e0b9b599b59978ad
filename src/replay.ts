/** Takes a call of fetch as it is at this moment, so that it can be sent later and once more. */

/** A call, independent of what its caller does afterwards to the objects that were handed over. */
export interface Call {
  readonly input: string | Request;
  readonly init: RequestInit | undefined;
  readonly headers: Headers | Record<string, string>;
  readonly method: string;
  readonly signal: AbortSignal | null | undefined;
  /** Whether it can be sent twice: a stream cannot. */
  readonly isReplayable: boolean;
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

/** Also one of another realm, or of a polyfill. */
export const isRequest = (input: unknown): input is Request =>
  typeof input !== 'string' && tagOf(input) === 'Request';

const isIterable = (headers: HeadersInit): headers is Headers | [string, string][] =>
  Symbol.iterator in headers;

/** Whether the caller has set this header. */
export function hasHeader({ headers }: Call, name: string): boolean {
  if (isIterable(headers)) return headers.has(name);
  for (const own in headers) {
    if (own.length === name.length && own.toLowerCase() === name.toLowerCase()) return true;
  }
  return false;
}

/** A body of its own for what the caller could still change; strings and blobs cannot be changed. */
function ownBody(body: BodyInit): BodyInit {
  const tag = tagOf(body);
  if (ArrayBuffer.isView(body))
    return body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) as ArrayBuffer;
  if (tag === 'ArrayBuffer') return (body as ArrayBuffer).slice(0);
  if (tag !== 'URLSearchParams' && tag !== 'FormData') return body;
  const copy = tag === 'FormData' ? new FormData() : new URLSearchParams();
  (body as FormData).forEach((value, name) => {
    copy.append(name, value as string);
  });
  return copy;
}

/** A copy of an init, with what it inherits where it is no plain object: fetch reads that too. */
function ownInit(init: RequestInit): RequestInit {
  const copy: Record<string, unknown> = { ...init };
  for (let from = Object.getPrototypeOf(init); from && Object.getPrototypeOf(from); ) {
    for (const name of Object.getOwnPropertyNames(from)) copy[name] ??= init[name as keyof RequestInit];
    from = Object.getPrototypeOf(from);
  }
  return copy;
}

/**
 * Takes a call. Only the caller's stream stays the caller's: it cannot be copied without being read.
 *
 * @param href - What a relative URL means now; the page may move on before it is sent.
 */
export function takeCall(input: RequestInfo | URL, init: RequestInit | undefined, href: string): Call {
  if (init && isRequest(init)) return takeCall(new Request(input, init), undefined, href);
  const own = init && ownInit(init);
  const request = isRequest(input) ? input : undefined;
  const { method = request?.method ?? 'GET', signal = request?.signal, body } = own ?? {};
  const headers = own?.headers ?? request?.headers ?? {};
  const isObject = typeof body === 'object' && body !== null;
  if (own && isObject) own.body = ownBody(body);
  const url = `${input}`;
  return {
    // Where the init brings a body, that of the Request may have been read.
    input: request ? (body ? request : request.clone()) : /^https?:/i.test(url) ? url : href,
    init: own,
    headers: isIterable(headers) ? new Headers(headers) : { ...headers },
    method: /^(get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method,
    signal,
    isReplayable: !isObject || !('getReader' in body || Symbol.asyncIterator in body),
  };
}

/**
 * Sends a call with headers added. May be done again where the call is replayable. The platform drops
 * `Authorization` at a cross-origin redirect and no other header: with one of those a redirect is an error.
 */
export function sendCall(
  { input, init, headers }: Call,
  fetch: (input: RequestInfo, init?: RequestInit) => Promise<Response>,
  added: Record<string, string>,
): Promise<Response> {
  const request = typeof input === 'object' ? input : undefined;
  // The body of a Request can be read once, and whoever keeps what was sent finds it as it was: a copy is sent.
  const copy = request && !init?.body ? request.clone() : input;
  let isKept = false;
  for (const name in added) isKept ||= name.toLowerCase() !== 'authorization';
  // Any init makes fetch forget the referrer of a Request, so its headers are written in place.
  const isBare = copy !== input && !isKept && !(init && Object.keys(init).length);
  let merged: HeadersInit = { ...headers, ...added } as Record<string, string>;
  if (isIterable(headers)) {
    merged = isBare ? (copy as Request).headers : new Headers(headers);
    for (const name in added) merged.set(name, `${added[name]}`);
  }
  if (isBare) return fetch(copy);
  const { redirect = request && request.redirect !== 'follow' ? request.redirect : 'error' } = init ?? {};
  return fetch(copy, { ...init, headers: merged, ...(isKept && { redirect }) });
}
