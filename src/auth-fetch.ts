/** The fetch that carries the token (C), sees expiry (E), recognises a refusal (F) and replays. */
import { type Matcher, targetOf } from './allow.ts';
import { stepUpChallenge } from './challenge.ts';
import type { Capture, Held, Refresher, Session, Sessions } from './contracts.ts';
import { createCoolDown } from './cool-down.ts';
import type { Events } from './events.ts';
import { type Call, hasHeader, isReplayable, isRequest, sendCall, takeCall } from './replay.ts';
import { abortable, heed } from './timers.ts';
import type { Attach, AttachRequest, TokenManagerOptions } from './types.ts';

export interface AuthFetchParts extends Pick<TokenManagerOptions, 'isRejected'> {
  readonly allow: Matcher;
  readonly attach: Attach;
  readonly sessions: Sessions;
  readonly refresher: Refresher;
  readonly capture: Capture | undefined;
  readonly events: Pick<Events, 'add' | 'flush'>;
  readonly fetch: typeof fetch;
}

const discard = (response: Response): void => void response.body?.cancel().catch(() => {});

/** Whoever sets it attaches a token of their own, wherever `attach` puts ours. */
const reserved = { authorization: '' };

export function createAuthFetch(parts: AuthFetchParts): typeof fetch {
  const { allow, attach, sessions, refresher, events, isRejected, capture, fetch } = parts;

  const coolDown = createCoolDown();

  /** Whether the answer refuses the token (F); what a refresh cannot cure is told to the app. */
  async function isRefused(response: Response, { target: { origin, place }, signal }: Call) {
    // Beyond a cross-origin redirect the server saw no token.
    if (response.redirected && targetOf(response.url)?.origin !== origin) return false;
    const challenge = stepUpChallenge(response);
    let isRefusal = response.status === 401 && !challenge;
    if (isRejected) {
      const copy = response.clone();
      isRefusal = await abortable(isRejected(copy), signal);
      discard(copy);
    }
    if (challenge && !isRefusal) {
      events.add('step-up-required', { challenge, url: place });
      events.flush();
    }
    return isRefusal;
  }

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
    const isCurrent = sessions.current === session && session.held?.tokens.accessToken === token;
    // What was issued for this very request and is refused all the same, no refresh can cure.
    if (isIssued && isCurrent && Date.now() < expiresAt) coolDown.mark(token, call);
    const mayReplay = isReplayable(call);
    if (isIssued !== undefined || (isCurrent ? coolDown.isMarked(token, call) : !mayReplay)) return response;
    if (mayReplay) discard(response);
    const renewal = isCurrent ? refresher.run(session, 'rejected') : refresher.obtain(session);
    const renewed = abortable<unknown>(renewal, call.signal);
    await (mayReplay ? renewed : renewed.catch(() => {}));
    return mayReplay ? exchange(call, session, session.held as Held, isCurrent, isRetry) : response;
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
    return 'then' in added ? abortable(added as Promise<typeof added>, signal, session.signal) : added;
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
        heed(session.signal);
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
    const session = await sessions.settled(call.signal);
    // Who waited for a sign-in while somebody was signed in is not served as somebody else.
    if (was.id) heed(was.signal);
    let { held } = session;
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
    const { held } = session;
    heed(session.signal);
    return held && !sessions.opening && Date.now() < held.aheadAt
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
