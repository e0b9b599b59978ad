/** The port of a store in memory that threads share: one entry, compared and replaced while nobody else is at it. */

/** Bytes; an entry takes about two thousand. */
const ROOM = 64 * 1_024;

export const createSharedMemory = () => new SharedArrayBuffer(8 + ROOM);

/** Not `lock`: of Node's own Web Locks two threads now and then hold one at once. */
export function createSharedPort(memory) {
  /** 1 while a thread is at it, and how long the entry is. */
  const state = new Int32Array(memory, 0, 2);
  const bytes = new Uint8Array(memory, 8);
  const channel = new BroadcastChannel('evertoken bench');
  channel.unref();

  /** A few microseconds without any wait, so nobody ends in between. */
  function alone(task) {
    while (Atomics.compareExchange(state, 0, 0, 1) !== 0) Atomics.wait(state, 0, 1);
    try {
      return task();
    } finally {
      Atomics.store(state, 0, 0);
      Atomics.notify(state, 0, 1);
    }
  }
  const load = () => (state[1] ? JSON.parse(new TextDecoder().decode(bytes.slice(0, state[1]))) : undefined);

  return {
    read: async () => alone(load),
    async replace(version, next, quiet) {
      const isDone = alone(() => {
        if (load()?.version !== version) return false;
        const text = new TextEncoder().encode(JSON.stringify(next));
        bytes.set(text);
        state[1] = text.length;
        return true;
      });
      if (isDone && !quiet) channel.postMessage('');
      return isDone;
    },
    watch(listener) {
      channel.addEventListener('message', listener);
      return () => channel.removeEventListener('message', listener);
    },
  };
}
