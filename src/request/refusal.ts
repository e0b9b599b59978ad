/** Recognises a refusal (F): an answer that says that the token is not good. */
import type { TokenManagerOptions } from '../api.ts';
import { abortable, heed, within } from '../platform/timers.ts';
import type { Events } from '../session/events.ts';
import type { Sessions } from '../session/session.ts';
import { boundedCopy, isEventStream } from './bounded-copy.ts';
import type { Call } from './call.ts';
import { stepUpChallenge } from './challenge.ts';
import { isFromElsewhere } from './target.ts';

export interface RefusalParts extends Pick<TokenManagerOptions, 'isRejected'> {
  readonly add: Events['add'];
  flush(): void;
  report(thrown: unknown): void;
  /** What may be told of a text, or of something thrown. */
  summarize(thrown: unknown, instead?: string): Error;
  readonly sessions: Pick<Sessions, 'current' | 'closed'>;
}

/** Answers whether a response refuses the token; what a refresh cannot cure is told to the app. */
export async function isRefused(parts: RefusalParts, call: Call, response: Response): Promise<boolean> {
  const { isRejected } = parts;
  const { closed } = parts.sessions;
  const { target, method, signal } = call;
  // Beyond a cross-origin redirect the server saw no token.
  const isElsewhere = isFromElsewhere(response, target);
  const challenge = isElsewhere ? undefined : stepUpChallenge(response);
  const byDefault = response.status === 401 && !challenge && !isElsewhere;
  let isRefusal = byDefault;
  if (isRejected && !(response.ok && isEventStream(response))) {
    const [copy, release] = boundedCopy(response);
    const about = { byDefault, method, url: target.href };
    try {
      isRefusal = await within('isRejected', 5_000, () => abortable(isRejected(copy, about), signal, closed));
    } catch (thrown) {
      // One that fails or takes longer than 5 s was not asked.
      heed(signal);
      heed(closed);
      parts.report(thrown);
    } finally {
      release();
    }
  }
  if (challenge && !isRefusal) {
    const { scheme, parameters } = challenge;
    // A server may quote what it got (R70).
    for (const [name, value] of Object.entries(parameters))
      if (parts.summarize(value).message !== value) delete parameters[name];
    parts.add('step-up-required', {
      challenge: { scheme: parts.summarize(scheme, '').message, parameters },
      url: parts.summarize(target.place, target.root).message,
    });
    parts.flush();
  }
  return isRefusal;
}
