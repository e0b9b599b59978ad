/** Which of two goes on: what this context holds, or what it finds in the store. Pure. */
import { ownMembers } from '../own.ts';
import { endOf, type PastEnd, type SessionState } from '../session/session.ts';

/**
 * Whether what is found is older than what this context holds. Within a session captured refresh tokens go on, which
 * are alone alive (R42), then the one whose refresh token was replaced more often, then the one with the later capture.
 * Of two sessions the one that knows of the other's end does, or of the end that the other was revived from; where both
 * do or neither does, what is found, unless it began before an explicit sign-in that knew nothing of it.
 *
 * @param isEarly - Whether the own session began before the store could be read.
 */
export function isOlder(found: SessionState, own: SessionState, isEarly: boolean): boolean {
  if (found.id === own.id) {
    // A sign-out that is not yet stored makes what was found ended a sign-out (R42).
    if (found.end) return found.end.reason === 'ended' && own.end?.reason === 'local';
    if (own.end) return true;
    const renewal = found.renewedAt - own.renewedAt;
    const rotations = found.rotation - own.rotation;
    return (renewal || rotations || found.capturedAt - own.capturedAt) < 0;
  }
  if (!own.id) return false;
  // Somebody has signed out of what goes on there.
  if (found.revives === own.id && own.end?.reason === 'local') return true;
  if (endOf(own.id, found)) return false;
  // A revival goes on with what a sign-in here was to replace, and only could not be stored in time (R53).
  const isReplaced = endOf(found.id, own) || (!own.revives && endOf(found.revives, own));
  return !found.id || !!isReplaced || (isEarly && Number(found.begunAt) < Number(own.begunAt));
}

/**
 * `next` when it follows `was`: it names that end, too, and those before. What it knows of an end already counts, and
 * comes first: an older entry that came back says nothing of what ended last (R51).
 */
export function following(was: SessionState, given: SessionState): SessionState {
  const next = ownMembers(given);
  const { id, end, ends = [] } = was;
  const { ends: known = [] } = next;
  const isOver = id && id !== next.id && !endOf(id, next);
  const first = isOver ? [{ reason: 'replaced', at: 0, ...end, id } as const] : known;
  const all = [...first, ...ends, ...known].map((one): [string, PastEnd] => [one.id, one]);
  return Object.assign(next, { ends: [...new Map(all).values()].slice(0, 4) });
}
