/** After a refresh that did not work: when the next one may be tried (R35). */
import { asTokenError, TokenError } from '../errors.ts';
import type { Events } from './events.ts';
import type { Run, Session, Sessions } from './session.ts';

export interface BackOff {
  /** Notes a refresh that did not work, once: its waiters may have given up before it did. Answers what they are told. */
  note(run: Run, session: Session, cause: unknown): TokenError;
  /** There is reason to hope. */
  end(): void;
}

export function createBackOff(sessions: Pick<Sessions, 'current' | 'apply'>, add: Events['add']): BackOff {
  const put = (session: Session, failure: Session['state']['failure']) =>
    sessions.current === session && sessions.apply({ ...session.state, failure });
  return {
    note(run, session, cause) {
      if (!run.error) {
        const known = asTokenError(cause, 'refresh-failed');
        const at = Date.now();
        const count = (session.state.failure?.count ?? 0) + 1;
        // Exponential with jitter, a minute at most; a longer `Retry-After` wins.
        const delay = Math.min(1_000 * 2 ** count, 60_000) * (0.75 + Math.random() / 4);
        const retryAt = Math.ceil(Math.max(at + delay, known?.retryAt ?? 0));
        const error = new TokenError('refresh-failed', { cause: known ? known.cause : cause, retryAt });
        run.error = session.error = error;
        put(session, { count, at, retryAt });
        add('refresh-failed', { sessionId: session.state.id, error, retryAt });
      }
      return run.error as TokenError;
    },
    end() {
      const { failure } = sessions.current.state;
      if (failure) put(sessions.current, { ...failure, retryAt: 0 });
    },
  };
}

/** @throws what requests are told while it lasts. */
export function heedBackOff({ state: { failure }, error }: Session): void {
  const now = Date.now();
  // A clock that was set back would make it last for as long; that of another machine may be a little behind.
  if (!failure || now < failure.at - 60_000 || now >= failure.retryAt) return;
  const { retryAt } = failure;
  throw error?.retryAt === retryAt ? error : new TokenError('refresh-failed', { retryAt });
}
