/** Remembers which tokens and places keep being refused, so that a refusal nobody can cure causes no storm. */

/** Where a request goes. */
interface Place {
  readonly method: string;
  readonly target: { readonly place: string };
}

const keyOf = ({ method, target }: Place) => method + target.place;

/**
 * Two marks, each 10 s long and doubled each time up to a minute: the token's, which an acceptance anywhere
 * lifts, and the place's (method and path), which only an acceptance there lifts.
 */
export class CoolDown {
  /** The token's has no place. */
  #marks: Map<string, { since: number; length: number }> | undefined;
  #marked: string | undefined;

  #endOf(key: string): number {
    const { since = 0, length = 0 } = this.#marks?.get(key) ?? {};
    const age = Date.now() - since;
    // It begins in the future where the clock was set back.
    return age >= 0 && age < length ? since + length : 0;
  }

  #extend(key: string): void {
    this.#marks ??= new Map();
    const length = Math.min((this.#marks.get(key)?.length ?? 5_000) * 2, 60_000);
    this.#marks.set(key, { since: Date.now(), length });
  }

  /** Until when a refusal of `token`, at `place` if it is given, must not cause a refresh (ms since the epoch); 0: it may. */
  until(token: string | undefined, place?: Place): number {
    return (token === this.#marked && this.#endOf('')) || (place ? this.#endOf(keyOf(place)) : 0);
  }

  /** `token` was refused at `place` right after it was issued; without a token only the place is marked. */
  mark(token: string | undefined, place: Place): void {
    if ((this.#marks?.size ?? 0) > 999) this.#marks = undefined;
    const key = keyOf(place);
    // A burst of refusals counts as one.
    if (!this.#endOf(key)) this.#extend(key);
    if (!token) return;
    if (token !== this.#marked || !this.#endOf('')) this.#extend('');
    this.#marked = token;
  }

  /** `token` was accepted at `place`. */
  lift(token: string, place: Place): void {
    // Nearly always.
    if (!this.#marks?.size) return;
    this.#marks.delete(keyOf(place));
    if (token === this.#marked || !this.#endOf('')) this.#marks.delete('');
  }
}
