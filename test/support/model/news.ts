/** News from one context to the others; it takes its time, and some is lost or comes twice. */
import type { Actor, Loop } from './loop.ts';

export type News = ReturnType<typeof createNews>;

export function createNews(loop: Loop) {
  /** How much of what comes next is lost, or repeated. */
  let losses = 0;
  let repeats = 0;
  let slowness = 0;

  return {
    /** A frozen context misses it. */
    tell(actor: Actor, hear: () => void) {
      if (losses-- > 0) return;
      for (let times = repeats-- > 0 ? 2 : 1; times > 0; times--) {
        loop.after(slowness * times + loop.delay(), undefined, `news for ${actor.name}`, () => {
          if (!actor.isFrozen) loop.after(0, actor, 'news', hear);
        });
      }
    },
    /** What comes next does not arrive. */
    lose(count: number) {
      losses = count;
    },
    repeat(count: number) {
      repeats = count;
    },
    /** It takes that long (ms). */
    slow(ms: number) {
      slowness = ms;
    },
    heal() {
      losses = repeats = slowness = 0;
    },
  };
}
