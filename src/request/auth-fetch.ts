/** The fetch that carries the token (C), sees expiry (E), recognises a refusal (F) and replays. */
import { abortable, heed } from '../platform/timers.ts';
import type { Sharing } from '../session/commit.ts';
import type { Held } from '../session/expiry.ts';
import type { Refresher } from '../session/refresher.ts';
import type { Session, Sessions } from '../session/session.ts';
import type { Attach, AttachRequest } from '../types.ts';
import { type Matcher, targetOf } from './allow.ts';
import { type Call, hasHeader, isReplayable, isRequest, sendCall, takeCall } from './call.ts';
import type { Capture } from './capture.ts';
import { createCoolDown } from './cool-down.ts';
import { createRefusal, discard, type RefusalParts } from './refusal.ts';

export interface AuthFetchParts extends RefusalParts {
  readonly allow: Matcher;
  readonly attach: Attach;
  readonly sessions: Pick<Sessions, 'current'>;
  readonly sharing: Pick<Sharing, 'isOpening'>;
  /** The session that is there once it is known. */
  settled(signal: AbortSignal | null | undefined): Promise<Session>;
  readonly refresher: Refresher;
  readonly capture: Capture | undefined;
  readonly fetch: typeof fetch;
}

/** Whoever sets it attaches a token of their own, wherever `attach` puts ours. */
const reserved = { authorization: '' };

export function createAuthFetch(parts: AuthFetchParts): typeof fetch {
  const { allow, attach, sessions, sharing, refresher, isRejected, capture, fetch } = parts;
  const isRefused = createRefusal(parts);

  const coolDown = createCoolDown();

  /** Sends without our token; the answer may bring one. */
  const untouched = (call: Parameters<Capture>[0], send: () => Promise<Response>) =>
    capture ? capture(call, undefined, send) : send();

  /** Sends as the caller wrote it. */
  const plain = (call: Call) => untouched(call, () => sendCall(call, fetch, {}));

  /** The token was accepted. */
  const accept = (response: Response, token: string, call: Call) => {
    if (response.status < 500) coolDown.lift(token, call);
    return response;
  };

  /** After an answer that may refuse the token. */
  async function judge(
    response: Response,
    call: Call,
    session: Session,
    { tokens, expiresAt }: Held,
    isIssued?: boolean,
    isRetry?: boolean,
  ): Promise<Response> {
    const token = tokens.accessToken;
    if (!(await isRefused(response, call))) return accept(response, token, call);
    const isCurrent = sessions.current === session && session.state.held?.tokens.accessToken === token;
    // What was issued for this very request and is refused all the same, no refresh can cure. Of a token from elsewhere
    // nobody knows that.
    if (isIssued && isCurrent && session.issued === token && Date.now() < expiresAt)
      coolDown.mark(token, call);
    const mayReplay = isReplayable(call);
    if (isIssued !== undefined || (isCurrent ? coolDown.isMarked(token, call) : !mayReplay)) return response;
    if (mayReplay) discard(response);
    const renewal = isCurrent ? refresher.run(session, 'rejected') : refresher.obtain(session);
    const renewed = abortable<unknown>(renewal, call.signal);
    await (mayReplay ? renewed : renewed.catch(() => {}));
    return mayReplay ? exchange(call, session, session.state.held as Held, isCurrent, isRetry) : response;
  }

  /** What `attach` is told: of one request with one set of tokens the same object, even when it is sent twice. */
  const requestOf = ({ method, target: { href: url } }: Call, { tokens }: Held): AttachRequest => ({
    method,
    url,
    tokens,
  });

  /** Only a promise is waited for: with a signal that many listen to each further listener takes longer to add. */
  const headersFor = ({ signal }: Call, session: Session, request: AttachRequest) => {
    const added = attach.headers(request);
    return 'then' in added ? abortable(added as Promise<typeof added>, signal, session.over) : added;
  };

  /**
   * Sends with tokens. No async function: with a good token each promise more is felt.
   *
   * @param isIssued - Of a replay: whether it follows the token's issue.
   * @param isRetry - Whether `attach` has had it sent again.
   */
  function exchange(
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
    const added = ready ?? headersFor(call, session, request);
    if ('then' in added) {
      return (added as Promise<Record<string, string>>).then((added) =>
        exchange(call, session, held, isIssued, isRetry, request, added),
      );
    }
    if (hasHeader(call, added)) return plain(call);
    const { accessToken } = held.tokens;
    const sent = capture
      ? capture(call, accessToken, () => sendCall(call, fetch, added))
      : sendCall(call, fetch, added);
    // Whoever writes a fetch of their own may forget the promise.
    return Promise.resolve(sent).then((response) => {
      if (attach.onResponse?.(response, request) === 'retry') {
        if (isRetry || !isReplayable(call)) return response;
        discard(response);
        heed(session.over);
        return exchange(call, session, held, isIssued, true, request);
      }
      const { status } = response;
      return status === 401 || status === 403 || isRejected
        ? judge(response, call, session, held, isIssued, isRetry)
        : accept(response, accessToken, call);
    });
  }

  /** A request that cannot leave at once. */
  async function wait(call: Call): Promise<Response> {
    const was = sessions.current;
    const session = await parts.settled(call.signal);
    // Who waited for a sign-in while somebody was signed in is not served as somebody else.
    if (was.state.held) heed(was.over);
    let { held } = session.state;
    if (!held || Date.now() >= held.aheadAt) {
      const added = held && (await headersFor(call, session, requestOf(call, held)));
      if (added && hasHeader(call, added)) return plain(call);
      held = await abortable(refresher.obtain(session), call.signal);
    }
    return held ? exchange(call, session, held) : plain(call);
  }

  function start(input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
    const target = targetOf(isRequest(input) ? input.url : `${input}`);
    if (!target) return fetch(input, init);
    if (!allow(target)) {
      const request = isRequest(input) ? input : undefined;
      const { method = request?.method ?? 'GET', signal = request?.signal } = init ?? {};
      return untouched({ target, method, signal }, () => fetch(input, init));
    }
    const call = takeCall(input, init, target);
    if (hasHeader(call, reserved)) return untouched(call, () => fetch(input, init));
    const session = sessions.current;
    const { held } = session.state;
    heed(session.over);
    return held && !sharing.isOpening && Date.now() < held.aheadAt
      ? exchange(call, session, held)
      : wait(call);
  }

  return (input, init) => {
    // No async function: see `exchange`.
    try {
      return start(input, init);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}
