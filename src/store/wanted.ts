/** Whether a refresh is still wanted, now that another context may have made it (R31). */
import { heedBackOff } from '../session/back-off.ts';
import type { End, Run, SessionState } from '../session/session.ts';

/** @param lease - That of another context which lasts, by its id. */
export type IsWanted = (lease?: string) => boolean;

/** Whether somebody has signed out meanwhile, and what could be asked for is revoked. */
export const isRevokedSince = ({ end }: SessionState, was: End | undefined): boolean =>
  !!end?.isRevoked && end.at !== was?.at;

export function wantedBy(run: Run): IsWanted {
  const { session, cause } = run;
  const { end } = session.state;
  const isExplicit = cause === 'manual';
  /** What an explicit refresh found at first may bring tokens that are older than the wish. */
  let older: string | undefined;
  let isEarly = isExplicit;
  /** The one to be replaced. */
  let token = session.state.held?.tokens.accessToken;
  return (lease) => {
    if (session.over.aborted || isRevokedSince(session.state, end)) return false;
    const { id, rotation, held } = session.state;
    // Tokens from elsewhere serve, unless they have expired meanwhile; those of a capture may be of the same rotation.
    const isReplaced = rotation !== run.rotation || held?.tokens.accessToken !== token;
    if (!isEarly && isReplaced && held && Date.now() < held.expiresAt) return false;
    if (isEarly) {
      older ??= lease;
      isEarly = !!lease && lease === older;
    }
    Object.assign(run, { id, rotation });
    token = held?.tokens.accessToken;
    // Nor does everybody ask a server that is down. That its own callers gave up says nothing.
    if (!isExplicit && !run.error) heedBackOff(session);
    return true;
  };
}
