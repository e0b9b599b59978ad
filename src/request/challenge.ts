/** Parses `WWW-Authenticate` by its grammar (RFC 9110 §11.6.1). */
import type { Challenge } from '../api.ts';

/** A parameter, or else a scheme with its token68; each with the commas and spaces before it. */
const part =
  /[\s,]*(?:([!#$%&'*+.^`|~\w-]+)\s*=\s*(?:([!#$%&'*+.^`|~\w-]+)|"((?:[^"\\]|\\.)*)")(?=[\s,]|$)|([!#$%&'*+.^`|~\w-]+)(?:\s+(?:[\w.~+/-]+=*\s*(?=,|$))?|(?=,|$)))/gy;

/**
 * The challenges of a header, or of several joined by commas. Stops at what breaks the grammar and keeps what
 * came before; a missing comma between parameters is forgiven.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  for (const [, name, value, quoted, scheme] of header.matchAll(part)) {
    if (scheme) challenges.push({ scheme, parameters: {} });
    const { parameters = {} } = challenges.at(-1) ?? {};
    const key = name?.toLowerCase();
    // A name may stand only once; the first one counts.
    if (key && !Object.hasOwn(parameters, key))
      parameters[key] = value ?? `${quoted}`.replace(/\\(.)/g, '$1');
  }
  return challenges;
}

/**
 * The challenge that a refresh cannot meet: a stronger login (RFC 9470 §3) or more scope (RFC 6750 §3.1).
 */
export const stepUpChallenge = ({ status, headers }: Response): Challenge | undefined =>
  parseChallenges(headers.get('www-authenticate') ?? '').find(
    ({ parameters: { error } }) =>
      (error === 'insufficient_scope' && (status === 401 || status === 403)) ||
      (error === 'insufficient_user_authentication' && status === 401),
  );
