/** The fetch that carries the token: decides what becomes of a call, and sees expiry (E). */
import { TokenError } from '../errors.ts';
import { nothing } from '../own.ts';
import { heed } from '../platform/timers.ts';
import type { Sharing } from '../session/commit.ts';
import type { Session } from '../session/session.ts';
import { type Place, placeFor } from './allow.ts';
import { type Call, isRequest, refuseLoop, takeCall } from './call.ts';
import {
  enter,
  exchange,
  headersFor,
  isOwn,
  type ReplayParts,
  requestOf,
  sendBare,
  sendWithout,
} from './replay.ts';
import { targetOf } from './target.ts';

export interface AuthFetchParts extends ReplayParts {
  readonly places: readonly Place[];
  readonly sharing: Pick<Sharing, 'isOpening'>;
  /** The session that is there once it is known. */
  settled(signal: AbortSignal | null | undefined): Promise<Session>;
}

/** Whoever sets it attaches a token of their own, wherever `attach` puts ours. */
const reserved = { authorization: '' };

/** A request that cannot leave at once. */
async function wait(
  parts: AuthFetchParts,
  call: Call,
  was: Session,
  until: 'aheadAt' | 'expiresAt',
): Promise<Response> {
  const { target, signal, place } = call;
  const leave = enter(was, call);
  try {
    const session = await parts.settled(signal);
    // Who waited for a sign-in while somebody was signed in is not served as somebody else.
    if (was.state.held) heed(was.over);
    const { held } = session.state;
    const added = held && (await headersFor(parts, call, session, requestOf(call, held)));
    if (added && isOwn(parts, call, added)) return sendBare(parts, call, 'own-header');
    const good = held && Date.now() < held[until] ? held : await parts.obtain(session, undefined, signal);
    if (good) return exchange(parts, call, session, good);
  } catch (error) {
    return sendWithout(parts, call, error);
  } finally {
    leave();
  }
  if (place?.token === 'required')
    throw new TokenError('signed-out', {
      message: `nobody is signed in; ${parts.summarize(target.place, target.root).message} requires a token`,
    });
  return sendBare(parts, call, 'signed-out');
}

function start(parts: AuthFetchParts, call: Call): Promise<Response> {
  const session = parts.sessions.current;
  const { held } = session.state;
  heed(session.over);
  const { run } = session;
  // In the `refresh` of this very manager, which the request would wait for (R7).
  if (run?.isAsking || (call.signal && run?.signal === call.signal))
    refuseLoop('the fetch of refresh', 'the one that it is given');
  const now = Date.now();
  // A `keepalive` request outlives its page, which may not live to see what others wait for (R12).
  const isLast = call.init?.keepalive ?? (call.input as Partial<Request>).keepalive;
  const until = isLast ? 'expiresAt' : 'aheadAt';
  const isGood = held && now < held[until];
  if (__DEVELOPMENT__ && held && now >= held.aheadAt)
    parts.tell?.('due', {
      ...{ url: call.target.place, method: call.method },
      waits: !isGood && now >= held.waitAt,
    });
  return isGood && !parts.sharing.isOpening()
    ? exchange(parts, call, session, held)
    : wait(parts, call, session, until);
}

function decide(
  parts: AuthFetchParts,
  input: RequestInfo | URL,
  init: RequestInit | undefined,
): Promise<Response> {
  if (init?.headers && Object.getPrototypeOf(init.headers) === parts.mark) refuseLoop();
  const request = isRequest(input) ? input : undefined;
  const url = request?.url ?? `${input}`;
  const target = targetOf(url);
  if (!target) {
    parts.notAttached({ place: url.replace(/([?#]|\/\/.+@).*/s, ''), root: '' }, 'no-page');
    return parts.fetch(input, init);
  }
  const { method = request?.method ?? 'GET', signal = request?.signal } = init ?? (nothing as RequestInit);
  const isSignIn = parts.captures?.ruleFor({ target, method })?.startsSession;
  const place = isSignIn ? 'sign-in' : placeFor(parts.places, target);
  if (typeof place !== 'string') {
    const call = takeCall(request, init, target, method, signal, place);
    if (!isOwn(parts, call, reserved)) return start(parts, call);
  }
  const reason = typeof place === 'string' ? place : 'own-header';
  return sendBare(parts, { input, init, target, method, signal }, reason);
}

/** The fetch of one manager. */
export function authFetch(
  parts: AuthFetchParts,
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> {
  // No async function: see `exchange` in replay.ts.
  try {
    return decide(parts, input, init);
  } catch (error) {
    return Promise.reject(error);
  }
}
