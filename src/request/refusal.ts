/** Recognises a refusal (F): an answer that says that the token is not good. */
import type { TokenManagerOptions } from '../api.ts';
import { abortable, heed, within } from '../platform/timers.ts';
import type { Events } from '../session/events.ts';
import { boundedCopy, discard, isEventStream } from './bounded-copy.ts';
import type { Call } from './call.ts';
import { stepUpChallenge } from './challenge.ts';
import { isFromElsewhere } from './target.ts';

export interface RefusalParts extends Pick<TokenManagerOptions, 'isRejected'> {
  readonly add: Events['add'];
  flush(): void;
  report(thrown: unknown): void;
}

/** What the app says of an answer; one that fails or takes longer than 5 s was not asked. */
async function ask(
  { isRejected, report }: RefusalParts,
  { target, method, signal }: Call,
  response: Response,
  byDefault: boolean,
): Promise<boolean> {
  if (!isRejected || (response.ok && isEventStream(response))) return byDefault;
  const copy = boundedCopy(response);
  try {
    const about = { byDefault, method, url: target.href };
    return await abortable(
      within('isRejected', 5_000, () => isRejected(copy, about)),
      signal,
    );
  } catch (thrown) {
    heed(signal);
    report(thrown);
    return byDefault;
  } finally {
    discard(copy);
  }
}

/** Answers whether a response refuses the token; what a refresh cannot cure is told to the app. */
export async function isRefused(parts: RefusalParts, call: Call, response: Response): Promise<boolean> {
  const { target } = call;
  // Beyond a cross-origin redirect the server saw no token.
  const isElsewhere = isFromElsewhere(response, target);
  const challenge = isElsewhere ? undefined : stepUpChallenge(response);
  const byDefault = response.status === 401 && !challenge && !isElsewhere;
  const isRefusal = await ask(parts, call, response, byDefault);
  if (challenge && !isRefusal) {
    parts.add('step-up-required', { challenge, url: target.place });
    parts.flush();
  }
  return isRefusal;
}
