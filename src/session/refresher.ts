/** Brings good tokens: one refresh at a time for a session, however many ask. */
import type { RefreshCause } from '../api.ts';
import { asTokenError } from '../errors.ts';
import { abortable, heed, within } from '../platform/timers.ts';
import { heedBackOff } from './back-off.ts';
import type { Sharing } from './commit.ts';
import { type ExchangeParts, exchange } from './exchange.ts';
import { type Held, isValidFor } from './expiry.ts';
import type { Run, Session } from './session.ts';

export interface RefresherParts extends ExchangeParts {
  readonly sharing: Pick<Sharing, 'alone'>;
  flush(): void;
}

export interface Refresher {
  /** Refreshes, or joins the refresh under way; an explicit one wants tokens that are issued from now on (R31). */
  run(session: Session, cause: RefreshCause): Promise<void>;
  /** Good tokens of this session: those in hand, or new ones; `undefined`: signed out. */
  obtain(session: Session, minValidity?: number): Promise<Held | undefined>;
}

function start(parts: RefresherParts, session: Session, cause: RefreshCause): Run {
  const before = session.run?.work;
  const run: Run = {
    rotation: session.state.rotation,
    isSent: false,
    isExplicit: cause === 'manual',
    work: Promise.resolve(),
  };
  // What a capture has beaten is waited for: one refresh at a time (R31).
  run.work = Promise.resolve(before?.catch(() => {}))
    .then(() =>
      parts.sharing.alone({ run, session, cause }, (turn) => exchange(parts, run, session, cause, turn)),
    )
    .catch((error) => {
      throw asTokenError(error) ?? parts.backOff.note(run, session, error);
    })
    .finally(() => {
      if (session.run === run) session.run = undefined;
      parts.flush();
    });
  run.work.catch(() => {});
  return run;
}

/** The outcome of `work`, or the end of a caller's patience; whatever it is, the run's waiters are told the same. */
function wait(parts: RefresherParts, run: Run, session: Session, work: Promise<unknown>): Promise<unknown> {
  return within('the refresh', parts.refreshTimeout, () => abortable(work, session.over)).catch((error) => {
    run.wait = undefined;
    // The reason of the session's end is handed on as it is.
    const failure = asTokenError(error) ?? parts.backOff.note(run, session, error);
    parts.flush();
    throw failure;
  });
}

/** What callers wait for: the work, or good tokens from elsewhere. */
function join(parts: RefresherParts, run: Run, session: Session): Promise<unknown> {
  const released = () =>
    new Promise<void>((resolve) => {
      if (!run.isExplicit) run.release = resolve;
    });
  run.wait ??= wait(parts, run, session, Promise.race([run.work, released()]));
  return run.wait;
}

async function run(parts: RefresherParts, session: Session, cause: RefreshCause): Promise<void> {
  heed(session.over);
  if (cause === 'manual') {
    parts.backOff.end();
    const sent = session.run;
    // What it brings may have been issued before this call.
    if (sent?.isSent && sent.rotation === session.state.rotation) {
      // One that failed is no reason not to try.
      await wait(
        parts,
        sent,
        session,
        sent.work.catch(() => {}),
      );
      return run(parts, session, cause);
    }
  } else heedBackOff(session);
  // Tokens from elsewhere need a refresh of their own.
  if (session.run?.rotation !== session.state.rotation) session.run = start(parts, session, cause);
  await join(parts, session.run as Run, session);
}

async function obtain(
  parts: RefresherParts,
  session: Session,
  minValidity?: number,
): Promise<Held | undefined> {
  heed(session.over);
  const { held } = session.state;
  const now = Date.now();
  if (!held && (session.isTried || !parts.refresh.withoutRefreshToken)) return undefined;
  if (!held || now >= held.waitAt || (minValidity && !isValidFor(held, minValidity))) {
    await run(parts, session, 'expired').catch((error) => {
      // A token that is still good serves while no new one can be had; a cookie that is refused means signed out.
      const isGood = held
        ? asTokenError(error, 'refresh-failed') && Date.now() < held.expiresAt
        : session.isTried;
      if (!isGood) throw error;
    });
  } else if (now >= held.aheadAt) {
    run(parts, session, 'ahead').catch(() => {});
  }
  return session.state.held;
}

export const createRefresher = (parts: RefresherParts): Refresher => ({
  run: (session, cause) => run(parts, session, cause),
  obtain: (session, minValidity) => obtain(parts, session, minValidity),
});
