/** Says what is wrong with an argument. */

/** @throws TypeError with the kind of the value and nothing of it: it may be a secret. */
export function refuse(name: string, value: unknown, expected: string): never {
  throw new TypeError(`evertoken: ${name} is ${value === '' ? 'empty' : typeof value}; expected ${expected}`);
}
