/** Takes over new tokens from ordinary responses, such as the answer to a change of password. */
import { checkMembers } from '../check.ts';
import { abortable, within } from '../platform/timers.ts';
import { begin, capture, signInCaptured } from '../session/changes.ts';
import type { Sharing } from '../session/commit.ts';
import type { Accept } from '../session/expiry.ts';
import type { Session, SessionState, Sessions } from '../session/session.ts';
import type { CaptureRule, TokenSet } from '../types.ts';
import { covers, rulesOf } from './allow.ts';
import { boundedCopy, isEventStream } from './bounded-copy.ts';
import type { Asked } from './call.ts';
import { isFromElsewhere, type Target } from './target.ts';

/** A rule, compiled. */
export interface Capturing extends CaptureRule {
  readonly rules: ReturnType<typeof rulesOf>;
}

export interface Captures {
  /** The rule for the answer to such a request; signed out, only that of a sign-in endpoint (R41). */
  ruleFor(call: Pick<Asked, 'target' | 'method'>): Capturing | undefined;
  /**
   * Asked before a request is sent.
   *
   * @param carried - The token that it carries.
   * @returns What hands its answer on after the tokens it brought were committed; nothing without a rule.
   */
  take(
    call: Pick<Asked, 'target' | 'method' | 'signal'>,
    carried?: string,
  ): ((answer: Promise<Response>) => Promise<Response>) | undefined;
}

export interface CaptureParts {
  readonly sessions: Sessions;
  sharing: Pick<Sharing, 'commit'>;
  readonly accept: Accept;
  flush(): void;
  report(thrown: unknown): void;
  revokeTokens(tokens: TokenSet): unknown;
}

const kinds: Record<keyof CaptureRule, string> = {
  url: 'string or function or object or array',
  method: 'string or array or undefined',
  startsSession: 'boolean or undefined',
  read: 'function or undefined',
};

/**
 * Reads an answer, and commits the tokens it brings.
 *
 * @param sentAt - Where its request stands among all captures.
 */
async function read(
  parts: CaptureParts,
  rule: Capturing,
  session: Session,
  was: SessionState,
  startedAt: number,
  sentAt: number,
  carried: string | undefined,
  copy: Response,
  signal: AbortSignal | null | undefined,
): Promise<void> {
  const { sharing } = parts;
  try {
    const answer = await (rule.read ? rule.read(copy) : copy.json());
    if (!answer) return;
    const held = parts.accept(answer, startedAt);
    const begun = begin(held, 'captured');
    const isMade = await (rule.startsSession
      ? sharing.commit(signInCaptured(was, begun), { begins: begun.id })
      : sharing.commit(capture(was, sentAt, carried, (now) => parts.accept(answer, startedAt, now?.tokens))));
    if (!isMade && session.isRevoked) parts.revokeTokens(held.tokens);
  } catch (thrown) {
    // Without a `read`, a body that is no token response brings no tokens. A caller who gave up made `read` fail.
    if (rule.read && !signal?.aborted) parts.report(thrown);
  } finally {
    // Here, because a commit that comes late is told, too.
    parts.flush();
  }
}

/** Whether an answer may bring tokens: of the asked-for origin, and by default only JSON. */
const mayBring = (response: Response, target: Target, rule: Capturing): unknown =>
  response.ok &&
  !isFromElsewhere(response, target) &&
  !isEventStream(response) &&
  (rule.read ?? /[/+]json\b/i.test(response.headers.get('content-type') ?? ''));

/** @throws TypeError for a rule that is none. */
export function createCaptures(rules: readonly CaptureRule[], parts: CaptureParts): Captures {
  const { sessions } = parts;
  let last = 0;
  const compiled = rules.map((rule, index): Capturing => {
    const label = `options.capture[${index}]`;
    const checked = checkMembers(label, rule, kinds);
    return Object.assign(checked, { rules: rulesOf(checked.url, `${label}.url`) });
  });
  const ruleFor: Captures['ruleFor'] = ({ target, method }) => {
    const isMeant = (name: string) => name.toUpperCase() === method.toUpperCase();
    const { held } = sessions.current.state;
    return compiled.find(
      ({ rules, method: only = method, startsSession }) =>
        (held || startsSession) && covers(rules, target) && [only].flat().some(isMeant),
    );
  };
  return {
    ruleFor,
    take(call, carried) {
      const { target, signal } = call;
      const rule = ruleFor(call);
      if (!rule) return undefined;
      const session = sessions.current;
      const was = session.state;
      const startedAt = Date.now();
      // Later than what this context holds, whoever's clock that came from (R43).
      last = Math.max(startedAt, was.capturedAt + 1, last + 1);
      const sentAt = last;
      // Without a token of its own a request counts as carrying the one that is current.
      const current = carried ?? was.held?.tokens.accessToken;
      return (sending) => {
        const answer = sending.then(async (response) => {
          if (!mayBring(response, target, rule)) return response;
          const [copy, release] = boundedCopy(response);
          const work = () =>
            read(parts, rule, session, was, startedAt, sentAt, current, copy, signal).finally(release);
          await within('the capture', 5_000, () => abortable(work(), sessions.closed)).catch(() => {});
          // A `read` of the app's own may take longer, and is waited for by nobody.
          if (!rule.read) release();
          return response;
        });
        session.captures ??= new Set();
        const { captures } = session;
        captures.add(answer);
        return abortable(
          answer.finally(() => captures.delete(answer)),
          signal,
        );
      };
    },
  };
}
