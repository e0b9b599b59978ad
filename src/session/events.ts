/** Tells listeners what happened, in the order in which it happened; mitt underneath. */
import mitt, { type Emitter } from 'mitt';
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

/** What happened, in the order in which it did. */
export class Events {
  /** Nearly always nobody listens. */
  #emitter: Emitter<Record<string, unknown>> | undefined;
  #queue: (() => void)[] = [];
  #isDelivering = false;
  #isClosed = false;

  /** Queues an event; `flush` delivers. */
  add<E extends keyof TokenEvents>(event: E, payload: TokenEvents[E]): void {
    this.follow(() => this.#emitter?.emit(event, payload));
  }

  /** Runs `task` after what is queued so far was delivered. */
  follow(task: () => void): void {
    this.#queue.push(task);
  }

  /** Delivers what is queued. A listener that causes events finds them delivered after its own. */
  flush(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    // Grows while it is walked.
    for (const next of this.#queue) next();
    this.#queue = [];
    this.#isDelivering = false;
    this.#emitter?.emit('');
  }

  /**
   * Calls `listener` for an event, for each of them (`*`), or after each delivery (`''`). Returns what ends that.
   *
   * @throws TypeError for a listener that is no function.
   */
  on(event: keyof TokenEvents | '*' | '', listener: Listener): () => void {
    if (typeof listener !== 'function') refuse('listener', listener, 'function');
    this.#emitter ??= mitt();
    const emitter = this.#emitter;
    let isActive = true;
    // mitt stops at the first listener that throws, so none does.
    const isolated = async (...args: unknown[]) => {
      try {
        // That something was delivered is no event.
        if (isActive && !this.#isClosed && args[0] !== '') await listener(...(args as never[]));
      } catch (error) {
        report(error);
      }
    };
    emitter.on(event, isolated);
    return () => {
      isActive = false;
      emitter.off(event, isolated);
    };
  }

  /** Nothing is told any more. */
  end(): void {
    this.#isClosed = true;
    this.#emitter?.all.clear();
  }
}
