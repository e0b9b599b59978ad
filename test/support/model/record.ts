/** Storages that all contexts share, as they see them. */
import type { TokenStorage } from 'evertoken';
import type { Actor, Loop } from './loop.ts';

/**
 * - `web`: like `localStorage`, what one context writes travels to the others by itself.
 * - `async`: each call takes its time.
 * - `instant`: all see everything at once.
 */
export type RecordKind = 'web' | 'async' | 'instant';

export interface View {
  readonly storage: TokenStorage;
  /** How many of the next writes fail. */
  failing: number;
}

export interface RecordParts {
  readonly loop: Loop;
  readonly kind: RecordKind;
  /** How long a write takes to another context, or half a call of an asynchronous storage (ms). */
  lag(): number;
  onWrite(text: string | null): void;
  onFailure(text: string | null): void;
}

/** At most half a call of an asynchronous storage (ms). */
const SLOW = 300;

/** What lies in the storage; one key, because there is one session. */
export function createRecord({ loop, kind, lag, onWrite, onFailure }: RecordParts) {
  let value: string | null = null;
  const reads = new Map<Actor, () => string | null>();
  /** Tell a view what was written, and by whom. */
  const hearers = new Set<(text: string | null, author: Actor) => void>();

  /** What is written reaches the browser at once, and the other contexts later. */
  function webView(actor: Actor): (text: string | null) => void {
    const down = loop.pipe(actor, 'a write arrives');
    let own = value;
    /** Writes of this context that have not come back: what others wrote before is hidden by them. */
    let pending = 0;
    hearers.add((text, author) =>
      down(() => {
        if (author === actor) pending--;
        else if (!pending) own = text;
      }, lag()),
    );
    reads.set(actor, () => own);
    return (text) => {
      own = text;
      pending++;
      value = text;
      for (const hear of hearers) hear(text, actor);
    };
  }

  const writeAtOnce = (text: string | null) => {
    value = text;
  };

  function open(actor: Actor): View {
    const write = kind === 'web' ? webView(actor) : writeAtOnce;
    const read = reads.get(actor) ?? (() => value);
    const slowly = <T>(task: () => T) =>
      new Promise<T>((resolve, reject) => {
        loop.after(Math.min(lag(), SLOW), undefined, `a storage call of ${actor.name}`, () => {
          try {
            const result = task();
            loop.after(Math.min(lag(), SLOW), actor, 'storage answers', () => resolve(result));
          } catch (error) {
            loop.after(Math.min(lag(), SLOW), actor, 'storage fails', () => reject(error));
          }
        });
      });
    const set = (text: string | null) => {
      if (view.failing > 0) {
        view.failing--;
        onFailure(text);
        throw new Error('the storage is full');
      }
      onWrite(text);
      write(text);
    };
    const run = kind === 'async' ? slowly : <T>(task: () => T) => task();
    const view: View = {
      failing: 0,
      storage: {
        getItem: () => run(read),
        setItem: (_key, text) => run(() => set(text)),
        removeItem: () => run(() => set(null)),
      },
    };
    return view;
  }

  return { open };
}
