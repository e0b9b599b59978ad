/** Sends a call with a token (C), and once more with a good one where that was refused (F). */
import type { Telling } from '../development.ts';
import { asTokenError } from '../errors.ts';
import { abortable, heed } from '../platform/timers.ts';
import type { Held } from '../session/expiry.ts';
import type { Refresher } from '../session/refresher.ts';
import type { Session, Sessions } from '../session/session.ts';
import type { Attach, AttachRequest } from '../types.ts';
import { discard } from './bounded-copy.ts';
import { type Asked, type Call, headerOf, isReplayable, sendCall } from './call.ts';
import type { Captures } from './capture.ts';
import type { CoolDown } from './cool-down.ts';
import type { NotAttached } from './not-attached.ts';
import { isRefused, type RefusalParts } from './refusal.ts';

export interface ReplayParts extends RefusalParts, Refresher, Telling {
  readonly attach: Attach;
  /** Members of it. */
  readonly replace: Attach['replace'];
  readonly onResponse: Attach['onResponse'];
  readonly sessions: Pick<Sessions, 'current' | 'closed'>;
  readonly captures: Captures | undefined;
  readonly coolDown: CoolDown;
  notAttached(...args: Parameters<NotAttached>): void;
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** What the headers that are handed over inherit from: a fetch that hands them back would never come to an end (R7). */
  mark?: object | undefined;
}

/** Whether the header is the caller's own business (R3). */
export const isOwn = ({ replace }: ReplayParts, call: Call, names: object): boolean =>
  !replace && headerOf(call.headers, names) !== undefined;

/** Sends with these headers added, or as the caller wrote it; the answer may bring tokens. */
function send(parts: ReplayParts, call: Asked | Call, added: Record<string, string> = {}, token?: string) {
  const take = parts.captures?.take(call, token);
  parts.mark ??= {};
  const answer = Object.hasOwn(call, 'place')
    ? sendCall(call as Call, parts, added, parts.replace)
    : parts.fetch(call.input as RequestInfo, call.init);
  return take ? take(answer) : answer;
}

/** Sends without our token, and tells why. */
export function sendBare(
  parts: ReplayParts,
  call: Asked | Call,
  reason: Parameters<NotAttached>[1],
): Promise<Response> {
  parts.notAttached(call.target, reason);
  return send(parts, call);
}

/** The token was accepted. */
function accept(parts: ReplayParts, call: Call, held: Held, response: Response): Response {
  if (response.status < 500) parts.coolDown.lift(held.tokens.accessToken, call);
  return response;
}

/** Where a token is optional a request goes out without one while none can be had (R5). */
export function sendWithout(parts: ReplayParts, call: Call, error: unknown): Promise<Response> {
  const isNone = asTokenError(error, 'refresh-failed') ?? asTokenError(error, 'session-ended');
  if (call.place?.token !== 'optional' || !isNone) throw error;
  return sendBare(parts, call, isNone.code === 'session-ended' ? 'signed-out' : 'no-token');
}

/** A request waits until it can leave. Returns what says that it does no more. */
export function enter(session: Session, { target }: Call): () => void {
  session.waiting ??= new Set();
  const { waiting } = session;
  waiting.add(target.place);
  return () => void waiting.delete(target.place);
}

/** After an answer that may refuse the token. */
async function judge(
  parts: ReplayParts,
  call: Call,
  session: Session,
  held: Held,
  response: Response,
  issued?: string,
  isRetry?: boolean,
): Promise<Response> {
  const { coolDown } = parts;
  const { accessToken } = held.tokens;
  if (!(await isRefused(parts, call, response))) return accept(parts, call, held, response);
  if (__DEVELOPMENT__)
    parts.tell?.('refused', { url: call.target.place, method: call.method, status: response.status });
  // A late refusal, of a token that has been replaced since, causes no refresh (R22).
  const isCurrent =
    parts.sessions.current === session && session.state.held?.tokens.accessToken === accessToken;
  // What was issued for this very request and is refused all the same, no refresh can cure.
  const isIssued = issued === accessToken;
  // After a redirect that speaks of the place alone.
  if (isIssued && isCurrent && Date.now() < held.expiresAt)
    coolDown.mark(response.redirected ? undefined : accessToken, call);
  const mayReplay = isReplayable(call);
  // What came from elsewhere is refreshed first, unless it has been: nobody here knows that it was ever good (R23).
  const isAdopted = issued && !isIssued;
  if ((issued !== undefined && !isAdopted) || (isCurrent ? coolDown.until(accessToken, call) : !mayReplay))
    return response;
  const renewed: Promise<unknown> = isCurrent
    ? parts.renew(session, 'rejected', call.signal)
    : parts.obtain(session, undefined, call.signal);
  if (mayReplay) discard(response);
  const leave = enter(session, call);
  try {
    await renewed;
  } catch (error) {
    if (mayReplay) return sendWithout(parts, call, error);
  } finally {
    leave();
  }
  if (!mayReplay) return response;
  const good = session.state.held as Held;
  const isOthers = good.tokens.accessToken !== session.issued;
  const issuedNow = !isAdopted && (isCurrent || isOthers) ? (session.issued ?? 'none') : '';
  return exchange(parts, call, session, good, issuedNow, isRetry);
}

/** What `attach` is told: of one request with one set of tokens the same object, even when it is sent twice. */
export const requestOf = ({ method, target: { href: url } }: Call, { tokens }: Held): AttachRequest => ({
  method,
  url,
  tokens,
});

/** Only a promise is waited for: with a signal that many listen to each further listener takes longer to add. */
export function headersFor(
  { attach }: ReplayParts,
  { signal }: Call,
  session: Session,
  request: AttachRequest,
) {
  const added = attach.headers(request);
  return 'then' in added ? abortable(added as Promise<typeof added>, signal, session.over) : added;
}

/**
 * Sends with tokens. No async function: with a good token each promise more is felt.
 *
 * @param issued - Of a replay that follows a token's issue: the token that was issued here last; of any other: empty.
 * @param isRetry - Whether `attach` has had it sent again.
 */
export function exchange(
  parts: ReplayParts,
  call: Call,
  session: Session,
  held: Held,
  issued?: string,
  isRetry?: boolean,
  request = requestOf(call, held),
  ready?: Record<string, string>,
): Promise<Response> {
  // It may have waited in vain.
  heed(session.over);
  const added = ready ?? headersFor(parts, call, session, request);
  if ('then' in added) {
    return (added as Promise<Record<string, string>>).then((added) =>
      exchange(parts, call, session, held, issued, isRetry, request, added),
    );
  }
  if (isOwn(parts, call, added)) return sendBare(parts, call, 'own-header');
  if (__DEVELOPMENT__)
    parts.tell?.('sent', {
      ...{ url: call.target.place, method: call.method },
      isReplay: !!isRetry || issued !== undefined,
    });
  // Whoever writes a fetch of their own may forget the promise.
  return Promise.resolve(send(parts, call, added, held.tokens.accessToken)).then((response) => {
    if (parts.onResponse?.call(parts.attach, response, request) === 'retry') {
      if (isRetry || !isReplayable(call)) return response;
      discard(response);
      return exchange(parts, call, session, held, issued, true, request);
    }
    const { status } = response;
    return status === 401 || status === 403 || parts.isRejected
      ? judge(parts, call, session, held, response, issued, isRetry)
      : accept(parts, call, held, response);
  });
}
