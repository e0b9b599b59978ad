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
  readonly refresh: Refresh;
  flush(): void;
  /** Absent: nothing is revoked. */
  readonly revoke?: unknown;
  revokeTokens(tokens: TokenSet | undefined): Promise<unknown>;
}

export const createCalls = ({ sessions, sharing, flush, ...parts }: CallsParts) => ({
  async signIn(tokens: unknown): Promise<void> {
    heed(sessions.closed);
    const next = begin(parts.accept(tokens, Date.now()), 'local');
    await abortable(sharing.commit(signIn(next), { begins: next.id }).then(flush), sessions.closed);
  },

  async signOut(options?: { revoke?: boolean | undefined }): Promise<void> {
    const { revoke = true } = ownMembers(options);
    heed(sessions.closed);
    const { current } = sessions;
    const isRevoked = revoke && !!parts.revoke;
    current.isTried = true;
    const ended = sharing.end({ reason: 'local', isRevoked, at: Date.now() }, async (held) => {
      flush();
      if (isRevoked && (held || parts.refresh.withoutRefreshToken)) await parts.revokeTokens(held?.tokens);
    });
    flush();
    await abortable(ended, sessions.closed);
  },
});
