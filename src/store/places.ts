/** What the copies of this package in one program have in common: nothing relies on module identity (R57). */

interface Places {
  [name: string]: unknown;
}

const key = Symbol.for('evertoken.places');

/** The thing of this name; made by whoever asks first. */
export function placeOf<T>(name: string, create: () => T): T {
  const holder = globalThis as { [key]?: Places };
  holder[key] ??= Object.create(null) as Places;
  const places = holder[key];
  places[name] ??= create();
  return places[name] as T;
}
