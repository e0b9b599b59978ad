/** Brings new tokens: one refresh at a time for a session, however many ask. */
import type { Accept, Held, Refresher, Run, Session, Sessions } from './contracts.ts';
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
  revokeTokens(tokens: TokenSet): unknown;
}

/** RFC 6749 §5.2: of all errors only this one says that the refresh token is dead. */
const isSessionEnded = (error: { error?: unknown; data?: { error?: unknown } } | undefined): unknown =>
  asTokenError(error, 'session-ended') || [error?.error, error?.data?.error].includes('invalid_grant');

export function createRefresher(parts: RefresherParts): Refresher {
  const { refresh, refreshTimeout, sessions, events } = parts;

  /** Notes a refresh that did not work, once: its waiters may have given up before it did. */
  function fail(run: Run, session: Session, cause: unknown): TokenError {
    if (!run.error) {
      session.failures++;
      const delay = Math.min(1_000 * 2 ** session.failures, 60_000) * (0.75 + Math.random() / 4);
      const known = asTokenError(cause, 'refresh-failed');
      const retryAt = Math.ceil(Math.max(Date.now() + delay, known?.retryAt ?? 0));
      const error = new TokenError('refresh-failed', { cause: known ? known.cause : cause, retryAt });
      run.error = session.error = error;
      events.add('refresh-failed', { sessionId: session.id, error, retryAt });
    }
    return run.error;
  }

  /** Sends the refresh token (G) and takes the answer (H); runs behind the lock. */
  async function exchange(run: Run, session: Session, cause: RefreshCause): Promise<void> {
    const fits = () => sessions.current === session && session.version === run.version;
    await sessions.sync('other-context');
    if (!fits() || session.signal.aborted) return;
    const startedAt = Date.now();
    const tokens = session.held?.tokens;
    let held: Held;
    let isOther = !tokens;
    try {
      // The waiters give up after half of it. A late answer may hold the only living refresh token.
      const send = (signal: AbortSignal) => refresh({ tokens, signal, fetch: parts.fetch });
      const answer = await within('the refresh', refreshTimeout * 2, send);
      held = parts.accept(answer, startedAt, tokens);
      if (tokens && refresh.withoutRefreshToken) {
        // What somebody else's cookie brought holds nothing of this session.
        const other = parts.accept(answer, startedAt);
        const subject = subjectOf(other.tokens);
        isOther = !!subject && subject !== (subjectOf(tokens) ?? subject);
        if (isOther) held = other;
      }
    } catch (cause) {
      const isOver = isSessionEnded(cause as object | undefined);
      if (isOver) {
        const captures = Promise.allSettled(session.captures);
        await within('the capture', refreshTimeout, () => captures).catch(() => {});
        await sessions.sync('other-context');
      }
      // There are newer tokens, or another session: what the old refresh token brought says nothing.
      if (!fits()) return;
      if (!isOver) throw fail(run, session, cause);
      run.error = new TokenError('session-ended', { cause });
      if (tokens) await sessions.end('ended', run.error);
      else session.isTried = true;
      throw run.error;
    }
    const isStored = await (isOther
      ? sessions.open(fits, held, 'restored')
      : sessions.replace(fits, () => held, { cause, startedAt }));
    if (!isStored && session.isRevoked) parts.revokeTokens(held.tokens);
  }

  function start(session: Session, cause: RefreshCause): Run {
    // Longer than any holder may take.
    const [signal, granted] = timeLimit('the wait for the lock', refreshTimeout * 2 + 5_000, session.signal);
    const task = () => {
      granted();
      return exchange(run, session, cause);
    };
    const work = Promise.resolve()
      .then(() => parts.lock(parts.name, task, { signal }))
      .catch((error) => {
        throw asTokenError(error) ?? fail(run, session, error);
      })
      .finally(() => {
        granted();
        if (session.run === run) session.run = undefined;
        events.flush();
        // Listeners hear of the end before those who wait for something else of this session.
        if (run.error?.code === 'session-ended' && sessions.current !== session) session.abort(run.error);
      });
    const run: Run = { work, version: session.version };
    return run;
  }

  async function run(session: Session, cause: RefreshCause): Promise<void> {
    session.signal.throwIfAborted();
    if (cause === 'manual') session.error = undefined;
    if (Date.now() < Number(session.error?.retryAt)) throw session.error;
    // Tokens from elsewhere need a refresh of their own.
    if (session.run?.version !== session.version) session.run = start(session, cause);
    const own = session.run as Run;
    own.wait ??= within('the refresh', refreshTimeout, () => {
      const released = new Promise((resolve) => {
        own.release = resolve;
      });
      return abortable(Promise.race([own.work, released]), session.signal);
    }).catch((error) => {
      own.wait = undefined;
      // The reason of the session's end is handed on as it is.
      const failure = asTokenError(error) ?? fail(own, session, error);
      events.flush();
      throw failure;
    });
    await own.wait;
  }

  async function obtain(session: Session, minValidity?: number): Promise<Held | undefined> {
    session.signal.throwIfAborted();
    const { held } = session;
    const now = Date.now();
    if (!held && (session.isTried || !refresh.withoutRefreshToken)) return undefined;
    if (!held || now >= held.waitAt || (minValidity && !isValidFor(held, minValidity))) {
      await run(session, 'expired').catch((error) => {
        // A token that is still good serves while no new one can be had; a cookie that is refused means signed out.
        const isGood = held
          ? asTokenError(error, 'refresh-failed') && Date.now() < held.expiresAt
          : session.isTried;
        if (!isGood) throw error;
      });
    } else if (now >= held.aheadAt) {
      run(session, 'ahead').catch(() => {});
    }
    return session.held;
  }

  return { run, obtain };
}
