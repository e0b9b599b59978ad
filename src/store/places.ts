/** What the copies of this package in one program have in common: nothing relies on module identity (R57). */

const key = Symbol.for('evertoken.places');

/** Things by their names, which say whose they are. */
export function places(): Map<string, unknown> {
  const holder = globalThis as { [key]?: Map<string, unknown> };
  holder[key] ??= new Map();
  return holder[key];
}
