/** Checks options, so that a mistake is named at once, with the kind of the value and never a text it holds. */

/** The kind of a value: a string may be a secret. */
export function kindOf(value: unknown): string {
  if (value === '') return 'empty';
  if (typeof value === 'number') return value >= 0 && value < 1 / 0 ? 'number >= 0' : `${value}`;
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
}

/** @throws TypeError that names what was checked, the kind of its value and what is allowed. */
export function refuse(name: string, value: unknown, allowed: string): never {
  throw new TypeError(`evertoken: ${name} is ${kindOf(value)}; expected ${allowed}`);
}

/**
 * Checks the members of an object. Each is of one of the kinds named for it, separated by ` or `: what
 * {@link kindOf} says, a text in quotes that it has to equal, or `false`.
 */
export function checkMembers(label: string, value: object, kinds: Record<string, string>): void {
  if (kindOf(value) !== 'object') refuse(label, value, 'object');
  for (const name in { ...value, ...kinds }) {
    const member = (value as Record<string, unknown>)[name];
    const allowed = Object.hasOwn(kinds, name)
      ? (kinds[name] as string)
      : `no such name; known are ${Object.keys(kinds)}`;
    const text = typeof member === 'string' ? `'${member}'` : member === false ? 'false' : '';
    const isAllowed = allowed.split(' or ').some((word) => word === kindOf(member) || word === text);
    if (!isAllowed) refuse(`${label}.${name}`, member, allowed);
  }
}
