/** Takes over new tokens from ordinary responses, such as the answer to a change of password. */
import { type Matcher, matcherOf } from './allow.ts';
import { checkMembers } from './check.ts';
import type { Accept, Capture, Sessions } from './contracts.ts';
import { report } from './events.ts';
import { abortable, within } from './timers.ts';
import type { CaptureRule, TokenSet } from './types.ts';

export interface CaptureParts {
  readonly sessions: Sessions;
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
export function createCapture(
  rules: CaptureRule[],
  { sessions, accept, flush, revokeTokens }: CaptureParts,
): Capture {
  let sent = 0;
  const compiled = rules.map((rule, index): CompiledRule => {
    checkMembers(`options.capture[${index}]`, rule, kinds);
    return { ...rule, matches: matcherOf(rule.url, `options.capture[${index}].url`) };
  });

  return async ({ target, method, signal }, carried, request) => {
    const isMeant = (name: string) => name.toUpperCase() === method.toUpperCase();
    const was = sessions.current;
    const rule = compiled.find(
      ({ matches, method: only, startsSession }) =>
        (was.id || startsSession) && matches(target) && [only ?? method].flat().some(isMeant),
    );
    if (!rule) return request();
    const { startsSession, read } = rule;
    // The order of sending decides between captures; the token carried decides where no refresh token comes along.
    const captured = ++sent;
    const startedAt = Date.now();
    // Without a token of its own a request counts as carrying the one that is current.
    const token = carried ?? was.held?.tokens.accessToken;

    const take = async (response: Response) => {
      const answer = await (read ? read(response) : response.json());
      if (!answer) return;
      const held = accept(answer, startedAt);
      const isSame = () => sessions.current === was;
      const fits = () =>
        isSame() &&
        captured > was.captured &&
        (held.tokens.refreshToken || was.isCaptured || was.held?.tokens.accessToken === token);
      const next = () => accept(answer, startedAt, was.held?.tokens);
      const isPartial = !held.tokens.refreshToken;
      const isStored = await (startsSession
        ? sessions.open(isSame, held, 'captured')
        : sessions.replace(fits, next, { cause: 'captured', startedAt, captured, isPartial }));
      if (!isStored && was.isRevoked) revokeTokens(held.tokens);
    };
    const answer = request().then(async (response) => {
      if (!response.ok) return response;
      const copy = response.clone();
      // Without a `read`, a body that is no token response brings no tokens.
      // A body that nobody has read would be kept a second time. Not awaited: that ends when both copies are cancelled.
      const work = () =>
        take(copy)
          .catch((error) => read && report(error))
          .finally(() => {
            copy.body?.cancel().catch(() => {});
            // Here, because a commit that comes late is told, too.
            flush();
          });
      await within('the capture', 5_000, work).catch(() => {});
      return response;
    });
    was.captures.add(answer);
    return abortable(
      answer.finally(() => was.captures.delete(answer)),
      signal,
    );
  };
}
