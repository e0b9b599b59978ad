/** Tells listeners what happened, in the order in which it happened; mitt underneath. */
import mitt from 'mitt';
import type { TokenEvents } from './types.ts';

/** Reports what a callback of the user threw, without harm to anybody else. */
export function report(error: unknown): void {
  const { reportError } = globalThis as { reportError?: (error: unknown) => void };
  if (reportError) reportError(error);
  else console.error(error);
}

type Listener = (...args: never[]) => unknown;

export interface Events {
  /** Queues an event; `flush` delivers. */
  add<E extends keyof TokenEvents>(event: E, payload: TokenEvents[E]): void;
  /** Delivers what is queued. A listener that causes events finds them delivered after its own. */
  flush(): void;
  on(event: keyof TokenEvents | '*', listener: Listener): () => void;
  close(): void;
}

export function createEvents(): Events {
  const emitter = mitt<Record<string, unknown>>();
  let queue: [event: string, payload: unknown][] = [];
  let delivering = false;
  let closed = false;
  return {
    add: (event, payload) => {
      if (!closed) queue.push([event, payload]);
    },
    flush() {
      if (delivering) return;
      delivering = true;
      // Grows while it is walked.
      for (const next of queue) emitter.emit(...next);
      queue = [];
      delivering = false;
    },
    on(event, listener) {
      let active = true;
      // mitt stops at the first listener that throws, so none does.
      const isolated = async (...args: unknown[]) => {
        try {
          if (active && !closed) await listener(...(args as never[]));
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
      queue = [];
      emitter.all.clear();
    },
  };
}
