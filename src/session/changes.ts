/** What can happen to a session: each change says what it expects to find (R30), and what becomes of it. Pure. */
import type { RefreshCause } from '../api.ts';
import type { Held } from './expiry.ts';
import type { End, SessionState } from './session.ts';

/** Answers the next state, or nothing when it does not find what it expects. */
export type Change = (now: SessionState) => SessionState | undefined;

/** `crypto.randomUUID` is missing on plain-http hosts; the id only has to be unique. */
export const createId = (): string =>
  // In capitals: Node puts it together of 26 pieces, which would take 0.4 kB as long as the session is kept.
  globalThis.crypto?.randomUUID?.().toUpperCase() ?? `${Date.now()}-${Math.random()}`;

/** A session that begins. */
export interface Begun extends SessionState {
  readonly id: string;
  readonly held: Held;
}

export const begin = (held: Held, begunBy: SessionState['begunBy'], id = createId()): Begun => ({
  ...{ id, held, begunBy, begunAt: Date.now(), rotation: 0, capturedAt: 0, renewedAt: 0 },
});

/**
 * What was taken for over goes on: whoever signs out of the session that it was means this one (R32).
 *
 * @param id - Made once for a change, however often that is tried: a try whose answer was lost may be in the store.
 */
const revive = (
  now: SessionState,
  held: Held,
  begunBy: SessionState['begunBy'],
  id: string,
): SessionState => ({ ...begin(held, begunBy, id), revives: now.id });

/** Whether they are of one session, or both of nobody since the same end. */
const isSameSession = (a: SessionState, b: SessionState) => a.id === b.id && a.end?.at === b.end?.at;

/** A sign-in expects nothing. With the very tokens that are held it changes nothing (R62). */
export const signIn =
  (next: Begun): Change =>
  (now) => {
    const { accessToken, refreshToken } = next.held.tokens;
    const known = now.held?.tokens;
    const isKnown = known?.accessToken === accessToken && known.refreshToken === refreshToken;
    return isKnown && !now.end ? undefined : next;
  };

/** An answer of a sign-in endpoint expects the session that was there when its request was sent; none counts as one. */
export const signInCaptured =
  (was: SessionState, next: SessionState): Change =>
  (now) =>
    isSameSession(now, was) ? next : undefined;

/** Whether nothing has replaced the refresh token, or begun another session. */
export const isSame = (a: Pick<SessionState, 'id' | 'rotation'>, b: SessionState): boolean =>
  a.id === b.id && a.rotation === b.rotation;

/**
 * A refresh expects the tokens it started with; a sign-out wins over it (R32). It also revives a session that another
 * context took for over because of the very token that this one has replaced (R35).
 */
export const refresh =
  (was: SessionState, held: Held, cause: RefreshCause, durationMs: number, id = createId()): Change =>
  (now) => {
    if (!isSame(now, was)) return undefined;
    // A sign-out wins over the refresh that was on the wire (R32).
    if (now.end) return now.end.reason === 'ended' ? revive(now, held, 'restored', id) : undefined;
    const rotation = now.rotation + 1;
    return {
      ...now,
      held,
      rotation,
      refreshed: rotation,
      cause,
      durationMs,
      refreshMs: durationMs,
      failure: undefined,
    };
  };

/**
 * What a refresh with nothing in hand has brought, or a cookie that turned out to be somebody else's: expects that
 * nothing has changed.
 */
export const restore =
  (was: SessionState, held: Held, _cause: RefreshCause, refreshMs: number): Change =>
  (now) =>
    isSame(now, was) && isSameSession(now, was) ? { ...begin(held, 'restored'), refreshMs } : undefined;

/**
 * Captured tokens with a refresh token beat all but a capture with one that was sent later, and revive a session that
 * was found ended meanwhile (R42). An access token alone replaces the one that its request carried, or one that
 * another capture has put in its place (R43).
 *
 * @param was - The session when the request was sent.
 * @param carried - The access token that the request carried, or that was current.
 * @param next - The captured tokens; what is missing is kept from what is held now.
 */
export const capture =
  (
    was: SessionState,
    sentAt: number,
    carried: string | undefined,
    next: (now?: Held) => Held,
    id = createId(),
  ): Change =>
  (now) => {
    // A refresh token of its own.
    const isWhole = !!next().tokens.refreshToken;
    if (now.id !== was.id) return undefined;
    if (now.end)
      return isWhole && now.end.reason === 'ended' ? revive(now, next(), 'captured', id) : undefined;
    const isInPlace =
      now.refreshed === was.refreshed &&
      (now.held?.tokens.accessToken === carried || now.cause === 'captured');
    if (isWhole ? sentAt <= now.renewedAt : sentAt <= now.capturedAt || !isInPlace) return undefined;
    return {
      ...now,
      held: next(now.held),
      rotation: now.rotation + +isWhole,
      cause: 'captured',
      durationMs: Date.now() - sentAt,
      capturedAt: Math.max(sentAt, now.capturedAt),
      renewedAt: isWhole ? sentAt : now.renewedAt,
      failure: undefined,
    };
  };

/** A sign-out expects one of the sessions it means; one that was found ended becomes a sign-out, too. */
export const signOut =
  (isMeant: (now: SessionState) => unknown, end: End): Change =>
  (now) =>
    isMeant(now) ? { ...now, end } : undefined;

/** The authorization server's "no" expects the tokens it was said of (R35). */
export const expire =
  (was: SessionState): Change =>
  (now) =>
    isSame(now, was) && !now.end && now.held?.tokens.accessToken === was.held?.tokens.accessToken
      ? { ...now, end: { reason: 'ended', at: Date.now() } }
      : undefined;
