/** Parses `WWW-Authenticate` by its grammar (RFC 9110 §11.6.1). */
import type { Challenge } from './types.ts';

const token = "[!#$%&'*+.^`|~\\w-]+";
const separators = /[ \t,]*/y;
const parameter = new RegExp(
  `(${token})[ \\t]*=[ \\t]*(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")(?=[ \\t,]|$)`,
  'y',
);
const scheme = new RegExp(`(${token})(?:[ \\t]+|(?=,|$))`, 'y');
const token68 = /([\w.~+/-]+=*)[ \t]*(?=,|$)/y;

/**
 * The challenges of a header, or of several joined by commas. Stops at what breaks the grammar and keeps what
 * came before; a missing comma between parameters is forgiven.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  const eat = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match) at = pattern.lastIndex;
    return match;
  };
  let parameters: Record<string, string> | undefined;
  while (eat(separators) && at < header.length) {
    const found = parameters && eat(parameter);
    if (found && parameters) {
      const name = `${found[1]}`.toLowerCase();
      // A name may stand only once; the first one counts.
      if (!Object.hasOwn(parameters, name))
        parameters[name] = found[2] ?? `${found[3]}`.replace(/\\(.)/g, '$1');
      continue;
    }
    const next = eat(scheme);
    if (!next) break;
    const data = eat(token68)?.[1];
    const own: Record<string, string> = {};
    challenges.push({ scheme: `${next[1]}`, ...(data && { token68: data }), parameters: own });
    parameters = data ? undefined : own;
  }
  return challenges;
}

/**
 * The challenge that a refresh cannot meet: a stronger login (RFC 9470 §3) or more scope (RFC 6750 §3.1).
 */
export function stepUpChallenge({ status, headers }: Response): Challenge | undefined {
  if (status !== 401 && status !== 403) return undefined;
  return parseChallenges(headers.get('www-authenticate') ?? '').find(
    ({ parameters: { error } }) =>
      error === 'insufficient_scope' || (error === 'insufficient_user_authentication' && status === 401),
  );
}
