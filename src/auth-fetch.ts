/** The fetch that carries the token (C), sees expiry (E), recognises a refusal (F) and replays. */
import { type Matcher, targetOf } from './allow.ts';
import { stepUpChallenge } from './challenge.ts';
import type { Capture, Held, Refresher, Session, Sessions, Target } from './contracts.ts';
import { createCoolDown } from './cool-down.ts';
import type { Events } from './events.ts';
import { type Call, hasHeader, isReplayable, isRequest, sendCall, takeCall } from './replay.ts';
import { abortable } from './timers.ts';
import type { Attach, TokenManagerOptions } from './types.ts';

export interface AuthFetchParts extends Pick<TokenManagerOptions, 'isRejected'> {
  readonly allow: Matcher;
  readonly attach: Attach;
  readonly sessions: Sessions;
  readonly refresher: Refresher;
  readonly capture: Capture | undefined;
  readonly events: Pick<Events, 'add' | 'flush'>;
  readonly fetch: typeof fetch;
}

const passOn: Capture = (_call, _carried, send) => send();

const discard = (response: Response): void => void response.body?.cancel().catch(() => {});

/** Whether the caller has set one of these headers: then the request is the caller's business. */
function isTheirs(call: Call, added: object): boolean {
  for (const name in added) if (hasHeader(call, name)) return true;
  return false;
}

export function createAuthFetch(parts: AuthFetchParts): typeof fetch {
  const { allow, attach, sessions, refresher, events, isRejected, fetch } = parts;
  const capture = parts.capture ?? passOn;
  const coolDown = createCoolDown();

  /** Whether the answer refuses the token (F); what a refresh cannot cure is told to the app. */
  async function isRefused(response: Response, { origin, place }: Target): Promise<boolean> {
    // Beyond a cross-origin redirect the server saw no token.
    if (response.redirected && targetOf(response.url)?.origin !== origin) return false;
    const challenge = stepUpChallenge(response);
    let isRefusal = response.status === 401 && !challenge;
    if (isRejected) {
      const copy = response.clone();
      isRefusal = await isRejected(copy);
      discard(copy);
    }
    if (challenge && !isRefusal) {
      events.add('step-up-required', { challenge, url: place });
      events.flush();
    }
    return isRefusal;
  }

  /** Sends as the caller wrote it. */
  const plain = (call: Call) => capture(call, undefined, () => sendCall(call, fetch, {}));

  /** Sends with tokens, and once more after a refusal. */
  async function exchange(call: Call, session: Session, first: Held): Promise<Response> {
    const { method, signal, target } = call;
    const place = `${method} ${target.place}`;
    let { tokens, expiresAt } = first;
    let mayRetry = true;
    /** Of a replay: whether it follows the token's issue. */
    let isIssued: boolean | undefined;
    for (;;) {
      const token = tokens.accessToken;
      const request = { method, url: target.href, tokens };
      let added = attach.headers(request);
      if ('then' in added) {
        added = await abortable(added as Promise<Record<string, string>>, signal, session.signal);
      }
      if (isTheirs(call, added)) return plain(call);
      const send = () => sendCall(call, fetch, added as Record<string, string>);
      const response = await capture(call, token, send);

      if (attach.onResponse?.(response, request) === 'retry') {
        if (!mayRetry || !isReplayable(call)) return response;
        mayRetry = false;
        discard(response);
        session.signal.throwIfAborted();
        continue;
      }
      const isSuspect = response.status === 401 || response.status === 403 || isRejected;
      if (!isSuspect || !(await isRefused(response, target))) {
        if (response.status < 500) coolDown.lift(token, place);
        return response;
      }
      const isCurrent = sessions.current === session && session.held?.tokens.accessToken === token;
      // What was issued for this very request and is refused all the same, no refresh can cure.
      if (isIssued && isCurrent && Date.now() < expiresAt) coolDown.mark(token, place);
      const mayReplay = isReplayable(call);
      if (isIssued !== undefined || (isCurrent ? coolDown.isMarked(token, place) : !mayReplay))
        return response;
      const renewal = abortable<unknown>(
        isCurrent ? refresher.run(session, 'rejected') : refresher.obtain(session),
        signal,
      );
      if (!mayReplay)
        return renewal.then(
          () => response,
          () => response,
        );
      discard(response);
      await renewal;
      isIssued = isCurrent;
      ({ tokens, expiresAt } = session.held as Held);
    }
  }

  /** A request that cannot leave at once. */
  async function wait(call: Call): Promise<Response> {
    const was = sessions.current;
    const session = await sessions.settled(call.signal);
    // Who waited for a sign-in while somebody was signed in is not served as somebody else.
    if (was.id) was.signal.throwIfAborted();
    let { held } = session;
    if (!held || Date.now() >= held.aheadAt) {
      const { method, target } = call;
      const request = held && { method, url: target.href, tokens: held.tokens };
      if (request && isTheirs(call, await attach.headers(request))) return plain(call);
      held = await abortable(refresher.obtain(session), call.signal);
    }
    return held ? exchange(call, session, held) : plain(call);
  }

  function start(input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
    const target = targetOf(isRequest(input) ? input.url : `${input}`);
    const untouched = () => fetch(input, init);
    if (!target) return untouched();
    if (!allow(target)) {
      const method = init?.method ?? (isRequest(input) ? input.method : 'GET');
      return capture({ target, method }, undefined, untouched);
    }
    const call = takeCall(input, init, target);
    if (hasHeader(call, 'authorization')) return capture(call, undefined, untouched);
    const session = sessions.current;
    const { held } = session;
    session.signal.throwIfAborted();
    return held && !sessions.opening && Date.now() < held.aheadAt
      ? exchange(call, session, held)
      : wait(call);
  }

  return (input, init) => {
    // No async function: with a good token each promise more is felt.
    try {
      return start(input, init);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}
