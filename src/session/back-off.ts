/** After a refresh that did not work: when the next one may be tried (R35). */
import { asTokenError, TokenError } from '../errors.ts';
import type { Events } from './events.ts';
import type { Run, Session, Sessions } from './session.ts';

export interface BackOffParts {
  readonly sessions: Pick<Sessions, 'current' | 'apply'>;
  readonly add: Events['add'];
}

/** Notes a refresh that did not work, once: its waiters may have given up before it did. Answers what they are told. */
export function noteFailure({ sessions, add }: BackOffParts, run: Run, cause: unknown): TokenError {
  if (run.error) return run.error;
  const { session } = run;
  const { state } = session;
  const known = asTokenError(cause, 'refresh-failed');
  const at = Date.now();
  const count = (state.failure?.count ?? 0) + 1;
  // Exponential with jitter, a minute at most; a longer `Retry-After` wins.
  const delay = Math.min(1_000 * 2 ** count, 60_000) * (0.75 + Math.random() / 4);
  const retryAt = Math.ceil(Math.max(at + delay, known?.retryAt ?? 0));
  const error = new TokenError('refresh-failed', { cause: known ? known.cause : cause, retryAt });
  run.error = session.error = error;
  if (sessions.current === session) sessions.apply({ ...state, failure: { count, at, retryAt } });
  add('refresh-failed', { sessionId: state.id, error, retryAt });
  return error;
}

/** There is reason to hope. */
export function endBackOff({ current, apply }: BackOffParts['sessions']): void {
  const { failure } = current.state;
  if (failure) apply({ ...current.state, failure: { ...failure, retryAt: 0 } });
}

/** @throws what requests are told while it lasts. */
export function heedBackOff({ state: { failure }, error }: Session): void {
  const now = Date.now();
  // A clock that was set back would make it last for as long; that of another machine may be a little behind.
  if (!failure || now < failure.at - 60_000 || now >= failure.retryAt) return;
  throw error?.retryAt === failure.retryAt ? error : new TokenError('refresh-failed', failure);
}
