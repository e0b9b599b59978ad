/** Takes over new tokens from ordinary responses, such as the answer to a change of password. */
import { checkMembers } from '../check.ts';
import { abortable, within } from '../platform/timers.ts';
import { begin, capture, signInCaptured } from '../session/changes.ts';
import type { Sharing } from '../session/commit.ts';
import { report } from '../session/events.ts';
import type { Accept } from '../session/expiry.ts';
import type { Session, SessionState, Sessions } from '../session/session.ts';
import type { CaptureRule, TokenSet } from '../types.ts';
import { type Matcher, matcherOf, type Target } from './allow.ts';
import { discard } from './refusal.ts';

export interface CaptureCall {
  readonly target: Target;
  readonly method: string;
  readonly signal?: AbortSignal | null | undefined;
}

/** Hands an answer on after the tokens it brought were committed. */
export type Take = (answer: Promise<Response>) => Promise<Response>;

/** Asked before a request that carries this token is sent: what takes its answer, if that may bring tokens. */
export type Capture = (call: CaptureCall, carried?: string) => Take | undefined;

export interface CaptureParts {
  readonly sessions: Sessions;
  sharing: Pick<Sharing, 'commit'>;
  readonly accept: Accept;
  flush(): void;
  revokeTokens(tokens: TokenSet): unknown;
}

interface CompiledRule extends CaptureRule {
  readonly matches: Matcher;
}

const kinds: Record<keyof CaptureRule, string> = {
  url: 'string or function or object or array',
  method: 'string or array or undefined',
  startsSession: 'boolean or undefined',
  read: 'function or undefined',
};

/** @throws TypeError for a rule that is none. */
export function createCapture(rules: CaptureRule[], parts: CaptureParts): Capture {
  const { sessions } = parts;
  let sentAt = 0;
  const compiled = rules.map((rule, index): CompiledRule => {
    checkMembers(`options.capture[${index}]`, rule, kinds);
    return { ...rule, matches: matcherOf(rule.url, `options.capture[${index}].url`) };
  });

  return ({ target, method, signal }, carried) => {
    const isMeant = (name: string) => name.toUpperCase() === method.toUpperCase();
    const session = sessions.current;
    const was = session.state;
    const rule = compiled.find(
      ({ matches, method: only = method, startsSession }) =>
        (was.held || startsSession) && matches(target) && [only].flat().some(isMeant),
    );
    if (!rule) return undefined;
    // Later than what this context holds, whoever's clock that came from (R43).
    const startedAt = Date.now();
    sentAt = Math.max(startedAt, was.capturedAt + 1, sentAt + 1);
    // Without a token of its own a request counts as carrying the one that is current.
    const sent = { session, was, startedAt, sentAt, carried: carried ?? was.held?.tokens.accessToken };
    return (sending) => {
      const answer = sending.then(async (response) => {
        const work = () => take(parts, rule, response.clone(), sent);
        if (response.ok) await within('the capture', 5_000, work).catch(() => {});
        return response;
      });
      session.captures.add(answer);
      return abortable(
        answer.finally(() => session.captures.delete(answer)),
        signal,
      );
    };
  };
}

/** A request whose answer may bring tokens. */
interface Sent {
  readonly session: Session;
  readonly was: SessionState;
  readonly startedAt: number;
  /** Where it stands among all captures. */
  readonly sentAt: number;
  readonly carried: string | undefined;
}

/** Reads the answer, and commits the tokens it brings. */
async function take(
  { accept, sharing, revokeTokens, flush }: CaptureParts,
  { startsSession, read }: CompiledRule,
  copy: Response,
  { session, ...sent }: Sent,
): Promise<void> {
  try {
    const answer = await (read ? read(copy) : copy.json());
    if (!answer) return;
    const { startedAt, was } = sent;
    const held = accept(answer, startedAt);
    const next = begin(held, 'captured');
    const isMade = await (startsSession
      ? sharing.commit(signInCaptured(was, next), { begins: next.id })
      : sharing.commit(
          capture({
            ...sent,
            isWhole: !!held.tokens.refreshToken,
            next: (now) => accept(answer, startedAt, now?.tokens),
          }),
        ));
    if (!isMade && session.isRevoked) revokeTokens(held.tokens);
  } catch (error) {
    // Without a `read`, a body that is no token response brings no tokens.
    if (read) report(error);
  } finally {
    // A body that nobody has read would be kept a second time.
    discard(copy);
    // Here, because a commit that comes late is told, too.
    flush();
  }
}
