/** Takes a call of fetch as it is at this moment, so that it can be sent later and once more. */
import { memberOf, ownMembers } from '../own.ts';
import type { Place } from './allow.ts';
import type { Target } from './target.ts';

/** A call as its caller wrote it. */
export interface Asked {
  readonly target: Target;
  readonly method: string;
  readonly signal: AbortSignal | null | undefined;
  readonly input: RequestInfo | URL;
  readonly init: RequestInit | undefined;
}

/** A call, independent of what its caller does afterwards to the objects that were handed over. */
export interface Call extends Asked {
  /** What allows it. */
  readonly place: Place | undefined;
  readonly input: string | Request;
  /** A copy of a Request with a body, to be sent first: later ones are made of `input`, which nobody has read. */
  spare: Request | null | undefined;
  readonly headers: Record<string, string>;
  /** Its body can be read once, by whoever is first. */
  readonly isStream: boolean;
}

/** Also one of another realm, or of a polyfill: no URL and no init has a body that was used. */
export const isRequest = (input: RequestInfo | URL | RequestInit | undefined): input is Request =>
  // The plain look saves each request 200 ns.
  (input as Partial<Request> | undefined)?.bodyUsed !== undefined &&
  memberOf(input, 'bodyUsed') !== undefined;

/** The first of the headers that has one of these names, in any case. */
export function headerOf(headers: Record<string, string>, names: object): string | undefined {
  for (const own in headers) {
    for (const name in names) {
      const isSame = own.length === name.length && own.toLowerCase() === name.toLowerCase();
      // What a page put on `Object.prototype` is nobody's header (R37).
      if (isSame && Object.hasOwn(headers, own) && Object.hasOwn(names, name)) return own;
    }
  }
  return undefined;
}

/** A copy; what can be iterated once is iterated now. */
const ownHeaders = (headers: HeadersInit | undefined): Record<string, string> =>
  headers && Symbol.iterator in headers
    ? Object.fromEntries(memberOf(headers, 'append') ? headers : new Headers(headers))
    : { ...headers };

/** Whether it can be sent once more: not what streams, nor a Request that its caller has read meanwhile. */
export const isReplayable = ({ isStream, spare, input }: Call): boolean =>
  !isStream && (spare === undefined || !(input as Request).bodyUsed);

/** A body of its own for what the caller could still change; strings and blobs cannot be changed. */
function ownBody(body: object): BodyInit {
  if (memberOf(body, 'byteLength') !== undefined) {
    const { buffer = body as ArrayBuffer, byteOffset, byteLength } = body as Partial<Uint8Array<ArrayBuffer>>;
    return new Uint8Array(buffer, byteOffset, byteLength).slice();
  }
  // React Native's cannot be walked.
  if (!memberOf(body, 'append') || !memberOf(body, 'forEach')) return body as BodyInit;
  // Of its own class: it may be another realm's, or a polyfill's.
  const copy: FormData = new (body.constructor as typeof FormData)();
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
 * Takes a call: of its Request, where there is one, else of its URL. Only the caller's stream stays the caller's: it
 * cannot be copied without being read.
 */
export function takeCall(
  request: Request | undefined,
  init: RequestInit | undefined,
  target: Target,
  method: string,
  signal?: AbortSignal | null,
  place?: Place,
): Call {
  if (isRequest(init)) {
    const whole = new Request(request ?? target.input, init);
    return takeCall(whole, undefined, target, method, signal, place);
  }
  let own = init && ownInit(init);
  // In a page any init makes fetch forget the referrer of a Request, and headers will be added to this one.
  if (request && 'location' in globalThis && !(own && Object.keys(own).length)) {
    own = ownMembers({ referrer: request.referrer, referrerPolicy: request.referrerPolicy });
  }
  const body = own?.body;
  const isObject = typeof body === 'object' && !!body;
  if (own && isObject) own.body = ownBody(body);
  return {
    target,
    place,
    method:
      method !== 'GET' && /^(get|head|post|put|delete|options)$/i.test(method)
        ? method.toUpperCase()
        : method,
    signal,
    input: request ?? target.input,
    // Where the init brings a body, that of the Request may have been read; some platforms do not show it.
    spare: request && !body && request.body !== null ? request.clone() : undefined,
    init: own,
    headers: ownHeaders(own?.headers ?? request?.headers),
    isStream: isObject && (Symbol.asyncIterator in body || !!memberOf(body, 'getReader')),
  };
}

/** @throws TypeError where a fetch is our own, which would never come to an end (R7). */
export function refuseLoop(name = 'options.fetch', expected = 'the original one'): never {
  throw new TypeError(`evertoken: ${name} is auth.fetch; expected ${expected}`);
}

/**
 * Sends a call with headers added. May be done again where the call is replayable. The platform drops
 * `Authorization` at a cross-origin redirect and no other header: with one of those a redirect is an error.
 *
 * @param parts.mark - What the headers inherit from, by which they are known again.
 * @param replace - Whether the caller's own headers of these names give way.
 */
export function sendCall(
  call: Call,
  parts: { fetch(input: RequestInfo, init?: RequestInit): Promise<Response>; mark?: object | undefined },
  added: Record<string, string>,
  replace?: boolean,
): Promise<Response> {
  const { input, spare, init } = call;
  // Whoever keeps what was sent finds it as it was.
  const copy = spare === undefined ? input : (spare ?? (input as Request).clone());
  if (spare) call.spare = null;
  const headers: Record<string, string> = Object.assign(Object.create(parts.mark as object), call.headers);
  let own = replace && headerOf(headers, added);
  while (own) {
    delete headers[own];
    own = headerOf(headers, added);
  }
  Object.assign(headers, added);
  // Fetch reads what an init inherits: of the caller's that is their page's business, ours inherits nothing (R37).
  const whole: RequestInit = { ...init, headers };
  const sent = init && 'toString' in init ? whole : ownMembers(whole);
  for (const name in added) {
    // What a page put on `Object.prototype` is nobody's header (R37). The plain comparison saves each request 60 ns.
    if (name !== 'authorization' && Object.hasOwn(added, name) && !/^authorization$/i.test(name))
      sent.redirect =
        ownMembers(init).redirect ?? ((input as Partial<Request>).redirect === 'manual' ? 'manual' : 'error');
  }
  return parts.fetch(copy, sent);
}
