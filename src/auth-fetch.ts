/** The fetch that carries the token (C), sees expiry (E), recognises a refusal (F) and replays. */
import { type Matcher, targetOf } from './allow.ts';
import { stepUpChallenge } from './challenge.ts';
import type { Capture, Held, Refresher, Session, Sessions, Target } from './contracts.ts';
import { createCoolDown } from './cool-down.ts';
import type { Events } from './events.ts';
import { type Call, hasHeader, headersOf, isRequest, methodOf, sendCall, takeCall } from './replay.ts';
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

const discard = (response: Response): void => void response.body?.cancel().catch(() => {});

export function createAuthFetch(parts: AuthFetchParts): typeof fetch {
  const { allow, attach, sessions, refresher, capture, events, isRejected } = parts;
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

  /** Sends with tokens, at most once more after a refusal; `undefined` when the caller's headers rule them out. */
  async function exchange(
    call: Call,
    target: Target,
    session: Session,
    first: Held,
  ): Promise<Response | undefined> {
    const place = `${call.method} ${target.origin}${target.path}`;
    let held = first;
    let mayRetry = call.isReplayable;
    let isReplay = false;
    let isIssued = false;
    for (;;) {
      const { tokens } = held;
      const token = tokens.accessToken;
      const request = { method: call.method, url: target.href, tokens };
      let added = attach.headers(request);
      if ('then' in added) added = await abortable(added as Promise<Record<string, string>>, call.signal);
      const names = Object.keys(added);
      if (names.some((name) => hasHeader(call.headers, name))) return undefined;
      // The platform drops Authorization at a cross-origin redirect, and no other header.
      const redirect = names.some((name) => name.toLowerCase() !== 'authorization') ? 'error' : undefined;
      const send = () => sendCall(call, parts.fetch, added as Record<string, string>, redirect);
      const response = await (capture ? capture.send(target, call.method, token, send) : send());

      if (attach.onResponse?.(response, request) === 'retry' && mayRetry) {
        mayRetry = false;
        discard(response);
        session.over.throwIfAborted();
        continue;
      }
      const isSuspect = response.status === 401 || response.status === 403 || isRejected;
      if (!isSuspect || !(await isRefused(response, target))) {
        if (response.status < 500) coolDown.lift(token, place);
        return response;
      }
      const isCurrent = sessions.current === session && session.held?.tokens.accessToken === token;
      const now = Date.now();
      if (isReplay) {
        // What was issued for this very request and was refused all the same, no refresh can cure.
        if (isIssued && isCurrent && now < held.expiresAt) coolDown.mark(token, place, now);
        return response;
      }
      if (isCurrent ? coolDown.isMarked(token, place, now) : !call.isReplayable) return response;
      if (call.isReplayable) discard(response);
      const renewal: Promise<unknown> = isCurrent ? refresher.run(session, 'rejected') : refresher.obtain(session);
      try {
        await abortable(renewal, call.signal, session.over);
      } catch (error) {
        if (call.isReplayable) throw error;
      }
      if (!call.isReplayable) return response;
      isReplay = true;
      isIssued = isCurrent;
      held = session.held as Held;
    }
  }

  return async (input, init) => {
    const target = targetOf(isRequest(input) ? input.url : `${input}`);
    const plain = (send: () => Promise<Response>) =>
      target && capture ? capture.send(target, methodOf(input, init), undefined, send) : send();
    const untouched = () => plain(() => parts.fetch(input, init));
    if (!target || !allow(target) || hasHeader(headersOf(input, init), 'authorization')) return untouched();
    sessions.current.over.throwIfAborted();
    if (!sessions.opening && !refresher.canServe(sessions.current)) return untouched();
    const call = takeCall(input, init);
    while (sessions.opening) await abortable(sessions.opening, call.signal, sessions.current.over);
    const session = sessions.current;
    let held = session.held;
    if (!held || Date.now() >= held.aheadAt) {
      held = await abortable(refresher.obtain(session), call.signal, session.over);
    }
    return (
      (held && (await exchange(call, target, session, held))) ?? plain(() => sendCall(call, parts.fetch))
    );
  };
}
