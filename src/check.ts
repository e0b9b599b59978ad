/** Checks options, so that a mistake is named at once, with the kind of the value and never a text it holds. */
import { nearest } from './nearest.ts';
import { memberOf, ownMembers } from './own.ts';

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

/** The name that was meant, perhaps. */
function meantBy(name: string, kinds: object): string {
  const meant = nearest(name, Object.keys(kinds));
  return meant ? `'${meant}', perhaps: ` : '';
}

/**
 * Checks the members of an object. Each is of one of the kinds named for it, separated by ` or `: what
 * {@link kindOf} says, a text in quotes that it has to equal, or `false`.
 *
 * @returns Its members and nobody else's (R37), each of the names there are, in an object that inherits nothing.
 */
export function checkMembers<T extends object>(label: string, value: T, kinds: Record<string, string>): T {
  if (kindOf(value) !== 'object') refuse(label, value, 'object');
  const members = ownMembers<Record<string, unknown>>({});
  for (const name of Object.keys({ ...value, ...kinds })) {
    const member = memberOf(value, name);
    const allowed = Object.hasOwn(kinds, name)
      ? (kinds[name] as string)
      : `${__DEVELOPMENT__ ? meantBy(name, kinds) : ''}no such name; known are ${Object.keys(kinds)}`;
    const text = typeof member === 'string' ? `'${member}'` : member === false ? 'false' : '';
    const isAllowed = allowed.split(' or ').some((word) => word === kindOf(member) || word === text);
    if (!isAllowed) refuse(`${label}.${name}`, member, allowed);
    members[name] = member;
  }
  return members as T;
}

/** The same for the members of a list, or of an object that may have any names. */
export function checkEach(label: string, values: object, allowed: string): void {
  for (const [name, member] of Object.entries(values)) {
    if (!allowed.split(' or ').includes(kindOf(member)))
      refuse(Array.isArray(values) ? `${label}[${name}]` : `${label}.${name}`, member, allowed);
  }
}
