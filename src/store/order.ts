/** Which of two goes on: what this context holds, or what it finds in the store. Pure. */
import type { SessionState } from '../session/session.ts';
import type { Entry, PastEnd } from './entry.ts';

/** What this context holds. */
export interface Own extends Pick<Entry, 'state' | 'ends'> {
  /** Whether its session began before the store could be read. */
  readonly isEarly: boolean;
}

/** Why a session is over that another one has followed. */
export const endOf = (id: string | undefined, ends: readonly PastEnd[]): PastEnd | undefined =>
  ends.find((end) => end.id === id);

/**
 * Whether what is found is older than what this context holds. Within a session captured refresh tokens go on, which
 * are alone alive (R42), then the one whose refresh token was replaced more often, then the one with the later capture.
 * Of two sessions the one that knows of the other's end does; where both do or neither does, what is found, unless it
 * began before an explicit sign-in that knew nothing of it.
 */
export function isOlder(
  { state: found, ends: foundEnds }: Pick<Entry, 'state' | 'ends'>,
  { state, ends, isEarly }: Own,
): boolean {
  if (found.id === state.id) {
    if (found.end || state.end) return !found.end;
    const renewal = found.renewedAt - state.renewedAt;
    const rotations = found.rotation - state.rotation;
    return (renewal || rotations || found.capturedAt - state.capturedAt) < 0;
  }
  if (!state.id) return false;
  // Somebody has signed out of what goes on there.
  if (found.revives === state.id && state.end?.reason === 'local') return true;
  if (endOf(state.id, foundEnds)) return false;
  return !found.id || !!endOf(found.id, ends) || (isEarly && Number(found.begunAt) < Number(state.begunAt));
}

/** The ends to be named beside `next` when it follows `was`; what is known of an end already counts. */
export function endsAfter(
  was: SessionState,
  next: SessionState,
  ends: readonly PastEnd[],
): readonly PastEnd[] {
  const { id, end = { reason: 'replaced', at: 0 } } = was;
  return id && id !== next.id && !endOf(id, ends) ? [{ ...end, id }, ...ends].slice(0, 4) : ends;
}
