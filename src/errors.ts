/** The one error class of this package, and the guard that recognises it. */
import { memberOf } from './own.ts';

/**
 * What a {@link TokenError} means:
 * - `session-ended`: the authorization server no longer accepts this session; ask the user to sign in.
 * - `signed-out`: nobody is signed in, and the place requires a token; nothing was sent.
 * - `refresh-failed`: no new token could be had now; try again, after `retryAt` if it is set.
 * - `session-changed`: the session a call began in was ended by a sign-out or another sign-in.
 * - `invalid-token-response`: an answer that should have held tokens did not.
 * - `closed`: the manager was closed.
 */
export type TokenErrorCode =
  | 'session-ended'
  | 'signed-out'
  | 'refresh-failed'
  | 'session-changed'
  | 'invalid-token-response'
  | 'closed';

/** In words; what has a cause says that too. */
export const meanings: Record<TokenErrorCode, string> = {
  'session-ended': 'the session is over, sign in again',
  'signed-out': 'nobody is signed in; sign in first',
  'refresh-failed': 'no new token',
  'session-changed': 'the session of this call is over',
  'invalid-token-response': 'the answer is no token response',
  closed: 'the token manager is closed',
};

/**
 * An error of the token manager. Compare `code`, not the message.
 *
 * A user's own `refresh` throws `new TokenError('session-ended')` to say that the session is over.
 *
 * @example
 * import { asTokenError } from 'evertoken';
 *
 * try {
 *   await auth.fetch('https://api.example.com/me');
 * } catch (error) {
 *   if (asTokenError(error, 'session-ended')) location.assign('/login');
 * }
 */
export class TokenError extends Error {
  declare readonly code: TokenErrorCode;
  /** Milliseconds since the epoch before which another refresh is not tried; only with `refresh-failed`. */
  declare readonly retryAt?: number;

  constructor(
    code: TokenErrorCode,
    options?: { cause?: unknown; message?: string | undefined; retryAt?: number | undefined },
  ) {
    // Whatever is handed over, also an error: its message is none of its enumerable members.
    const cause = memberOf(options, 'cause');
    super(
      (memberOf(options, 'message') as string | undefined) ?? meanings[code],
      cause === undefined ? cause : { cause },
    );
    const retryAt = memberOf(options, 'retryAt') as number | undefined;
    this.code = code;
    if (retryAt) this.retryAt = retryAt;
  }

  // On the prototype, so that no instance carries it as a field of its own.
  override get name(): string {
    return 'TokenError';
  }
}

/**
 * Finds a {@link TokenError}: the error itself, or the first one along its `cause`s (API clients wrap
 * what `fetch` rejects with). Works across realms and copies of this package, where `instanceof` does not.
 *
 * @param error - Anything that was thrown.
 * @param code - Only an error with this code.
 * @returns The error, or `undefined` when there is none.
 */
export function asTokenError(error: unknown, code?: TokenErrorCode): TokenError | undefined {
  let found: TokenError | undefined;
  let next = error as TokenError | undefined;
  // Bounded, because some wrap an error in itself.
  for (let depth = 0; next && depth < 20; depth++) {
    const given = memberOf(next, 'code') as TokenErrorCode;
    const isOurs =
      memberOf(next, 'name') === 'TokenError' && (code ? code === given : Object.hasOwn(meanings, given));
    // A wrapper may copy name and code; an instance is the thing itself.
    if (isOurs && next instanceof TokenError) return next;
    if (isOurs) found ??= next;
    next = memberOf(next, 'cause') as TokenError | undefined;
  }
  return found;
}
