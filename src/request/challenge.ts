/** Parses `WWW-Authenticate` by its grammar (RFC 9110 §11.6.1). */
import type { Challenge } from '../api.ts';

/** A parameter, or else a scheme with its token68; each with the commas and spaces before it. */
const part =
  /[\s,]*([^\s,="]+)(?:\s*=\s*(?:([^\s,"]+)|"((?:[^"\\]|\\.)*)")(?=[\s,]|$)|\s+(?:[^\s,="]+=*\s*(?=,|$))?|(?=,|$))/gy;

/**
 * The challenges of a header, or of several joined by commas. Stops at what breaks the grammar and keeps what
 * came before; a missing comma between parameters is forgiven, and a value without the quotes it needs.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let parameters: Challenge['parameters'] = {};
  for (const [, name = '', token, quoted] of header.matchAll(part)) {
    const value = token ?? quoted?.replace(/\\(.)/g, '$1');
    const key = name.toLowerCase();
    if (value === undefined) {
      parameters = {};
      challenges.push({ scheme: name, parameters });
    } else if (!Object.hasOwn(parameters, key)) {
      // A name may stand only once; the first one counts.
      parameters[key] = value;
    }
  }
  return challenges;
}

/**
 * The challenge that a refresh cannot meet: a stronger login (RFC 9470 §3), more claims, or more scope (RFC 6750 §3.1).
 */
export const stepUpChallenge = ({ status, headers }: Response): Challenge | undefined =>
  parseChallenges(headers.get('www-authenticate') ?? '').find(({ parameters: { error } }) =>
    /^(401 insufficient_(user_authentication|claims)|40[13] insufficient_scope)$/.test(`${status} ${error}`),
  );
