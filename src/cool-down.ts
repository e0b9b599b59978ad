/** Remembers which tokens and places keep being refused, so that a refusal nobody can cure causes no storm. */

interface Mark {
  readonly until: number;
  readonly length: number;
}

export interface CoolDown {
  /** Whether a refusal of `token` at `place` must not cause a refresh. */
  isMarked(token: string, place: string, now: number): boolean;
  /** `token` was refused at `place` right after it was issued. */
  mark(token: string, place: string, now: number): void;
  /** `token` was accepted at `place`. */
  lift(token: string, place: string): void;
}

const isOn = (mark: Mark | undefined, now: number): boolean => !!mark && now < mark.until;

const longer = (mark: Mark | undefined, now: number): Mark => {
  const length = Math.min((mark?.length ?? 5_000) * 2, 60_000);
  return { length, until: now + length };
};

/**
 * Two marks, each 10 s long and doubled each time up to a minute: the token's, which an acceptance anywhere
 * lifts, and the place's (method and path), which only an acceptance there lifts.
 */
export function createCoolDown(): CoolDown {
  const places = new Map<string, Mark>();
  let last: (Mark & { token: string }) | undefined;
  const isTokenOn = (token: string, now: number) => last?.token === token && isOn(last, now);
  return {
    isMarked: (token, place, now) => isTokenOn(token, now) || isOn(places.get(place), now),
    mark(token, place, now) {
      // A burst of refusals counts as one.
      if (!isTokenOn(token, now)) last = { token, ...longer(last, now) };
      const mark = places.get(place);
      if (isOn(mark, now)) return;
      places.set(place, longer(mark, now));
      if (places.size > 999) places.delete(`${places.keys().next().value}`);
    },
    lift(token, place) {
      if (last && (last.token === token || !isOn(last, Date.now()))) last = undefined;
      if (places.size) places.delete(place);
    },
  };
}
