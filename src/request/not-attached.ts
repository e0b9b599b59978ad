/** Tells that a request goes out without our token, and why: once per origin and reason (R72). */
import type { TokenEvents } from '../api.ts';
import type { Events } from '../session/events.ts';
import type { Target } from './target.ts';

export type NotAttached = (
  target: Pick<Target, 'place' | 'origin'>,
  reason: TokenEvents['not-attached']['reason'],
) => void;

/** @param summarize - What may be told of a text: a path may hold a token (R70), and then the origin is told. */
export function createNotAttached(
  { add, flush }: Pick<Events, 'add' | 'flush'>,
  summarize: (text: string, instead: string) => Error,
): NotAttached {
  const told = new Set<string>();
  return ({ place, origin }, reason) => {
    const key = `${reason} ${origin}`;
    if (told.has(key) || told.size > 999) return;
    told.add(key);
    add('not-attached', { url: summarize(place, origin).message, reason });
    flush();
  };
}
