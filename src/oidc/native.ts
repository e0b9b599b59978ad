/** The sign-ins of programs that are no page: on another device, or in a browser that comes back to a loopback port. */

import { ownMembers } from '../own.ts';
import { granted, promptOf } from './device.ts';
import { endable } from './endable.ts';
import { listen } from './loopback.ts';
import { guard, OidcError } from './oidc-error.ts';
import {
  checkFunction,
  checkSignal,
  refuse,
  type SignInDeviceOptions,
  type SignInLoopbackOptions,
  type SignInResult,
} from './options.ts';
import { pause } from './page.ts';
import type { createPlan } from './plan.ts';
import type { createProtocol } from './protocol.ts';
import { random } from './protocol.ts';
import { stamp } from './transactions.ts';

export interface NativeSignIns {
  /**
   * Signs in a user who has a browser elsewhere, or none at hand here: the device authorization grant (RFC 8628), for
   * tools in a terminal, over ssh, on a television. Asks as often as the server wants it (`interval`, `slow_down`), more
   * seldom while nobody answers, until the code expires; keeps a Node process alive meanwhile.
   *
   * @throws OidcError `server-metadata` without a device authorization endpoint, `authorization-refused` (`error` is
   * `access_denied` where the user said no), `device-code-expired`, `prompt-failed`, and what `handleRedirect` throws of
   * tokens; the signal's reason; TypeError for an option that is none.
   *
   * @example
   * const { tokens } = await client.signInDevice({
   *   onPrompt: ({ userCode, verificationUri }) => console.log(`Open ${verificationUri} and enter ${userCode}`),
   *   signal: AbortSignal.timeout(600_000),
   * });
   * await auth.signIn(tokens);
   */
  signInDevice(options: SignInDeviceOptions): Promise<SignInResult>;
  /**
   * Signs in with the browser of this machine: authorization code with PKCE, `state` and `iss` as `signInRedirect`, back
   * to a port of the loopback interface that is open for this one callback (RFC 8252 §7.3). For Node 22.3 and later, Bun
   * and Deno. `redirectUri` begins with `http://127.0.0.1` or `http://[::1]`; the server has to allow any port with it,
   * unless it names one.
   *
   * @throws OidcError as `signInRedirect` and `handleRedirect`, and `loopback-failed`, `callback-timeout`,
   * `prompt-failed`; the signal's reason; TypeError for another `redirectUri`, or an option that is none.
   *
   * @example
   * import open from 'open';
   *
   * const { tokens } = await client.signInLoopback({ open });
   * await auth.signIn(tokens);
   */
  signInLoopback(options: SignInLoopbackOptions): Promise<SignInResult>;
}

type Parts = { readonly redirectUri: string } & ReturnType<typeof createPlan> &
  Pick<ReturnType<typeof createProtocol>, 'id' | 'exchange' | 'deviceCode' | 'deviceGrant' | 'accepted'>;

export const createNative = (parts: Parts): NativeSignIns => ({
  async signInDevice(given) {
    const { onPrompt, signal, ...own }: SignInDeviceOptions = ownMembers(given);
    checkFunction('onPrompt', onPrompt);
    checkSignal(signal);
    return endable(signal, async (signal, end) => {
      const [asked, wanted] = await parts.plan(ownMembers(own));
      const code = await parts.deviceCode(asked, signal);
      guard('prompt-failed', () => onPrompt(promptOf(code))).catch(end);
      const ask = () => parts.deviceGrant(code.device_code, signal, wanted.thumbprint);
      const response = await granted(code, ask, signal);
      return guard('invalid-token-response', () => parts.accepted(response, wanted, signal));
    });
  },

  async signInLoopback(given) {
    const { open, signal, timeout = 300_000, ...own }: SignInLoopbackOptions = ownMembers(given);
    checkFunction('open', open);
    checkSignal(signal);
    if (typeof timeout !== 'number' || !(timeout > 0)) refuse('timeout', timeout, 'more than 0 ms');
    return endable(signal, async (signal, end) => {
      const state = stamp(random(), parts.id);
      const { redirectUri, callback } = await listen(parts.redirectUri, state, signal);
      let isBack = false;
      pause(timeout, signal).then(() => isBack || end(new OidcError('callback-timeout')));
      const [url, transaction] = await parts.prepare(ownMembers(own), state, redirectUri, signal);
      guard('prompt-failed', () => open(url)).catch(end);
      const parameters = await callback;
      isBack = true;
      return parts.exchange(parameters, state, transaction, redirectUri, signal);
    });
  },
});
