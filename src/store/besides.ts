/** News among the managers of one store in this context: not every store has its own, or tells who is beside it. */
import { memberOf } from '../own.ts';
import type { StorePort } from '../types.ts';

/** The same port for each manager, and one that tells the others what it replaces. */
export function besides(port: StorePort): () => StorePort {
  const listeners = new Set<() => void>();
  // What a page put on `Object.prototype` is nothing that a port says (R37).
  const said = <N extends keyof StorePort>(name: N) => memberOf(port, name) as StorePort[N];
  const [contexts, whenDown, forgets] = [said('contexts'), said('whenDown'), said('forgets')];
  const lock = said('lock');
  return () => {
    let hear = () => {};
    return {
      ...{ contexts, whenDown, forgets },
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
        const unwatch = said('watch')?.call(port, listener);
        return () => {
          listeners.delete(listener);
          unwatch?.();
        };
      },
      lock: lock && ((task, options) => lock.call(port, task, options) as Promise<never>),
    };
  };
}
