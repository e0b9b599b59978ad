/** The calls that begin and end a session. */
import { abortable, heed } from '../platform/timers.ts';
import type { Refresh, TokenSet } from '../types.ts';
import { createId, signIn } from './changes.ts';
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
    const begins = createId();
    const change = signIn(parts.accept(tokens, Date.now()), begins);
    await abortable(sharing.commit(change, { begins }).then(flush), sessions.closed);
  },

  async signOut({ revoke = true }: { revoke?: boolean | undefined } = {}): Promise<void> {
    heed(sessions.closed);
    const { current } = sessions;
    const isRevoked = revoke && !!parts.revoke;
    current.isTried = true;
    current.isRevoked ||= isRevoked;
    const ended = sharing.end({ reason: 'local', isRevoked, at: Date.now() });
    flush();
    const revoked = ended.then((held) => {
      flush();
      const isLeft = isRevoked && (held || parts.refresh.withoutRefreshToken);
      return isLeft && sharing.afterAll(() => parts.revokeTokens(held?.tokens));
    });
    await abortable(revoked, sessions.closed);
  },
});
