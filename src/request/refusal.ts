/** Recognises a refusal (F): an answer that says that the token is not good. */
import type { TokenManagerOptions } from '../api.ts';
import { abortable } from '../platform/timers.ts';
import type { Events } from '../session/events.ts';
import { targetOf } from './allow.ts';
import type { Call } from './call.ts';
import { stepUpChallenge } from './challenge.ts';

export interface RefusalParts extends Pick<TokenManagerOptions, 'isRejected'> {
  readonly add: Events['add'];
  flush(): void;
}

/** Nobody reads the body. Not awaited: of two copies that ends when both are cancelled. */
export const discard = (response: Response): void => void response.body?.cancel().catch(() => {});

/** Answers whether a response refuses the token; what a refresh cannot cure is told to the app. */
export async function isRefused(
  { add, flush, isRejected }: RefusalParts,
  { target, signal }: Call,
  response: Response,
): Promise<boolean> {
  // Beyond a cross-origin redirect the server saw no token.
  if (response.redirected && targetOf(response.url)?.origin !== target.origin) return false;
  const challenge = stepUpChallenge(response);
  let isRefusal = response.status === 401 && !challenge;
  if (isRejected) {
    const copy = response.clone();
    isRefusal = await abortable(isRejected(copy), signal);
    discard(copy);
  }
  if (challenge && !isRefusal) {
    add('step-up-required', { challenge, url: target.place });
    flush();
  }
  return isRefusal;
}
