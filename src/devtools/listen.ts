/** Hears what managers tell: those before it, those now, and whatever else listens. */
import type { Devtools, Step } from '../development.ts';

const key = Symbol.for('evertoken.devtools');
const world = globalThis as { [key]?: Devtools };

/**
 * Calls `hear` for each step that is still kept, at once, and for each that comes. The array that keeps them stays where
 * it is, so that a panel that comes later has them too; a tool of another kind goes on being told.
 *
 * @returns Its own undo.
 */
export function listen(hear: (step: Step) => void): () => void {
  const before = world[key];
  const kept: Step[] = Array.isArray(before) ? before : [];
  const push = Array.isArray(before) ? before.push : Array.prototype.push;
  const other = kept === before ? undefined : before;
  let isActive = true;
  const tap = (...steps: Step[]): number => {
    const count = push.apply(kept, steps);
    for (const step of steps) {
      other?.push(step);
      if (isActive) hear(step);
    }
    return count;
  };
  for (const step of kept) hear(step);
  kept.push = tap;
  world[key] = kept;
  return () => {
    isActive = false;
    // Whoever came later stands on it, and takes it away with itself.
    if (kept.push === tap && !other) kept.push = push;
  };
}
