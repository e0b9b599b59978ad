/** Remembers which tokens and places keep being refused, so that a refusal nobody can cure causes no storm. */

/** Where a request goes. */
export interface Place {
  readonly method: string;
  readonly target: { readonly place: string };
}

export interface CoolDown {
  /** Until when a refusal of `token`, at `place` if it is given, must not cause a refresh (ms since the epoch); 0: it may. */
  until(token: string | undefined, place?: Place): number;
  /** `token` was refused at `place` right after it was issued; without a token only the place is marked. */
  mark(token: string | undefined, place: Place): void;
  /** `token` was accepted at `place`. */
  lift(token: string, place: Place): void;
}

const keyOf = ({ method, target }: Place) => method + target.place;

/**
 * Two marks, each 10 s long and doubled each time up to a minute: the token's, which an acceptance anywhere
 * lifts, and the place's (method and path), which only an acceptance there lifts.
 */
export function createCoolDown(): CoolDown {
  let marks: Map<string, { since: number; length: number }> | undefined;
  let marked: string | undefined;
  // The token's mark has no place.
  const endOf = (key: string) => {
    const { since = 0, length = 0 } = marks?.get(key) ?? {};
    const age = Date.now() - since;
    // It begins in the future where the clock was set back.
    return age >= 0 && age < length ? since + length : 0;
  };
  const extend = (key: string) => {
    const length = Math.min((marks?.get(key)?.length ?? 5_000) * 2, 60_000);
    marks ??= new Map();
    marks.set(key, { since: Date.now(), length });
  };
  return {
    until: (token, place) => (token === marked && endOf('')) || (place ? endOf(keyOf(place)) : 0),
    mark(token, place) {
      if (marks && marks.size > 999) marks.clear();
      const key = keyOf(place);
      // A burst of refusals counts as one.
      if (!endOf(key)) extend(key);
      if (!token) return;
      if (token !== marked || !endOf('')) extend('');
      marked = token;
    },
    lift(token, place) {
      // Nearly always.
      if (!marks?.size) return;
      marks.delete(keyOf(place));
      if (token === marked || !endOf('')) marks.delete('');
    },
  };
}
