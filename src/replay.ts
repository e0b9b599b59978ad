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

/** The headers as fetch would send them: those of `init` replace those of a `Request`. */
export const headersOf = (input: RequestInfo | URL, init: RequestInit | undefined): HeadersInit =>
  init?.headers ?? (isRequest(input) ? input.headers : {});

/** The method as fetch would send it: these it writes in upper case, and no others. */
export function methodOf(input: RequestInfo | URL, init: RequestInit | undefined): string {
  const method = init?.method ?? (isRequest(input) ? input.method : 'GET');
  return /^(get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method;
}

/** Whether this header is among them. */
export function hasHeader(headers: HeadersInit, name: string): boolean {
  if (isIterable(headers)) return new Headers(headers).has(name);
  for (const own in headers) if (own.toLowerCase() === name.toLowerCase()) return true;
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

/** Takes a call. Only the caller's stream stays the caller's: it cannot be copied without being read. */
export function takeCall(input: RequestInfo | URL, init: RequestInit | undefined): Call {
  const prototype = init && Object.getPrototypeOf(init);
  // An init that is no plain object has members that a copy would miss (a Request is one).
  if (prototype && Object.getPrototypeOf(prototype)) return takeCall(new Request(input, init), undefined);
  const headers = headersOf(input, init);
  const request = isRequest(input) && new Request(input);
  const { signal = request ? request.signal : undefined, body } = init ?? {};
  return {
    input: request || `${input}`,
    init: init && { ...init, ...(body && { body: ownBody(body) }) },
    headers: isIterable(headers) ? new Headers(headers) : { ...headers },
    method: methodOf(input, init),
    signal,
    isReplayable: !body || typeof body === 'string' || !('getReader' in body || Symbol.asyncIterator in body),
  };
}

/** Sends a call with headers added. May be done again where the call is replayable. */
export function sendCall(
  { input, init, headers }: Call,
  fetch: (input: RequestInfo, init?: RequestInit) => Promise<Response>,
  added: Record<string, string> = {},
  redirect?: RequestRedirect,
): Promise<Response> {
  // The body of a Request can be read once: what is sent is a copy.
  const copy = typeof input === 'string' ? input : input.clone();
  let merged = { ...headers, ...added } as HeadersInit;
  if (isIterable(headers)) {
    // Any init makes fetch forget the referrer of a Request, so its headers are written in place.
    const isBare = typeof copy === 'object' && !init && !redirect;
    const target = isBare ? copy.headers : new Headers(headers);
    for (const name in added) target.set(name, `${added[name]}`);
    if (isBare) return fetch(copy);
    merged = target;
  }
  return fetch(copy, { ...(redirect && { redirect }), ...init, headers: merged });
}
