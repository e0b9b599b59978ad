/** A session without a manager, for the tests of the parts it is made of. */
import { begin, type Change, signIn, signOut } from '../../src/session/changes.ts';
import { Unshared } from '../../src/session/commit.ts';
import type { Held } from '../../src/session/expiry.ts';
import {
  createSessions,
  type End,
  type How,
  type Run,
  type Session,
  type SessionState,
} from '../../src/session/session.ts';
import type { Told } from './recorder.ts';

/** Tokens that never expire, unless `more` says otherwise. */
export const held = (
  accessToken: string,
  { refreshToken, ...moments }: Partial<Held> & { refreshToken?: string } = {},
): Held => ({
  tokens: { accessToken, tokenType: 'Bearer', ...(refreshToken && { refreshToken }) },
  ...{ issuedAt: 0, expiresAt: 1 / 0, aheadAt: 1 / 0, waitAt: 1 / 0 },
  ...moments,
});

/** Before anybody has signed in. */
export const nobody: SessionState = { rotation: 0, capturedAt: 0, renewedAt: 0 };

/** Session `a`, whose tokens were replaced twice. */
export const inA: SessionState = {
  ...nobody,
  ...{ id: 'a', begunBy: 'local', begunAt: 0, rotation: 2 },
  held: held('t1', { refreshToken: 'r1' }),
};

/** The same, over. */
export const over = (reason: End['reason'], at = 0): SessionState => {
  const { held: _held, ...rest } = inA;
  return { ...rest, end: { reason, at } };
};

/** A refresh of the first tokens, which has not been sent. */
export const createRun = (session: Session, more: Partial<Run> = {}): Run => ({
  ...{ session, cause: 'ahead', id: session.state.id, rotation: 0, at: 0, isSent: false },
  ...{ work: Promise.resolve(), outcome: Promise.resolve() },
  ...more,
});

/** One context alone, and what it tells. `token`: somebody is signed in with it. */
export function createCore(token?: string) {
  const told: Told[] = [];
  const sessions = createSessions({ add: (...entry) => told.push(entry), follow: (task) => task() });
  const sharing = new Unshared(sessions);
  const make = (change: Change, how?: How) => {
    const next = change(sessions.current.state);
    if (next) sessions.apply(next, how);
  };
  const core = {
    ...{ sessions, sharing, told },
    commit: (change: Change, how?: How) => sharing.commit(change, how),
    token: () => sessions.current.state.held?.tokens.accessToken,
    /** At once, as all of these. */
    signIn: (next: Held, id = 'a') => make(signIn({ ...begin(next, 'local'), id })),
    signOut: (isRevoked = false) => make(signOut(() => true, { reason: 'local', at: Date.now(), isRevoked })),
    /** Others tokens of the same session; `isElsewhere`: from another context. */
    replace: (next: Held, isElsewhere = false) =>
      make((now) => ({ ...now, held: next, rotation: now.rotation + 1 }), { elsewhere: isElsewhere }),
  };
  if (token) core.signIn(held(token));
  told.length = 0;
  return core;
}
