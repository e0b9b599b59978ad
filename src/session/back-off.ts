/** After a refresh that did not work: when the next one may be tried (R35). */
import { asTokenError, meanings, TokenError, type TokenErrorCode } from '../errors.ts';
import type { Events } from './events.ts';
import type { Run, Session, SessionState, Sessions } from './session.ts';

export interface BackOffParts {
  readonly sessions: Pick<Sessions, 'current' | 'apply'>;
  readonly add: Events['add'];
  /** What may be told of something thrown. */
  summarize(thrown: unknown): Error;
}

/** What those who wait are told of what `refresh` threw: a summary, its own words in the message (R70). */
export function errorOf(
  parts: Pick<BackOffParts, 'summarize'>,
  code: TokenErrorCode,
  thrown: unknown,
  retryAt?: number,
  waiting?: ReadonlySet<string>,
): TokenError {
  // What says `invalid_grant` may have the shape of one that failed, for the sake of `retryAt`.
  const known = asTokenError(thrown, code) ?? asTokenError(thrown, 'refresh-failed');
  const reason = known ? known.cause : thrown;
  if (known && !reason) return new TokenError(code, { message: parts.summarize(known).message, retryAt });
  const cause = parts.summarize(reason);
  // A `refresh` that calls auth.fetch waits for itself (R7).
  const who =
    cause.name === 'TimeoutError' && waiting?.size
      ? `; waiting: ${parts.summarize([...waiting].slice(0, 5).join(', ')).message}`
      : '';
  return new TokenError(code, { cause, message: `${meanings[code]}: ${cause.message}${who}`, retryAt });
}

/** Notes a refresh that did not work, once: its waiters may have given up before it did. Answers what they are told. */
export function noteFailure(parts: BackOffParts, run: Run, thrown: unknown): TokenError {
  if (run.error) return run.error;
  const { sessions } = parts;
  const { session } = run;
  const { state } = session;
  const at = Date.now();
  const count = (state.failure?.count ?? 0) + 1;
  // Exponential with jitter, a minute at most; a longer `Retry-After` wins, up to an hour.
  const delay = Math.min(1_000 * 2 ** count, 60_000) * (0.75 + Math.random() / 4);
  const wished = Number(asTokenError(thrown, 'refresh-failed')?.retryAt) || 0;
  const retryAt = Math.ceil(Math.max(at + delay, Math.min(wished, at + 3_600_000)));
  const error = errorOf(parts, 'refresh-failed', thrown, retryAt, session.waiting);
  run.error = session.error = error;
  if (sessions.current === session) sessions.apply({ ...state, failure: { count, at, retryAt } });
  parts.add('refresh-failed', { sessionId: state.id, error, retryAt });
  return error;
}

/** There is reason to hope. */
export function endBackOff(sessions: BackOffParts['sessions']): void {
  const { state } = sessions.current;
  const { failure } = state;
  if (failure) sessions.apply({ ...state, failure: { ...failure, retryAt: 0 } });
}

/** Whether it lasts. A clock that was set back would make it last for as long; that of another machine may be behind. */
export function isBackingOff({ failure }: SessionState): boolean {
  const now = Date.now();
  return !!failure && now >= failure.at - 60_000 && now < failure.retryAt;
}

/** @throws what requests are told while it lasts. */
export function heedBackOff({ state, error }: Session): void {
  const { failure } = state;
  if (!failure || !isBackingOff(state)) return;
  throw error?.retryAt === failure.retryAt ? error : new TokenError('refresh-failed', failure);
}
