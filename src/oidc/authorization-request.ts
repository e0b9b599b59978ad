/** What a sign-in asks of the user, in the names of the wire, and how the ID token is held against it. */

import { ownMembers } from '../own.ts';
import { OidcError } from './oidc-error.ts';
import { type OidcClientOptions, refuse, type SignInOptions } from './options.ts';
import { type Parameters, pairsOf } from './parameters.ts';
import type { Expected, WantedAcr } from './transactions.ts';

export interface AuthorizationRequest {
  /** Of the authorization request. */
  readonly asked: Parameters;
  readonly expected: Expected | undefined;
  readonly acr: WantedAcr | undefined;
}

/**
 * OpenID Connect Core 1.0 §3.1.2.1, RFC 9470 §4: an option wins over the challenge, that over `parameters`.
 *
 * @throws TypeError for a `max_age` or `acr_values` that is none.
 */
export function authorizationRequestOf(
  options: OidcClientOptions,
  given: SignInOptions,
): AuthorizationRequest {
  const { challenge, acrValues, maxAge, loginHint, prompt, parameters } = given;
  const { acr_values, max_age, scope: more = '' } = ownMembers(challenge?.parameters);
  const own: Record<string, string> = ownMembers(parameters);
  const vital = acrValues ?? acr_values;
  const asked: Record<string, string> = {
    ...options.parameters,
    ...own,
    ...Object.fromEntries(
      pairsOf({ acr_values: vital, max_age: maxAge ?? max_age, login_hint: loginHint, prompt }),
    ),
    scope: `${own['scope'] ?? options.scope ?? 'openid'} ${more}`.trim(),
  };
  const { max_age: age, scope } = ownMembers(asked);
  if (/\D/.test(age ?? '')) refuse('max_age', age, 'whole seconds');
  const values = vital ?? own['acr_values'] ?? '';
  if (typeof values !== 'string') refuse('acr_values', values, 'string');
  return {
    asked,
    expected: /(^| )openid( |$)/.test(`${scope}`)
      ? { requireIdToken: true, ...(age && { maxAge: +age }) }
      : undefined,
    acr: values ? { values, isVital: !!vital } : undefined,
  };
}

/**
 * Whether the login was as strong as it was asked to be (RFC 9470 §4, OpenID Connect Core 1.0 §5.5.1.1).
 *
 * @throws OidcError `invalid-id-token`.
 */
export function checkAcr({ values, isVital }: WantedAcr, claims: object): void {
  const { acr = isVital ? '' : values }: { acr?: unknown } = ownMembers(claims);
  if (acr !== values && !values.split(' ').includes(`${acr}`)) {
    throw new OidcError('invalid-id-token', `its acr is none of those asked for: ${values}`);
  }
}
