/** What a sign-in asks the server for, and what has to come of it. */

import { ownMembers } from '../own.ts';
import { attempt } from './attempt.ts';
import { authorizationRequestOf } from './authorization-request.ts';
import { guard, OidcError } from './oidc-error.ts';
import type { OidcClientOptions, SignInOptions } from './options.ts';
import { currentUrl } from './page.ts';
import type { Parameters } from './parameters.ts';
import { random, s256 } from './protocol.ts';
import type { Transaction, Wanted } from './transactions.ts';

/** Without origin, so that it leads nowhere else. */
function pathOf(returnTo: string, redirectUri: string): string {
  const url = attempt(() => new URL(returnTo, currentUrl() ?? redirectUri));
  const path = url?.href.replace(new URL(redirectUri).origin, '') ?? '';
  // Another origin is still there; two slashes would be read as one.
  if (/^\/(?!\/)/.test(path)) return path;
  throw new OidcError('unsafe-return-to');
}

export function createPlan(
  options: OidcClientOptions,
  authorizationUrl: (parameters: Parameters, signal?: AbortSignal) => Promise<string>,
) {
  /** Of any sign-in. */
  async function plan(given: SignInOptions): Promise<[asked: Parameters, wanted: Wanted]> {
    const { asked, expected, acr } = authorizationRequestOf(options, given);
    const thumbprint = await guard('storage-failed', () => options.dpop?.thumbprint?.());
    return [{ ...asked, resource: options.resource }, ownMembers({ expected, acr, thumbprint })];
  }

  /** Of one with a callback: the URL of the login page, and what the callback has to be compared with. */
  async function prepare(
    given: SignInOptions,
    state: string,
    redirectUri: string,
    signal?: AbortSignal,
  ): Promise<[url: string, transaction: Transaction]> {
    const returnTo = given.returnTo && pathOf(given.returnTo, redirectUri);
    const [asked, wanted] = await plan(given);
    const verifier = random();
    const expected = wanted.expected && { ...wanted.expected, expectedNonce: random() };
    const parameters = {
      ...asked,
      client_id: options.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      code_challenge: await s256(verifier),
      code_challenge_method: 'S256',
      state,
      nonce: expected?.expectedNonce,
      dpop_jkt: wanted.thumbprint,
    };
    const url = await authorizationUrl(parameters, signal);
    return [url, { ...wanted, verifier, expected, returnTo }];
  }

  return { plan, prepare };
}
