/** News among the managers of one store in this context: not every store has its own, or tells who is beside it. */
import type { Lock, StorePort } from '../types.ts';

/** The same port for each manager, and one that tells the others what it replaces. */
export function besides(port: StorePort): () => StorePort {
  const listeners = new Set<() => void>();
  return () => {
    let hear = () => {};
    return {
      ...{ contexts: port.contexts, whenDown: port.whenDown, forgets: port.forgets },
      read: () => port.read(),
      async replace(version, next, quiet) {
        const isDone = await port.replace(version, next, quiet);
        // After who has replaced it knows.
        if (isDone && !quiet) for (const other of listeners) if (other !== hear) queueMicrotask(other);
        return isDone;
      },
      watch(listener) {
        hear = listener;
        listeners.add(listener);
        const unwatch = port.watch?.(listener);
        return () => {
          listeners.delete(listener);
          unwatch?.();
        };
      },
      ...(port.lock && { lock: (task, options) => (port.lock as Lock)(task, options) }),
    } as StorePort;
  };
}
