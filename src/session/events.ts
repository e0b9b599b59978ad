/** Tells listeners what happened, in the order in which it happened; mitt underneath. */
import mitt from 'mitt';
import type { TokenEvents } from '../api.ts';
import { refuse } from '../check.ts';

/** Reports what a callback of the user threw, without harm to anybody else. */
export async function report(error: unknown): Promise<void> {
  const { reportError = console.error } = globalThis as { reportError?: (error: unknown) => unknown };
  try {
    await reportError(error);
  } catch {} // then nobody can be told
}

type Listener = (...args: never[]) => unknown;

export interface Events {
  /** Queues an event; `flush` delivers. */
  add<E extends keyof TokenEvents>(event: E, payload: TokenEvents[E]): void;
  /** Runs `task` after what is queued so far was delivered. */
  follow(task: () => void): void;
  /** Delivers what is queued. A listener that causes events finds them delivered after its own. */
  flush(): void;
  /**
   * Calls `listener` for an event, for each of them (`*`), or after each delivery (`''`). Returns what ends that.
   *
   * @throws TypeError for a listener that is no function.
   */
  on(event: keyof TokenEvents | '*' | '', listener: Listener): () => void;
  close(): void;
}

export function createEvents(): Events {
  const emitter = mitt<Record<string, unknown>>();
  let queue: (() => void)[] = [];
  let delivering = false;
  let closed = false;

  const follow = (task: () => void) => void queue.push(task);
  return {
    add: (event, payload) => follow(() => emitter.emit(event, payload)),
    follow,
    flush() {
      if (delivering) return;
      delivering = true;
      // Grows while it is walked.
      for (const next of queue) next();
      queue = [];
      delivering = false;
      emitter.emit('');
    },
    on(event, listener) {
      if (typeof listener !== 'function') refuse('listener', listener, 'function');
      let active = true;
      // mitt stops at the first listener that throws, so none does.
      const isolated = async (...args: unknown[]) => {
        try {
          // That something was delivered is no event.
          if (active && !closed && args[0] !== '') await listener(...(args as never[]));
        } catch (error) {
          report(error);
        }
      };
      emitter.on(event, isolated);
      return () => {
        active = false;
        emitter.off(event, isolated);
      };
    },
    close() {
      closed = true;
      emitter.all.clear();
    },
  };
}
