/** The calls that begin and end a session. */
import { listenToLeave } from '../platform/page.ts';
import { abortable, heed } from '../platform/timers.ts';
import type { Refresh, TokenSet } from '../types.ts';
import { begin, signIn } from './changes.ts';
import type { Sharing } from './commit.ts';
import type { Accept, Held } from './expiry.ts';
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

  async signOut({ revoke = true }: { revoke?: boolean | undefined } = {}): Promise<void> {
    heed(sessions.closed);
    const { current } = sessions;
    const isRevoked = revoke && !!parts.revoke;
    current.isTried = true;
    let sent: Promise<unknown> | undefined;
    const send = (held: Held | undefined) => {
      if (isRevoked && (held || parts.refresh.withoutRefreshToken)) sent ??= parts.revokeTokens(held?.tokens);
      return sent;
    };
    const { held: own } = current.state;
    // A page that is left at once waits neither for the store nor for other contexts.
    const stay = listenToLeave(() => void send(own));
    const ended = sharing.end({ reason: 'local', isRevoked, at: Date.now() });
    flush();
    const revoked = ended
      .then((held) => {
        flush();
        return isRevoked && sharing.afterAll(async () => send(held));
      })
      .finally(stay);
    await abortable(revoked, sessions.closed);
  },
});
