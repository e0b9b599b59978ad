/** What the copies of this package in one program have in common: nothing relies on module identity (R57). */

const key = Symbol.for('evertoken.places');

const places = (): Map<string, unknown> => {
  const holder = globalThis as { [key]?: Map<string, unknown> };
  holder[key] ??= new Map();
  return holder[key];
};

/** The thing of this name; made by whoever asks first. */
export function placeOf<T>(name: string, create: () => T): T {
  const all = places();
  const place = (all.get(name) as T | undefined) ?? create();
  all.set(name, place);
  return place;
}

/** Nobody needs it any more. */
export const leavePlace = (name: string): unknown => places().delete(name);
