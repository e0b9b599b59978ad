/** What goes wrong between the contexts and their store. */
import type { Actor, Loop } from './loop.ts';

/** What becomes of one call. */
export type Fault =
  | 'throws' // nothing has happened
  | 'hangs' // nothing has happened, and nobody ever answers
  | 'lost' // it has happened, and the answer is lost
  | 'silent' // it has happened, and nobody ever answers
  | 'late' // it fails, and happens later
  | 'held'; // it happens when the trouble is over

interface Cut {
  readonly fault: Fault;
  readonly until: number;
}

/** A call that takes longer than that (ms) may make a store count as down. */
const SLOW = 1_200;

/** How much later a late one happens (ms). */
export const LATE = 3_000;

export type Faults = ReturnType<typeof createFaults>;

/** @param usual - How long half a call takes (ms). */
export function createFaults(loop: Loop, usual: number) {
  const planned = new Map<Actor, Fault[]>();
  const cuts = new Map<Actor | undefined, Cut>();
  /** When it last had trouble. */
  const troubled = new Map<Actor, number>();
  let slowness = usual;
  let slowUntil = 0;

  const cutOf = (actor: Actor) =>
    [cuts.get(actor), cuts.get(undefined)].find((cut) => cut && cut.until > loop.now);

  return {
    /** What becomes of the next call of this context, and until when it is held. */
    next(actor: Actor): { fault: Fault | undefined; until: number } {
      const cut = cutOf(actor);
      const fault = cut?.fault ?? planned.get(actor)?.shift();
      if (fault || slowness * 2 > SLOW) troubled.set(actor, loop.now);
      return { fault, until: cut?.until ?? loop.now };
    },
    /** How long half a call takes (ms). */
    speed: () => loop.delay() + slowness,
    slow(ms: number) {
      if (slowness * 2 > SLOW) slowUntil = loop.now;
      slowness = Math.max(usual, ms);
    },
    /** The next calls of a context. */
    plan(actor: Actor, ...faults: Fault[]) {
      planned.set(actor, [...(planned.get(actor) ?? []), ...faults]);
    },
    /** For a while; of all contexts, if none is named. */
    cut(actor: Actor | undefined, fault: Fault, ms: number) {
      cuts.set(actor, { fault, until: loop.now + ms });
    },
    /** Whether a context has had trouble since then. */
    isTroubled: (actor: Actor, since: number) =>
      !!cutOf(actor) || slowness * 2 > SLOW || slowUntil >= since || (troubled.get(actor) ?? -1) >= since,
    heal() {
      planned.clear();
      cuts.clear();
      if (slowness * 2 > SLOW) slowUntil = loop.now;
      slowness = usual;
    },
  };
}
