/** The one place that waits: the platform's timers, time limits and abort signals. */

const deadlines = /* @__PURE__ */ new WeakMap<AbortSignal, number>();

/**
 * Runs `task` after `ms`, or after 24.8 days if that is sooner: `setTimeout` fires at once beyond 2^31-1.
 * Never keeps a Node process alive. Returns what cancels it.
 */
export function after(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, Math.min(ms, 2 ** 31 - 1)) as ReturnType<typeof setTimeout> | number;
  if (typeof timer === 'object') timer.unref?.();
  return () => clearTimeout(timer);
}

/** The promise's outcome, or the reason of the first signal that aborts before it. */
export function abortable<T>(
  promise: T | Promise<T>,
  ...signals: (AbortSignal | null | undefined)[]
): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      for (const signal of signals) {
        signal?.removeEventListener('abort', stop);
        if (signal?.aborted) reject(signal.reason);
      }
    };
    for (const signal of signals) signal?.addEventListener('abort', stop);
    if (signals.some((signal) => signal?.aborted)) stop();
    Promise.resolve(promise).then(resolve, reject).finally(stop);
  });
}

/** A signal that aborts after `ms` with a `TimeoutError`, and what cancels that. */
export function timeLimit(what: string, ms: number): [signal: AbortSignal, cancel: () => void] {
  const controller = new AbortController();
  const { signal } = controller;
  deadlines.set(signal, Date.now() + ms);
  const error = new Error(`${what} took longer than ${ms} ms`);
  // Not a DOMException, because not every platform has it.
  error.name = 'TimeoutError';
  return [signal, after(ms, () => controller.abort(error))];
}

/** The outcome of `task`, or a rejection with a `TimeoutError` when it takes longer than `ms`. */
export async function within<T>(
  what: string,
  ms: number,
  task: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const [signal, cancel] = timeLimit(what, ms);
  try {
    return await abortable(task(signal), signal);
  } finally {
    cancel();
  }
}

/** Milliseconds until a time limit aborts this signal; who retries under it may ask. */
export const timeLeft = (signal: AbortSignal): number =>
  (deadlines.get(signal) ?? Number.POSITIVE_INFINITY) - Date.now();
