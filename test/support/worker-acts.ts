/** What a context elsewhere does with its port when it is asked to: a thread, a tab, a worker of a tab. */

import { increment } from '../../src/testing/store-tools.ts';
import type { StorePort } from '../../src/types.ts';

/** Each answers something that can be sent, or nothing. */
export interface PortActs {
  /** What the store says of itself. */
  traits(): Pick<StorePort, 'contexts' | 'whenDown' | 'forgets'> & { watch: boolean; lock: boolean };
  read(): ReturnType<StorePort['read']>;
  replace(
    version: string | null,
    ...rest: [next: { version: string; value: string }, quiet?: boolean]
  ): Promise<boolean>;
  watch(): void;
  /** Resolves when there has been news since the last answer; `false`: nobody watches any more. */
  news(): Promise<boolean>;
  unwatch(): void;
  /** Resolves when the lock is granted; it is held until `release`. */
  acquire(id: number, isAborted: boolean): Promise<void>;
  abort(id: number): void;
  release(id: number): void;
  increment(times: number): Promise<void>;
}

export function createPortActs(port: StorePort): PortActs {
  let count = 0;
  let told = 0;
  let undo: (() => void) | undefined;
  let tell = (_isNews: boolean) => {};
  const waits = new Map<number, AbortController>();
  const holds = new Map<number, () => void>();

  return {
    traits() {
      const { contexts, whenDown, forgets, watch, lock } = port;
      return { contexts, whenDown, forgets, watch: !!watch, lock: !!lock };
    },
    read: () => port.read(),
    replace: (version, next, quiet) => port.replace(version ?? undefined, next, quiet),
    watch() {
      undo ??= port.watch?.(() => {
        count++;
        tell(true);
      });
    },
    async news() {
      if (count === told && undo) {
        const isNews = await new Promise<boolean>((resolve) => {
          tell = resolve;
        });
        if (!isNews) return false;
      }
      told = count;
      return !!undo;
    },
    unwatch() {
      undo?.();
      undo = undefined;
      tell(false);
    },
    acquire: (id, isAborted) =>
      new Promise((resolve, reject) => {
        const controller = new AbortController();
        if (isAborted) controller.abort();
        waits.set(id, controller);
        const hold = () =>
          new Promise<void>((release) => {
            holds.set(id, release);
            resolve();
          });
        port.lock?.(hold, { signal: controller.signal }).catch(reject);
      }),
    abort: (id) => waits.get(id)?.abort(),
    release: (id) => holds.get(id)?.(),
    increment: (times) => increment(port, times),
  };
}
