/** One entry with compare-and-set, and the port of each context to it. */
import type { StoreEntry, StorePort } from 'evertoken';
import { type Faults, LATE } from './faults.ts';
import type { Actor, Loop } from './loop.ts';
import type { News } from './news.ts';

export interface CellParts {
  readonly loop: Loop;
  readonly faults: Faults;
  readonly news: News;
  /** Whether it tells how old an entry is. */
  readonly hasAge: boolean;
  /** It writes over whatever is there: no store at all. */
  readonly isBlind: boolean;
  onWrite(text: string, author: Actor): void;
}

export type Cell = ReturnType<typeof createCell>;

export function createCell({ loop, faults, news, hasAge, isBlind, onWrite }: CellParts) {
  let entry: (StoreEntry & { readonly at: number }) | undefined;
  /** What was there before. */
  let older: typeof entry;
  let vanishedAt = Number.NEGATIVE_INFINITY;
  const listeners = new Map<() => void, Actor>();

  /** One call: on its way, in effect, on its way back; each part may fail. */
  function call<T>(actor: Actor, name: string, effect: () => T): Promise<T> {
    const { fault, until } = faults.next(actor);
    const wait = fault === 'held' ? until - loop.now : faults.speed();
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void) => loop.after(faults.speed(), actor, `${name} answers`, settle);
      loop.after(wait, undefined, `${actor.name} asks to ${name}`, () => {
        if (fault === 'hangs') return;
        if (fault === 'late') loop.after(LATE, undefined, `late ${name} of ${actor.name}`, effect);
        if (fault === 'throws' || fault === 'late') return void answer(() => reject(new Error('no store')));
        const result = effect();
        if (fault === 'silent') return;
        answer(() => (fault === 'lost' ? reject(new Error('answer lost')) : resolve(result)));
      });
    });
  }

  const read = (): StoreEntry | undefined => {
    if (!entry) return undefined;
    const { at, ...kept } = entry;
    return hasAge ? { ...kept, age: loop.now - at } : kept;
  };

  return {
    portOf: (actor: Actor): Pick<StorePort, 'read' | 'replace' | 'watch'> => ({
      read: () => call(actor, 'read', read),
      replace: (version, next, quiet) =>
        call(actor, 'replace', () => {
          if (entry?.version !== version && !isBlind) return false;
          older = entry;
          entry = { ...next, at: loop.now };
          onWrite(next.value, actor);
          if (!quiet) for (const [hear, other] of listeners) if (other !== actor) news.tell(other, hear);
          return true;
        }),
      watch(listener) {
        const hear = () => listener();
        listeners.set(hear, actor);
        return () => listeners.delete(hear);
      },
    }),
    /** The store forgets. */
    vanish() {
      vanishedAt = loop.now;
      entry = undefined;
    },
    /** It comes back with what was there before, as after a failover. */
    fallBack() {
      vanishedAt = loop.now;
      entry = older;
    },
    /** When it last lost something. */
    get vanishedAt() {
      return vanishedAt;
    },
    drop(actor: Actor) {
      for (const [hear, other] of listeners) if (other === actor) listeners.delete(hear);
    },
  };
}
