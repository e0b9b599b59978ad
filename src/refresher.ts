/** Brings new tokens: one refresh at a time for a session, however many ask. */
import type { Accept, Held, Refresher, Run, Session, Sessions } from './contracts.ts';
import { asTokenError, TokenError } from './errors.ts';
import type { Events } from './events.ts';
import { isValidFor, subjectOf } from './expiry.ts';
import { abort, abortable, heed, type LimitedSignal, pause, timeLimit, within } from './timers.ts';
import type { Lock, Refresh, RefreshCause, TokenSet } from './types.ts';

export interface RefresherParts {
  readonly refresh: Refresh;
  readonly refreshTimeout: number;
  readonly sessions: Sessions;
  readonly events: Pick<Events, 'add' | 'flush'>;
  readonly fetch: typeof fetch;
  readonly name: string;
  readonly lock: Lock;
  /** Whether the lock keeps all others out, or those of this context only. */
  isLockShared(): boolean;
  readonly accept: Accept;
  revokeTokens(tokens: TokenSet): unknown;
}

/** What keeps others out: the lock of all contexts, a turn in this one, or, where the lock was not to be had, nothing. */
type Hold = 'lock' | 'turn' | 'nothing';

/** RFC 6749 §5.2: of all errors only this one says that the refresh token is dead. */
const isSessionEnded = (error: { error?: unknown; data?: { error?: unknown } } | undefined): unknown =>
  asTokenError(error, 'session-ended') || [error?.error, error?.data?.error].includes('invalid_grant');

/** Who claims a refresh token is alone with it for 2 s at least; then it has to be claimed again. */
interface Claiming {
  isFresh(): boolean;
  claim(): Promise<boolean>;
}

const TAKEN = 'another context has the refresh token';

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
      session.failedAt = Date.now();
      events.add('refresh-failed', { sessionId: session.id, error, retryAt });
    }
    return run.error;
  }

  /** Sends the refresh token (G) and takes the answer (H). Answers whether it was committed. */
  async function spend(
    run: Run,
    session: Session,
    cause: RefreshCause,
    fits: () => boolean,
    look: () => Promise<void>,
    hold: Claiming,
  ) {
    const startedAt = Date.now();
    const tokens = session.held?.tokens;
    let held: Held;
    let isOther = !tokens;
    let isTaken = false;
    try {
      // The waiters give up after half of it. A late answer may hold the only living refresh token.
      const send = (signal: LimitedSignal) => {
        // Another context may have taken over from one that was frozen, or that waits to try again.
        const fetch: typeof parts.fetch = async (input, init) => {
          // So late it would be aborted with an answer on the way.
          const isLate = () => Date.now() > Number(signal.deadline) - refreshTimeout;
          isTaken = !hold.isFresh() && (!(await hold.claim()) || isLate());
          if (isTaken) throw new Error(TAKEN);
          return parts.fetch(input, init);
        };
        return refresh({ tokens, signal, fetch });
      };
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
      }
      if (isOver || isTaken) await look();
      // There are newer tokens, or another session: what the old refresh token brought says nothing.
      if (!fits()) return false;
      if (!isOver) throw fail(run, session, cause);
      const error = new TokenError('session-ended', { cause });
      if (tokens && !(await sessions.expire(fits, error))) return void (await look());
      session.isTried = true;
      run.error = error;
      throw error;
    }
    const isStored = await (isOther
      ? sessions.open(fits, held, 'restored')
      : sessions.replace(fits, () => held, { cause, startedAt }));
    if (!isStored && session.isRevoked) parts.revokeTokens(held.tokens);
    return isStored;
  }

  /** One refresh, after the stored record was read again. */
  async function exchange(run: Run, session: Session, cause: RefreshCause, holds: Hold): Promise<void> {
    const fits = () => sessions.current === session && session.base === run.base;
    const isWanted = () => fits() && !session.signal.aborted;
    const read = () => sessions.sync('other-context', { isLocked: holds !== 'nothing', isSpending: true });
    await read();

    const began = Date.now();
    const isLocked = holds === 'lock';
    // Who claimed behind the lock is gone when another has it; who had none may take its time. Then the record has to arrive.
    const limit = (isBehindLock: boolean) => (isBehindLock ? 0 : refreshTimeout * 2) + 2_000;
    let seen: number | undefined;
    let since = began;
    const mayTake = (claim: { at: number; isLocked: boolean }) => {
      // Each claim has its own time, by this context's clock where the claimant's was set back.
      if (claim.at !== seen) since = Date.now();
      seen = claim.at;
      return holds !== 'nothing' && Date.now() >= Math.min(seen, since) + limit(isLocked && claim.isLocked);
    };
    let claimedAt = Number.NaN;
    const isFresh = () => !sessions.claim || Date.now() < claimedAt + 1_500;
    const mayClaim = () => {
      claimedAt = Date.now();
      return isWanted();
    };
    // A context that was frozen meanwhile may have lost it again.
    const claim = async () =>
      !sessions.claim || ((await sessions.claim(mayClaim, isLocked, mayTake)) && isFresh());

    // Without the lock somebody else may have spent it a moment ago.
    const look = () => read().then(() => (holds === 'lock' ? undefined : pause(1_000).then(read)));
    let isCommitted: unknown;
    try {
      while (isWanted() && !(await claim())) {
        // Whoever has the lock is frozen or hangs, and may have spent it; or what replaced it cannot be read.
        if (holds === 'nothing' || Date.now() > began + limit(false) + 2_000) throw new Error(TAKEN);
        await pause(50);
        await read();
      }
      if (!isWanted()) return;
      isCommitted = await spend(run, session, cause, fits, look, { isFresh, claim });
    } finally {
      if (claimedAt >= 0 && !isCommitted) await sessions.disclaim(session);
    }
    // Something else was committed first, and those who wait go on with that.
    if (!isCommitted) await read();
  }

  function start(session: Session, cause: RefreshCause): Run {
    // Longer than a holder may take.
    const [signal, granted] = timeLimit('the wait for the lock', refreshTimeout * 2 + 5_000, session.signal);
    const task = () => {
      granted();
      return exchange(run, session, cause, parts.isLockShared() ? 'lock' : 'turn');
    };
    const work = Promise.resolve()
      .then(() => parts.lock(parts.name, task, { signal }))
      .catch(async (error) => {
        if (error !== signal.reason || session.signal.aborted) throw error;
        // The holder is frozen or hangs; others who waited for it go on as well.
        await pause(Math.random() * 1_000);
        return exchange(run, session, cause, 'nothing');
      })
      .catch((error) => {
        throw asTokenError(error) ?? fail(run, session, error);
      })
      .finally(() => {
        granted();
        if (session.run === run) session.run = undefined;
        events.flush();
        // Listeners hear of the end before those who wait for something else of this session.
        if (run.error?.code === 'session-ended' && sessions.current !== session) abort(session, run.error);
      });
    const run: Run = { work, base: session.base };
    return run;
  }

  async function run(session: Session, cause: RefreshCause): Promise<void> {
    heed(session.signal);
    if (cause === 'manual') session.error = undefined;
    const now = Date.now();
    // A clock that was set back would make it last for as long.
    if (now >= Number(session.failedAt) && now < Number(session.error?.retryAt)) throw session.error;
    // Tokens from elsewhere need a refresh of their own.
    if (session.run?.base !== session.base) session.run = start(session, cause);
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
    heed(session.signal);
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
