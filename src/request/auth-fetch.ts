/** The fetch that carries the token (C), sees expiry (E), recognises a refusal (F) and replays. */
import { abortable, heed } from '../platform/timers.ts';
import type { Sharing } from '../session/commit.ts';
import type { Held } from '../session/expiry.ts';
import type { Refresher } from '../session/refresher.ts';
import type { Session, Sessions } from '../session/session.ts';
import type { Attach, AttachRequest } from '../types.ts';
import { type Matcher, targetOf } from './allow.ts';
import { type Call, hasHeader, isReplayable, isRequest, sendCall, takeCall } from './call.ts';
import type { Capture, CaptureCall } from './capture.ts';
import type { CoolDown } from './cool-down.ts';
import { discard, isRefused, type RefusalParts } from './refusal.ts';

export interface AuthFetchParts extends RefusalParts, Refresher {
  readonly allow: Matcher;
  readonly attach: Attach;
  readonly sessions: Pick<Sessions, 'current'>;
  readonly sharing: Pick<Sharing, 'isOpening'>;
  /** The session that is there once it is known. */
  settled(signal: AbortSignal | null | undefined): Promise<Session>;
  readonly capture: Capture | undefined;
  readonly coolDown: CoolDown;
  readonly fetch: typeof fetch;
}

/** Whoever sets it attaches a token of their own, wherever `attach` puts ours. */
const reserved = { authorization: '' };

/** Sends with these headers added; the answer may bring tokens. */
function send(
  { capture, fetch }: AuthFetchParts,
  call: Call,
  added: Record<string, string> = {},
  token?: string,
) {
  const take = capture?.(call, token);
  const answer = sendCall(call, fetch, added);
  return take ? take(answer) : answer;
}

/** Sends as the caller wrote it; the answer may bring tokens. */
function pass(
  { capture, fetch }: AuthFetchParts,
  call: CaptureCall,
  input: RequestInfo | URL,
  init: RequestInit | undefined,
) {
  const take = capture?.(call);
  const answer = fetch(input, init);
  return take ? take(answer) : answer;
}

/** The token was accepted. */
function accept({ coolDown }: AuthFetchParts, call: Call, { tokens }: Held, response: Response): Response {
  if (response.status < 500) coolDown.lift(tokens.accessToken, call);
  return response;
}

/** After an answer that may refuse the token. */
async function judge(
  parts: AuthFetchParts,
  call: Call,
  session: Session,
  held: Held,
  response: Response,
  isIssued?: boolean,
  isRetry?: boolean,
): Promise<Response> {
  const { coolDown } = parts;
  const { accessToken } = held.tokens;
  if (!(await isRefused(parts, call, response))) return accept(parts, call, held, response);
  // A late refusal, of a token that has been replaced since, causes no refresh (R22).
  const isCurrent =
    parts.sessions.current === session && session.state.held?.tokens.accessToken === accessToken;
  // What was issued for this very request and is refused all the same, no refresh can cure. Of a token from elsewhere
  // nobody knows that.
  const isFinal = isIssued && isCurrent && session.issued === accessToken;
  if (isFinal && Date.now() < held.expiresAt) coolDown.mark(accessToken, call);
  const mayReplay = isReplayable(call);
  // What came from another context is refreshed first: nobody here knows that it was ever good (R23).
  const isAdopted = isIssued && isCurrent && !isFinal;
  if (
    (isIssued !== undefined && !isAdopted) ||
    (isCurrent ? coolDown.isMarked(accessToken, call) : !mayReplay)
  )
    return response;
  const renewed: Promise<unknown> = isCurrent
    ? parts.renew(session, 'rejected', call.signal)
    : parts.obtain(session, undefined, call.signal);
  if (!mayReplay) {
    await renewed.catch(() => {});
    return response;
  }
  discard(response);
  await renewed;
  return exchange(parts, call, session, session.state.held as Held, isCurrent && !isAdopted, isRetry);
}

/** What `attach` is told: of one request with one set of tokens the same object, even when it is sent twice. */
const requestOf = ({ method, target: { href: url } }: Call, { tokens }: Held): AttachRequest => ({
  method,
  url,
  tokens,
});

/** Only a promise is waited for: with a signal that many listen to each further listener takes longer to add. */
function headersFor({ attach }: AuthFetchParts, { signal }: Call, session: Session, request: AttachRequest) {
  const added = attach.headers(request);
  return 'then' in added ? abortable(added as Promise<typeof added>, signal, session.over) : added;
}

/**
 * Sends with tokens. No async function: with a good token each promise more is felt.
 *
 * @param isIssued - Of a replay: whether it follows the token's issue.
 * @param isRetry - Whether `attach` has had it sent again.
 */
function exchange(
  parts: AuthFetchParts,
  call: Call,
  session: Session,
  held: Held,
  isIssued?: boolean,
  isRetry?: boolean,
  request = requestOf(call, held),
  ready?: Record<string, string>,
): Promise<Response> {
  // It may have waited in vain.
  heed(session.over);
  const added = ready ?? headersFor(parts, call, session, request);
  if ('then' in added) {
    return (added as Promise<Record<string, string>>).then((added) =>
      exchange(parts, call, session, held, isIssued, isRetry, request, added),
    );
  }
  if (hasHeader(call, added)) return send(parts, call);
  // Whoever writes a fetch of their own may forget the promise.
  return Promise.resolve(send(parts, call, added, held.tokens.accessToken)).then((response) => {
    if (parts.attach.onResponse?.(response, request) === 'retry') {
      if (isRetry || !isReplayable(call)) return response;
      discard(response);
      return exchange(parts, call, session, held, isIssued, true, request);
    }
    const { status } = response;
    return status === 401 || status === 403 || parts.isRejected
      ? judge(parts, call, session, held, response, isIssued, isRetry)
      : accept(parts, call, held, response);
  });
}

/** A request that cannot leave at once. */
async function wait(parts: AuthFetchParts, call: Call): Promise<Response> {
  const was = parts.sessions.current;
  const session = await parts.settled(call.signal);
  // Who waited for a sign-in while somebody was signed in is not served as somebody else.
  if (was.state.held) heed(was.over);
  const { held } = session.state;
  const added = held && (await headersFor(parts, call, session, requestOf(call, held)));
  const isOwn = added && hasHeader(call, added);
  const good = isOwn ? undefined : await parts.obtain(session, undefined, call.signal);
  return good ? exchange(parts, call, session, good) : send(parts, call);
}

export const createAuthFetch =
  (parts: AuthFetchParts): typeof fetch =>
  (input, init) => {
    // No async function: see `exchange`.
    try {
      const request = isRequest(input) ? input : undefined;
      const target = targetOf(request?.url ?? `${input}`);
      if (!target) return parts.fetch(input, init);
      if (!parts.allow(target)) {
        const { method = request?.method ?? 'GET', signal = request?.signal } = init ?? {};
        return pass(parts, { target, method, signal }, input, init);
      }
      const call = takeCall(input, init, target);
      if (hasHeader(call, reserved)) return pass(parts, call, input, init);
      const session = parts.sessions.current;
      const { held } = session.state;
      heed(session.over);
      return held && !parts.sharing.isOpening && Date.now() < held.aheadAt
        ? exchange(parts, call, session, held)
        : wait(parts, call);
    } catch (error) {
      return Promise.reject(error);
    }
  };
