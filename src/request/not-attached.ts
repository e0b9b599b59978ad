/** Tells that a request goes out without our token, and why: once per origin and reason (R72). */
import type { TokenEvents } from '../api.ts';
import type { Events } from '../session/events.ts';
import type { Target } from './target.ts';

export type NotAttached = (
  target: Pick<Target, 'place' | 'root'>,
  reason: TokenEvents['not-attached']['reason'],
) => void;

export interface NotAttachedParts extends Pick<Events, 'add' | 'flush'> {
  /** Of which origins and reasons. */
  told?: Set<string> | undefined;
  /** What may be told of a text: a path may hold a token (R70), and then the origin is told. */
  summarize(text: string, instead: string): Error;
}

export function tellNotAttached(
  parts: NotAttachedParts,
  ...[{ place, root }, reason]: Parameters<NotAttached>
): void {
  parts.told ??= new Set();
  const { told } = parts;
  const key = `${reason} ${root}`;
  if (told.has(key) || told.size > 999) return;
  told.add(key);
  parts.add('not-attached', { url: parts.summarize(place, root).message, reason });
  parts.flush();
}
