/** Takes over new tokens from ordinary responses, such as the answer to a change of password. */
import { type Matcher, matcherOf } from './allow.ts';
import { checkMembers } from './check.ts';
import type { Accept, Capture, Session, Sessions } from './contracts.ts';
import { report } from './events.ts';
import { within } from './timers.ts';
import type { CaptureRule, TokenResponse } from './types.ts';

export interface CaptureParts {
  readonly sessions: Sessions;
  readonly accept: Accept;
  flush(): void;
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

/** A JSON body with the usual names; anything else brings no tokens. */
async function readTokens(response: Response): Promise<TokenResponse | undefined> {
  const body = await response.json().catch(() => {});
  return (body?.access_token ?? body?.accessToken ?? body?.id_token ?? body?.idToken) ? body : undefined;
}

/** @throws TypeError for a rule that is none. */
export function createCapture(given: CaptureRule[], { sessions, accept, flush }: CaptureParts): Capture {
  const onTheWay = new Map<Promise<unknown>, Session>();
  let sent = 0;

  const rules = given.map((rule, index): CompiledRule => {
    checkMembers(`options.capture[${index}]`, rule, kinds);
    return { ...rule, matches: matcherOf(rule.url, `options.capture[${index}].url`) };
  });

  async function send(
    { startsSession, read = readTokens }: CaptureRule,
    was: Session,
    carried: string | undefined,
    request: () => Promise<Response>,
  ) {
    const captured = ++sent;
    const startedAt = Date.now();
    const mayTake = startsSession || was.id;
    // The order of sending decides between captures; the token carried decides where no refresh token comes along.
    const response = await request();
    const take = async () => {
      const answer = await read(response.clone());
      if (!answer) return;
      const held = accept(answer, startedAt);
      const fits = () =>
        captured > was.captured &&
        (held.tokens.refreshToken || was.isCaptured || was.held?.tokens.accessToken === carried);
      if (startsSession) await sessions.open(held, 'captured', () => sessions.current === was);
      else {
        const next = () => accept(answer, startedAt, was.held?.tokens);
        await sessions.replace(was, fits, next, { cause: 'captured', startedAt, captured });
      }
    };
    if (response.ok && mayTake) {
      const work = () => take().catch(report).finally(flush);
      await within('capture', 5_000, work).catch(() => {});
    }
    return response;
  }

  return {
    send(target, method, carried, request) {
      const rule = rules.find(
        (rule) =>
          rule.matches(target) &&
          (!rule.method || [rule.method].flat().some((name) => name.toUpperCase() === method.toUpperCase())),
      );
      if (!rule) return request();
      const was = sessions.current;
      // Without a token of its own a request counts as carrying the one that is current.
      const answer = send(rule, was, carried ?? was.held?.tokens.accessToken, request);
      onTheWay.set(answer, was);
      const done = () => onTheWay.delete(answer);
      answer.then(done, done);
      return answer;
    },
    settled: (session) => Promise.allSettled([...onTheWay].map(([answer, of]) => of === session && answer)),
  };
}
