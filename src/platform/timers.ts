/** The one place that waits: the platform's timers, clocks and abort signals. */
import { refuse } from '../check.ts';
import { memberOf } from '../own.ts';

/** A signal that knows what it takes to tell whether a retry under it is worth it. */
export type LimitedSignal = AbortSignal & {
  /** When it will be aborted (ms since the epoch). */
  readonly deadline?: number;
  /** The refresh before it failed, in whichever context. */
  isAgain?: boolean;
  /** Whether the session has ended meanwhile, or another one has begun. */
  isOver?(): boolean;
};

/** What ends a wait: a caller's signal, or an {@link Ending}. */
type Stop = Pick<AbortSignal, 'aborted' | 'reason'> & {
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
};

/**
 * Something that is over one day. No AbortSignal: Cloudflare's workers let none be made outside a request, or used in
 * another one.
 */
export class Ending implements Stop {
  aborted = false;
  declare reason: unknown;
  /** Nearly always nobody waits. */
  #listeners: Set<() => void> | undefined;

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners?.delete(listener);
    if (!this.#listeners?.size) this.#listeners = undefined;
  }

  /** It is over from now on. Returns what tells those who wait. */
  end(reason: unknown): () => void {
    if (!this.aborted) this.reason = reason;
    this.aborted = true;
    return () => {
      for (const listener of this.#listeners ?? []) listener();
    };
  }
}

/** Milliseconds on a clock that only goes forward, where there is one. It may stand still while the device sleeps. */
export const clock = (): number => globalThis.performance?.now?.() ?? Date.now();

/**
 * Runs `task` after `ms`, or after 24.8 days if that is sooner: `setTimeout` fires at once beyond 2^31-1.
 * Returns what cancels it.
 *
 * @param isAwaited - Whether a caller waits for it: then it keeps a Node process alive.
 */
export function after(ms: number, task: () => void, isAwaited = false): () => void {
  const timer = setTimeout(task, Math.min(ms, 2 ** 31 - 1));
  // A number in browsers.
  if (!isAwaited) (memberOf(timer, 'unref') as (() => void) | undefined)?.call(timer);
  return () => clearTimeout(timer);
}

/** Not a DOMException, because not every platform has it. */
const named = (name: string, message: string) => Object.assign(new Error(message), { name });

const reasonOf = ({ reason }: Stop): unknown => reason ?? named('AbortError', 'aborted');

/** @throws the reason of what is over; TypeError for a caller's signal that is none. */
export function heed(stop: Stop | null | undefined): void {
  if (stop?.aborted) throw reasonOf(stop);
  if (stop && !stop.addEventListener) refuse('signal', stop, 'AbortSignal or undefined');
}

/** The promise's outcome, or the reason of the first stop that comes before it. */
export function abortable<T>(promise: T | Promise<T>, ...stops: (Stop | null | undefined)[]): Promise<T> {
  const given = stops.filter((stop) => !!stop);
  // Ten thousand waits without a stop cost nothing.
  if (!given.length) return promise as Promise<T>;
  return new Promise((resolve, reject) => {
    const stop = () => {
      for (const one of given) {
        one.removeEventListener('abort', stop);
        if (one.aborted) reject(reasonOf(one));
      }
    };
    const settled = Promise.resolve(promise).then(resolve, reject);
    given.forEach(heed);
    for (const one of given) one.addEventListener('abort', stop);
    settled.finally(stop);
  });
}

/**
 * The outcome of `task`, or a rejection with a `TimeoutError` when it takes longer than `ms`.
 *
 * @param task - Gets a signal that is aborted then.
 * @param isAwaited - Whether a caller waits for it.
 */
export async function within<T>(
  what: string,
  ms: number,
  task: (signal: LimitedSignal) => T | Promise<T>,
  isAwaited = true,
): Promise<T> {
  const controller = new AbortController();
  const deadline = Date.now() + ms;
  const signal = Object.assign(controller.signal, { deadline });
  const stop = () => {
    const error = named('TimeoutError', `${what} took longer than ${ms} ms`);
    // Where `abort` takes no reason (React Native) the signal has it all the same.
    if (!('reason' in signal)) Object.assign(signal, { reason: error });
    controller.abort(error);
  };
  let cancel = after(
    ms,
    () => {
      // Of a context that was frozen: what it waited for may be there, and is told after the timers.
      if (Date.now() > deadline + 20) cancel = after(100, stop, isAwaited);
      else stop();
    },
    isAwaited,
  );
  try {
    return await abortable(task(signal), signal);
  } finally {
    cancel();
  }
}
