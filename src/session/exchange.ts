/** One refresh: sends the refresh token (G), takes the answer (H), and commits what it says. */
import { asTokenError } from '../errors.ts';
import { memberOf } from '../own.ts';
import { clock, heed, type LimitedSignal, within } from '../platform/timers.ts';
import type { Refresh, TokenSet } from '../types.ts';
import { type BackOffParts, errorOf, noteFailure } from './back-off.ts';
import { expire, isSame, refresh as refreshed, restore as restored } from './changes.ts';
import type { Turn } from './commit.ts';
import { type Accept, areOthers, type Held, subjectsOf } from './expiry.ts';
import type { Run, Sessions } from './session.ts';

export interface ExchangeParts extends BackOffParts {
  readonly refresh: Refresh;
  /** Its mark. */
  readonly withoutRefreshToken: Refresh['withoutRefreshToken'];
  readonly refreshTimeout: number;
  readonly sessions: Sessions;
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  readonly accept: Accept;
  revokeTokens(tokens: TokenSet): unknown;
}

/** RFC 6749 §5.2: of all errors only this one says that the refresh token is dead. HTTP clients put it in these places. */
function isSessionEnded(thrown: unknown): unknown {
  if (asTokenError(thrown, 'session-ended')) return true;
  let error = thrown;
  // Bounded, because some wrap an error in itself.
  for (let depth = 0; error && depth < 20; depth++) {
    const places = [
      error,
      memberOf(error, 'data'),
      memberOf(error, 'body'),
      memberOf(memberOf(error, 'response'), 'data'),
    ];
    if (places.some((place) => memberOf(place, 'error') === 'invalid_grant')) return true;
    // Whoever throws a TokenError has judged what stands behind it.
    error = memberOf(error, 'name') === 'TokenError' ? undefined : memberOf(error, 'cause');
  }
  return false;
}

/** Sends, and commits what comes back; rejects with what those who wait are told. */
export async function exchange(parts: ExchangeParts, run: Run, turn: Turn): Promise<void> {
  const { commit, guard, restore = restored } = turn;
  const { session, cause } = run;
  heed(session.over);
  const { refresh, refreshTimeout, sessions } = parts;
  const was = session.state;
  const tokens = was.held?.tokens;
  Object.assign(run, { id: was.id, rotation: was.rotation });
  const startedAt = Date.now();
  const own: typeof fetch = async (input, init) => {
    if (run.isGivenUp) throw new Error('another refresh has begun');
    return parts.fetch(input, init);
  };
  const call = (signal: LimitedSignal) => {
    signal.isAgain = !!was.failure;
    signal.isOver = () => sessions.current !== session;
    run.signal = signal;
    run.isAsking = true;
    try {
      return refresh({ tokens, signal, fetch: guard(own, signal) });
    } finally {
      run.isAsking = false;
    }
  };
  let next: Held;
  let isOther = !tokens;
  run.isSent = true;
  run.at = clock();
  try {
    // The waiters give up after half of the time: a late answer may hold the only living refresh token.
    const answer = await within('the refresh', refreshTimeout * 2, call, false);
    next = parts.accept(answer, startedAt, tokens);
    if (tokens && parts.withoutRefreshToken) {
      // What somebody else's cookie brought holds nothing of this session.
      const other = parts.accept(answer, startedAt);
      isOther = areOthers(subjectsOf(other.tokens), subjectsOf(tokens));
      if (isOther) next = other;
    }
  } catch (thrown) {
    // It brought no tokens: the session is over, or goes on.
    if (isSessionEnded(thrown)) {
      // A capture on the wire may bring the tokens that are alive.
      const captures = Promise.allSettled(session.captures ?? []);
      await within('the capture', refreshTimeout, () => captures, false).catch(() => {});
      const error = errorOf(parts, 'session-ended', thrown);
      if (!tokens) {
        session.isTried = isSame(session.state, was);
        // Somebody has signed in elsewhere meanwhile: what was refused was the cookie before.
        if (!session.isTried) return session.state.held ? undefined : exchange(parts, run, turn);
      } else if (!(await commit(expire(was), { error }))) return;
      throw error;
    }
    // There are newer tokens, or another session: what the old refresh token brought says nothing.
    if (sessions.current !== session || !isSame(session.state, was)) return;
    throw noteFailure(parts, run, thrown);
  }
  session.issued = next.tokens.accessToken;
  const ms = Date.now() - startedAt;
  const change = (isOther ? restore : refreshed)(was, next, cause, ms);
  // After a sign-out that revokes, late tokens are revoked before anybody else may ask for new ones.
  if (!(await commit(change, { isRestored: isOther })) && session.isRevoked)
    await parts.revokeTokens(next.tokens);
}
