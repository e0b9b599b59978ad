/** The platform of `evertoken/idle`: what the user does in the page, when it wakes, clocks, timers, locks, storage. */

/** Without one (Node, workers) there is nobody to be seen. */
export const isPage = (): boolean => 'document' in globalThis;

const types = ['keydown', 'pointerdown', 'pointermove', 'wheel', 'visibilitychange', 'focus', 'pageshow'];

/** Calls `onEvent` when the user does something, and when the page comes back. Returns its own undo. */
export function listen(onEvent: (event: Event) => void): () => void {
  const page: Partial<EventTarget> = globalThis;
  // Before the page, which may stop them on their way.
  for (const type of types) page.addEventListener?.(type, onEvent, true);
  return () => {
    for (const type of types) page.removeEventListener?.(type, onEvent, true);
  };
}

export const isUsers = ({ type }: Event): boolean => types.indexOf(type) < 4;

/** Milliseconds since a moment, by whichever clock ran more: one can be set back, the other stands still in sleep. */
export function since(moment: number): () => number {
  const wall = Date.now();
  const steady = performance.now();
  return () => Math.max(0, wall - moment) + Math.max(Date.now() - wall, performance.now() - steady);
}

/** Calls `task` later; a timer is a hint, and keeps no process alive. Returns what ends it. */
export function wait(ms: number, task: () => void): () => void {
  const timer = setTimeout(task, ms);
  (timer as Partial<NodeJS.Timeout>).unref?.();
  return () => clearTimeout(timer);
}

/**
 * One tab at a time, where there are locks; a sandboxed frame has some that refuse, and a tab that stands still (an
 * open `alert`) holds one for as long: then nobody waits longer than a minute. `task` never rejects.
 */
export function alone(name: string, task: () => Promise<void>): unknown {
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  const signal = AbortSignal.timeout?.(60_000) as AbortSignal;
  return locks?.request(name, { signal }, task).catch(task) ?? task();
}

/**
 * What all tabs of the origin find under a key, after it was replaced by `value`, if there is one; `null` removes it.
 * Where storage is refused each tab has its own.
 */
export function item(key: string, value?: string | null): string | undefined {
  try {
    // Some servers have one, too.
    const items: Partial<Storage> = isPage() ? localStorage : {};
    if (value) items[key] = value;
    else if (value === null) delete items[key];
    return items[key];
  } catch {
    return value ?? undefined;
  }
}
