/** Waits for a user who signs in on another device (RFC 8628). */

import { ownMembers } from '../own.ts';
import { isBusy } from '../retry-after.ts';
import { OidcError } from './oidc-error.ts';
import type { DevicePrompt } from './options.ts';
import { pause } from './page.ts';

/** RFC 8628 §3.2; times in seconds. */
export interface DeviceCode {
  readonly device_code: string;
  readonly user_code: string;
  readonly verification_uri: string;
  readonly verification_uri_complete?: string;
  readonly expires_in: number;
  readonly interval?: number;
}

const MINUTE = 60_000;

/** What the user has to be shown. */
export const promptOf = (code: DeviceCode): DevicePrompt => ({
  userCode: code.user_code,
  verificationUri: code.verification_uri,
  verificationUriComplete: code.verification_uri_complete,
  expiresAt: Date.now() + code.expires_in * 1_000,
});

/** Polls until the server grants it (RFC 8628 §3.4, §3.5): what `ask` answers. */
export async function granted<T>(
  { interval: seconds = 5, expires_in }: DeviceCode,
  ask: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  // A server that names less than a second would be asked without end.
  let interval = Math.max(seconds, 1) * 1_000;
  let wait = interval;
  // By what was waited: a clock that is set ends nothing, and after a sleep the server knows.
  for (let left = expires_in * 1_000; ; ) {
    // A request that was under way may outlive the sign-in.
    signal.throwIfAborted();
    await pause(Math.min(wait, left), signal);
    left -= wait;
    if (left <= 0) throw new OidcError('device-code-expired');
    try {
      return await ask();
    } catch (thrown) {
      const { code, error, status = 0, retryAt = 0 } = ownMembers(thrown as OidcError);
      if (error === 'slow_down') interval += 5_000;
      if (error === 'slow_down' || error === 'authorization_pending') wait = interval;
      else if (code !== 'unreachable' && !isBusy(status)) {
        // The user's no, and a code that is too old, are no fault of the client's.
        const isExpired = error === 'expired_token';
        if (!isExpired && error !== 'access_denied') throw thrown;
        const end = isExpired ? 'device-code-expired' : 'authorization-refused';
        throw new OidcError(end, error, { error, status });
      }
      // No answer, or none to the question; a minute at most, so that a user who is done is not kept waiting.
      else wait = Math.max(interval, Math.min(wait * 2, MINUTE));
      wait = Math.max(wait, retryAt - Date.now());
    }
  }
}
