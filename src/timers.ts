/** The one place that waits: the platform's timers, time limits and abort signals. */

/** A signal that knows when it will be aborted, so that who retries under it can tell whether that is worth it. */
export type LimitedSignal = AbortSignal & { readonly deadline?: number };

/**
 * Runs `task` after `ms`, or after 24.8 days if that is sooner: `setTimeout` fires at once beyond 2^31-1.
 * Never keeps a Node process alive. Returns what cancels it.
 */
export function after(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, Math.min(ms, 2 ** 31 - 1));
  // A number in browsers.
  (timer as Partial<NodeJS.Timeout>).unref?.();
  return () => clearTimeout(timer);
}

/** Waits. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => void after(ms, resolve));

/** Aborts; where `abort` takes no reason (React Native) the signal has it all the same. */
export function abort(controller: AbortController, reason: unknown): void {
  const { signal } = controller;
  if (!('reason' in signal)) (signal as { reason?: unknown }).reason = reason;
  controller.abort(reason);
}

const reasonOf = ({ reason }: AbortSignal): unknown =>
  reason ?? Object.assign(new Error('aborted'), { name: 'AbortError' });

/** @throws the reason of a signal that was aborted. */
export function heed(signal: AbortSignal | null | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}

/** The promise's outcome, or the reason of the first signal that aborts before it. */
export function abortable<T>(
  promise: T | Promise<T>,
  ...signals: (AbortSignal | null | undefined)[]
): Promise<T> {
  // Ten thousand waits without a signal cost nothing.
  if (!signals.some(Boolean)) return promise as Promise<T>;
  return new Promise((resolve, reject) => {
    const stop = () => {
      for (const signal of signals) {
        signal?.removeEventListener('abort', stop);
        if (signal?.aborted) reject(reasonOf(signal));
      }
    };
    for (const signal of signals) signal?.addEventListener('abort', stop);
    if (signals.some((signal) => signal?.aborted)) stop();
    Promise.resolve(promise).then(resolve, reject).finally(stop);
  });
}

/** A signal that aborts after `ms` with a `TimeoutError`, or with `parent`, and what cancels that. */
export function timeLimit(
  what: string,
  ms: number,
  parent?: AbortSignal,
): [signal: LimitedSignal, cancel: () => void] {
  const controller = new AbortController();
  const stop = () => abort(controller, parent?.reason);
  parent?.addEventListener('abort', stop);
  const error = new Error(`${what} took longer than ${ms} ms`);
  // Not a DOMException, because not every platform has it.
  error.name = 'TimeoutError';
  const deadline = Date.now() + ms;
  let cancel = () => {};
  const wait = (due: number, extensions: number) => {
    cancel = after(due - Date.now(), () => {
      // Of a context that was frozen: what it waited for may be there, and is told after the timers.
      if (extensions && Date.now() > due + 20) wait(Date.now() + 100, extensions - 1);
      else abort(controller, error);
    });
  };
  wait(deadline, 2);
  const free = () => {
    cancel();
    parent?.removeEventListener('abort', stop);
  };
  return [Object.assign(controller.signal, { deadline }), free];
}

/** The outcome of `task`, or a rejection with a `TimeoutError` when it takes longer than `ms`. */
export async function within<T>(
  what: string,
  ms: number,
  task: (signal: LimitedSignal) => T | Promise<T>,
): Promise<T> {
  const [signal, cancel] = timeLimit(what, ms);
  try {
    return await abortable(task(signal), signal);
  } finally {
    cancel();
  }
}
