/** Takes over new tokens from ordinary responses, such as the answer to a change of password. */
import { checkMembers } from '../check.ts';
import { abortable, within } from '../platform/timers.ts';
import { begin, capture, signInCaptured } from '../session/changes.ts';
import type { Sharing } from '../session/commit.ts';
import { report } from '../session/events.ts';
import type { Accept } from '../session/expiry.ts';
import type { Sessions } from '../session/session.ts';
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
  const { sessions, accept, revokeTokens, flush } = parts;
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
    const { startsSession, read } = rule;
    // Later than what this context holds, whoever's clock that came from (R43).
    const startedAt = Date.now();
    const at = Math.max(startedAt, was.capturedAt + 1, sentAt + 1);
    sentAt = at;
    // Without a token of its own a request counts as carrying the one that is current.
    const replaced = carried ?? was.held?.tokens.accessToken;

    /** Reads the answer, and commits the tokens it brings. */
    async function take(copy: Response): Promise<void> {
      try {
        const answer = await (read ? read(copy) : copy.json());
        if (!answer) return;
        const held = accept(answer, startedAt);
        const begun = begin(held, 'captured');
        const isMade = await (startsSession
          ? parts.sharing.commit(signInCaptured(was, begun), { begins: begun.id })
          : parts.sharing.commit(
              capture(was, at, replaced, (now) => accept(answer, startedAt, now?.tokens)),
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

    return (sending) => {
      const answer = sending.then(async (response) => {
        if (response.ok) await within('the capture', 5_000, () => take(response.clone())).catch(() => {});
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
