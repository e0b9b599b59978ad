/** Brings good tokens: one refresh at a time for a session, however many ask. */
import type { RefreshCause } from '../api.ts';
import { asTokenError } from '../errors.ts';
import { ownMembers } from '../own.ts';
import { abortable, clock, heed, within } from '../platform/timers.ts';
import { endBackOff, heedBackOff, noteFailure } from './back-off.ts';
import { isSame } from './changes.ts';
import type { Sharing } from './commit.ts';
import { type ExchangeParts, exchange } from './exchange.ts';
import { type Held, isValidFor } from './expiry.ts';
import type { Run, Session } from './session.ts';

export interface RefresherParts extends ExchangeParts {
  readonly sharing: Pick<Sharing, 'alone'>;
  flush(): void;
}

type Signal = AbortSignal | null | undefined;

/** `renew` and `obtain` of one manager. */
export interface Refresher {
  renew(session: Session, cause: RefreshCause, signal?: Signal): Promise<void>;
  obtain(session: Session, minValidity?: number, signal?: Signal): Promise<Held | undefined>;
}

/** What those who wait are told; the end of the session is handed on as it is. */
const failureOf = (parts: RefresherParts, run: Run, error: unknown) =>
  asTokenError(error) ?? noteFailure(parts, run, error);

/** The refresh itself. What a capture has beaten is waited for: one at a time (R31). */
async function send(parts: RefresherParts, run: Run, before: Run | undefined): Promise<void> {
  const { session } = run;
  try {
    await before?.work.catch(() => {});
    await parts.sharing.alone(run, (turn) => exchange(parts, run, turn));
  } catch (error) {
    throw failureOf(parts, run, error);
  } finally {
    if (session.run === run) session.run = undefined;
    parts.flush();
  }
}

function start(parts: RefresherParts, session: Session, cause: RefreshCause, before: Run | undefined): Run {
  const { id, rotation } = session.state;
  const run = ownMembers({ session, cause, id, rotation, isSent: false, at: clock() }) as Run;
  // Only tokens that are issued from now on will do for an explicit one.
  const released = new Promise<void>((resolve) => {
    if (cause !== 'manual') run.release = resolve;
  });
  if (session.run !== before && session.run) session.run.isGivenUp = true;
  session.run = run;
  run.work = send(parts, run, before);
  run.outcome = Promise.race([run.work, released]);
  return run;
}

/**
 * The outcome of `work`, or the end of a caller's patience; whatever it is, the run's waiters are told the same. Who
 * asks at another moment has a time limit of its own: on Cloudflare's workers a timer dies with its request.
 */
const wait = (parts: RefresherParts, run: Run, work: Promise<unknown>, signal?: Signal): Promise<unknown> =>
  within('the refresh', parts.refreshTimeout, () => abortable(work, run.session.over, signal)).catch(
    (error) => {
      heed(signal);
      const failure = failureOf(parts, run, error);
      parts.flush();
      throw failure;
    },
  );

/** The refresh under way, but for one whose request died with all that would have ended it. */
function runOf({ refreshTimeout }: RefresherParts, { run }: Session): Run | undefined {
  const longest = refreshTimeout * (run?.isSent ? 2 : 4) + 30_000;
  return run && clock() - run.at < longest ? run : undefined;
}

/** Refreshes, or joins the refresh under way; an explicit one wants tokens that are issued from now on (R31). */
export async function renew(
  parts: RefresherParts,
  session: Session,
  cause: RefreshCause,
  signal?: Signal,
): Promise<void> {
  heed(session.over);
  const before = runOf(parts, session);
  // Tokens from elsewhere need a refresh of their own.
  let run = before && isSame(before, session.state) ? before : undefined;
  if (cause === 'manual') {
    endBackOff(parts.sessions);
    // What it brings may have been issued before this call.
    if (run?.isSent) {
      // One that failed is no reason not to try.
      const work = run.work.catch(() => {});
      await wait(parts, run, work, signal);
      return renew(parts, session, cause, signal);
    }
  } else heedBackOff(session);
  run ??= start(parts, session, cause, before);
  // Ten thousand that ask at one moment, which belongs to one request, wait as one; who may give up waits alone.
  let outcome: Promise<unknown>;
  if (signal) outcome = wait(parts, run, run.outcome, signal);
  else {
    run.wait ??= wait(parts, run, run.outcome);
    outcome = run.wait;
  }
  // Who asks later has a time limit of its own.
  await undefined;
  run.wait = undefined;
  await outcome;
}

/** Good tokens of this session: those in hand, or new ones; `undefined`: signed out. */
export async function obtain(
  parts: RefresherParts,
  session: Session,
  minValidity?: number,
  signal?: Signal,
): Promise<Held | undefined> {
  const { held } = session.state;
  const now = Date.now();
  const isOut = !held && (session.isTried || !parts.withoutRefreshToken);
  // A call that began while nobody was signed in has no session that a sign-in could end (R5).
  heed(isOut ? parts.sessions.closed : session.over);
  if (isOut) return undefined;
  if (!held || now >= held.waitAt || (minValidity && !isValidFor(held, minValidity))) {
    await renew(parts, session, 'expired', signal).catch((error) => {
      // A token that is still good serves while no new one can be had; a cookie that is refused means signed out.
      const isGood = held
        ? asTokenError(error, 'refresh-failed') && Date.now() < held.expiresAt
        : session.isTried;
      if (!isGood) throw error;
    });
  } else if (now >= held.aheadAt) {
    renew(parts, session, 'ahead').catch(() => {});
  }
  return session.state.held;
}
