/** Remembers which tokens and places keep being refused, so that a refusal nobody can cure causes no storm. */

export interface CoolDown {
  /** Whether a refusal of `token` at `place` must not cause a refresh. */
  isMarked(token: string, place: string): boolean;
  /** `token` was refused at `place` right after it was issued. */
  mark(token: string, place: string): void;
  /** `token` was accepted at `place`. */
  lift(token: string, place: string): void;
}

/**
 * Two marks, each 10 s long and doubled each time up to a minute: the token's, which an acceptance anywhere
 * lifts, and the place's (method and path), which only an acceptance there lifts.
 */
export function createCoolDown(): CoolDown {
  const marks = new Map<string, { until: number; length: number }>();
  let marked: string | undefined;
  // The token's mark has no place.
  const isOn = (place: string) => Date.now() < (marks.get(place)?.until ?? 0);
  const extend = (place: string) => {
    const length = Math.min((marks.get(place)?.length ?? 5_000) * 2, 60_000);
    marks.set(place, { length, until: Date.now() + length });
  };
  return {
    isMarked: (token, place) => (token === marked && isOn('')) || isOn(place),
    mark(token, place) {
      if (marks.size > 999) marks.clear();
      // A burst of refusals counts as one.
      if (token !== marked || !isOn('')) extend('');
      if (!isOn(place)) extend(place);
      marked = token;
    },
    lift(token, place) {
      if (!marks.size) return;
      marks.delete(place);
      if (token === marked || !isOn('')) marks.delete('');
    },
  };
}
