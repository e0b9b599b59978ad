/** The calls that begin and end a session. */

import { ownMembers } from '../own.ts';
import { abortable, heed } from '../platform/timers.ts';
import type { Refresh, TokenSet } from '../types.ts';
import { begin, signIn } from './changes.ts';
import type { Sharing } from './commit.ts';
import type { Accept } from './expiry.ts';
import type { Sessions } from './session.ts';

export interface CallsParts {
  readonly sessions: Sessions;
  readonly sharing: Sharing;
  readonly accept: Accept;
  /** The mark of `refresh`. */
  readonly withoutRefreshToken: Refresh['withoutRefreshToken'];
  flush(): void;
  /** Absent: nothing is revoked. */
  readonly revoke?: unknown;
  revokeTokens(tokens: TokenSet | undefined): Promise<unknown>;
}

export async function beginSession(parts: CallsParts, tokens: unknown): Promise<void> {
  const { sessions, sharing } = parts;
  heed(sessions.closed);
  const next = begin(parts.accept(tokens, Date.now()), 'local');
  const stored = sharing.commit(signIn(next), { begins: next.id }).then(() => parts.flush());
  await abortable(stored, sessions.closed);
}

export async function endSession(
  parts: CallsParts,
  options?: { revoke?: boolean | undefined },
): Promise<void> {
  const { sessions, sharing } = parts;
  const { revoke = true } = ownMembers(options);
  heed(sessions.closed);
  const { current } = sessions;
  const isRevoked = revoke && !!parts.revoke;
  current.isTried = true;
  const ended = sharing.end({ reason: 'local', isRevoked, at: Date.now() }, async (held) => {
    parts.flush();
    if (isRevoked && (held || parts.withoutRefreshToken)) await parts.revokeTokens(held?.tokens);
  });
  parts.flush();
  await abortable(ended, sessions.closed);
}
