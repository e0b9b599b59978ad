/** Brings new tokens: one refresh at a time for a session, however many ask. */
import type { Accept, Held, Refresher, Session, Sessions } from './contracts.ts';
import { asTokenError, TokenError } from './errors.ts';
import type { Events } from './events.ts';
import { isValidFor, subjectOf } from './expiry.ts';
import { abortable, timeLimit, within } from './timers.ts';
import type { Lock, Refresh, RefreshCause, TokenSet } from './types.ts';

export interface RefresherParts {
  readonly refresh: Refresh;
  readonly refreshTimeout: number;
  readonly sessions: Sessions;
  readonly events: Pick<Events, 'add' | 'flush'>;
  readonly fetch: typeof fetch;
  readonly name: string;
  readonly lock: Lock;
  readonly accept: Accept;
  /** Settles when no answer that may bring tokens of this session is on its way. */
  captures(session: Session): Promise<unknown>;
  /** Takes tokens that came after their session was over. */
  onOrphan(tokens: TokenSet, session: Session): void;
}

/** One refresh: `work` is the request itself, `wait` what callers wait for. */
interface Run {
  readonly session: Session;
  readonly work: Promise<void>;
  wait?: Promise<void> | undefined;
  failure?: TokenError;
}

/** RFC 6749 §5.2: of all errors only this one says that the refresh token is dead. */
const isSessionEnded = (error: { error?: unknown; data?: { error?: unknown } } | undefined): boolean =>
  !!asTokenError(error, 'session-ended') || [error?.error, error?.data?.error].includes('invalid_grant');

export function createRefresher({
  refresh,
  refreshTimeout,
  sessions,
  events,
  ...parts
}: RefresherParts): Refresher {
  let current: Run | undefined;
  let backOff: { session: Session; until: number; failures: number; error: TokenError } | undefined;

  /** Notes a refresh that did not work, once: its waiters may have given up before it did. */
  function fail(run: Run, cause: unknown): TokenError {
    if (run.failure) return run.failure;
    const { session } = run;
    const failures = backOff?.session === session ? backOff.failures + 1 : 1;
    const delay = Math.min(1_000 * 2 ** failures, 60_000) * (0.75 + Math.random() / 4);
    const known = asTokenError(cause, 'refresh-failed');
    const until = Math.max(Date.now() + delay, known?.retryAt ?? 0);
    const error = new TokenError('refresh-failed', { cause: known ? known.cause : cause, retryAt: until });
    run.failure = error;
    backOff = { session, until, failures, error };
    events.add('refresh-failed', { sessionId: session.id, error, retryAt: until });
    return error;
  }

  /** Sends the refresh token (G) and takes the answer (H); runs behind the lock. */
  async function exchange(run: Run, cause: RefreshCause, stale: Held | undefined): Promise<void> {
    const { session } = run;
    const fits = () => sessions.current === session && session.held === stale;
    await sessions.sync('other-context');
    if (!fits()) return;
    const startedAt = Date.now();
    let held: Held;
    try {
      // The waiters give up after half of it, see `run`. A late answer may hold the only living refresh token.
      const answer = await within('the refresh', refreshTimeout * 2, (signal) =>
        refresh({ tokens: stale?.tokens, signal, fetch: parts.fetch }),
      );
      held = parts.accept(answer, startedAt, stale?.tokens);
    } catch (cause) {
      const isOver = isSessionEnded(cause as object | undefined);
      if (isOver) {
        await within('captures', refreshTimeout, () => parts.captures(session)).catch(() => {});
        await sessions.sync('other-context');
      }
      // Tokens from elsewhere, or another session: what the old refresh token brought says nothing.
      if (!fits()) return;
      if (!isOver) throw fail(run, cause);
      const error = new TokenError('session-ended', { cause });
      if (stale) await sessions.end(session, 'ended', error);
      else session.tried = true;
      throw error;
    }
    const subject = stale && refresh.withoutRefreshToken && subjectOf(stale.tokens);
    const isOther = !stale || (subject && subject !== (subjectOf(held.tokens) ?? subject));
    const isStored = await (isOther
      ? sessions.open(held, 'restored', fits)
      : sessions.replace(session, fits, () => held, { cause, startedAt }));
    if (isStored) backOff = undefined;
    else if (sessions.current !== session) parts.onOrphan(held.tokens, session);
  }

  function start(session: Session, cause: RefreshCause): Run {
    const stale = session.held;
    // Longer than any holder may take.
    const [signal, granted] = timeLimit('the wait for the lock', refreshTimeout * 2 + 5_000);
    const task = () => {
      granted();
      return exchange(run, cause, stale);
    };
    const work = async () => {
      try {
        await parts.lock(parts.name, task, { signal });
      } catch (error) {
        throw asTokenError(error) ?? fail(run, error);
      } finally {
        granted();
        if (current === run) current = undefined;
      }
    };
    const run: Run = { session, work: Promise.resolve().then(work) };
    run.work.catch(() => {}).then(events.flush);
    return run;
  }

  async function run(session: Session, cause: RefreshCause): Promise<void> {
    session.over.throwIfAborted();
    if (cause === 'manual') endBackOff();
    if (backOff?.session === session && Date.now() < backOff.until) throw backOff.error;
    if (current?.session !== session) current = start(session, cause);
    const own = current;
    own.wait ??= within('the refresh', refreshTimeout, () => own.work).catch((error) => {
      own.wait = undefined;
      const failure = asTokenError(error) ?? fail(own, error);
      events.flush();
      throw failure;
    });
    await abortable(own.wait, session.over);
  }

  const endBackOff = () => {
    if (backOff) backOff.until = 0;
  };

  const canServe = ({ held, tried }: Session) => !!held || (!!refresh.withoutRefreshToken && !tried);

  async function obtain(session: Session, minValidity?: number): Promise<Held | undefined> {
    const { held } = session;
    const now = Date.now();
    if (!canServe(session)) return undefined;
    if (!held || now >= held.waitAt || (minValidity !== undefined && !isValidFor(held, minValidity))) {
      await run(session, 'expired').catch((error) => {
        // A token that is still good serves while no new one can be had; a cookie that is refused means signed out.
        const isGood = held
          ? asTokenError(error, 'refresh-failed') && Date.now() < held.expiresAt
          : session.tried;
        if (!isGood) throw error;
      });
    } else if (now >= held.aheadAt) {
      run(session, 'ahead').catch(() => {});
    }
    return session.held;
  }

  return { run, canServe, obtain, endBackOff };
}
