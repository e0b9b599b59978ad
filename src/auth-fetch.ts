/** The fetch that carries the token (C), sees expiry (E), recognises a refusal (F) and replays. */
import { type Matcher, targetOf } from './allow.ts';
import { stepUpChallenge } from './challenge.ts';
import type { Capture, Held, Refresher, Session, Sessions, Target } from './contracts.ts';
import { createCoolDown } from './cool-down.ts';
import type { Events } from './events.ts';
import { type Call, hasHeader, isRequest, sendCall, takeCall } from './replay.ts';
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

const passOn: Capture = (_target, _method, _carried, send) => send();

const discard = (response: Response): void => void response.body?.cancel().catch(() => {});

export function createAuthFetch(parts: AuthFetchParts): typeof fetch {
  const { allow, attach, sessions, refresher, events, isRejected } = parts;
  const capture = parts.capture ?? passOn;
  const coolDown = createCoolDown();

  /** Whether the answer refuses the token (F); what a refresh cannot cure is told to the app. */
  async function isRefused(response: Response, { origin, path }: Target): Promise<boolean> {
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
      events.add('step-up-required', { challenge, url: origin + path });
      events.flush();
    }
    return isRefusal;
  }

  /** Sends as the caller wrote it. */
  const plain = (call: Call, target: Target) =>
    capture(target, call.method, undefined, () => sendCall(call, parts.fetch, {}), call.signal);

  /** The headers to add. */
  const headersFor = (call: Call, target: Target, { tokens }: Held) =>
    attach.headers({ method: call.method, url: target.href, tokens });

  /** Whether the caller has set one of them: then the request is the caller's business. */
  const isTheirs = (call: Call, added: object) => {
    for (const name in added) if (hasHeader(call, name)) return true;
    return false;
  };

  /** Sends with tokens, and once more after a refusal. */
  async function exchange(call: Call, target: Target, session: Session, first: Held): Promise<Response> {
    const { method, signal, isReplayable } = call;
    const place = `${method} ${target.origin}${target.path}`;
    let held = first;
    let mayRetry = isReplayable;
    let isReplay = false;
    let isIssued = false;
    for (;;) {
      const { tokens, expiresAt } = held;
      const token = tokens.accessToken;
      let added = headersFor(call, target, held);
      if ('then' in added) {
        added = await abortable(added as Promise<Record<string, string>>, signal, session.signal);
      }
      if (isTheirs(call, added)) return plain(call, target);
      const send = () => sendCall(call, parts.fetch, added as Record<string, string>);
      const response = await capture(target, method, token, send, signal);

      if (attach.onResponse?.(response, { method, url: target.href, tokens }) === 'retry') {
        if (!mayRetry) return response;
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
      if (isReplay && isIssued && isCurrent && Date.now() < expiresAt) coolDown.mark(token, place);
      if (isReplay || (isCurrent ? coolDown.isMarked(token, place) : !isReplayable)) return response;
      if (isReplayable) discard(response);
      const renewal: Promise<unknown> = isCurrent
        ? refresher.run(session, 'rejected')
        : refresher.obtain(session);
      try {
        await abortable(renewal, signal);
      } catch (error) {
        if (isReplayable) throw error;
      }
      if (!isReplayable) return response;
      isReplay = true;
      isIssued = isCurrent;
      held = session.held as Held;
    }
  }

  /** A request that cannot leave at once. */
  async function wait(call: Call, target: Target): Promise<Response> {
    const was = sessions.current;
    const session = await sessions.settled(call.signal);
    // Who waited for a sign-in while somebody was signed in is not served as somebody else.
    if (was.id) was.signal.throwIfAborted();
    let { held } = session;
    if (!held || Date.now() >= held.aheadAt) {
      if (held && isTheirs(call, await headersFor(call, target, held))) return plain(call, target);
      held = await abortable(refresher.obtain(session), call.signal);
    }
    return held ? exchange(call, target, session, held) : plain(call, target);
  }

  function start(input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
    const target = targetOf(isRequest(input) ? input.url : `${input}`);
    if (!target) return parts.fetch(input, init);
    if (!allow(target)) {
      const method = init?.method ?? (isRequest(input) ? input.method : 'GET');
      return capture(target, method, undefined, () => parts.fetch(input, init));
    }
    const call = takeCall(input, init, target.href);
    if (hasHeader(call, 'authorization')) {
      return capture(target, call.method, undefined, () => parts.fetch(input, init), call.signal);
    }
    const session = sessions.current;
    const { held } = session;
    session.signal.throwIfAborted();
    return held && !sessions.opening && Date.now() < held.aheadAt
      ? exchange(call, target, session, held)
      : wait(call, target);
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
