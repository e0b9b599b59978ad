/** News among the managers of one store in this context: not every store has its own, or tells who is beside it. */
import { memberOf } from '../own.ts';
import type { StoreEntry, StorePort } from '../types.ts';

/** What a page put on `Object.prototype` is nothing that a port says (R37). */
export const said = <N extends keyof StorePort>(port: StorePort, name: N): StorePort[N] =>
  memberOf(port, name) as StorePort[N];

/** What the managers of one port have in common: the port, what it says of itself, and who listens. */
interface Side extends Pick<StorePort, 'contexts' | 'whenDown' | 'forgets' | 'lock'> {
  readonly port: StorePort;
  listeners: readonly (() => void)[];
}

/** The port of one of them, which tells the others what it replaces. */
class Beside implements StorePort {
  readonly #side: Side;
  #hear: (() => void) | undefined;

  constructor(side: Side) {
    this.#side = side;
  }

  get contexts() {
    return this.#side.contexts;
  }

  get whenDown() {
    return this.#side.whenDown;
  }

  get forgets() {
    return this.#side.forgets;
  }

  get lock() {
    return this.#side.lock;
  }

  read(): Promise<StoreEntry | undefined> {
    return this.#side.port.read();
  }

  async replace(version: string | undefined, next: StoreEntry, quiet?: boolean): Promise<boolean> {
    const isDone = await this.#side.port.replace(version, next, quiet);
    // After who has replaced it knows.
    if (isDone && !quiet)
      for (const other of this.#side.listeners) if (other !== this.#hear) queueMicrotask(other);
    return isDone;
  }

  watch(listener: () => void): () => void {
    const side = this.#side;
    this.#hear = listener;
    // `concat` takes no more room than it needs.
    side.listeners = side.listeners.concat(listener);
    const unwatch = said(side.port, 'watch')?.call(side.port, listener);
    return () => {
      side.listeners = side.listeners.filter((one) => one !== listener);
      // Its type allows an asynchronous one: nobody waits for it, and nobody hears any more.
      Promise.resolve(unwatch?.()).catch(() => {});
    };
  }
}

/** Makes the port of each manager. */
export function besides(port: StorePort): () => StorePort {
  const lock = said(port, 'lock');
  const side: Side = {
    port,
    contexts: said(port, 'contexts'),
    whenDown: said(port, 'whenDown'),
    forgets: said(port, 'forgets'),
    lock: lock && ((task, options) => lock.call(port, task, options) as Promise<never>),
    listeners: [],
  };
  return () => new Beside(side);
}
