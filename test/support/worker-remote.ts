/** The port of a context elsewhere, as if it were here. */
import type { StorePort } from '../../src/types.ts';
import type { PortActs } from './worker-acts.ts';

export type Answer<K extends keyof PortActs> = Awaited<ReturnType<PortActs[K]>>;

/** Asks the context; rejects when it is gone. */
export type Ask = <K extends keyof PortActs>(act: K, ...args: Parameters<PortActs[K]>) => Promise<Answer<K>>;

export async function createRemotePort(ask: Ask): Promise<StorePort> {
  const { watch, lock, ...traits } = await ask('traits');
  let locks = 0;
  const port: StorePort = {
    ...traits,
    // JSON knows no `undefined`.
    read: async () => (await ask('read')) ?? undefined,
    replace: (version, next, quiet) => ask('replace', version ?? null, next, quiet),
  };

  /** Nobody answers any more when the context is gone. */
  async function follow(isOver: () => boolean, listener: () => void): Promise<void> {
    await ask('watch');
    // What was replaced before that is not told.
    do {
      if (!isOver()) listener();
    } while ((await ask('news')) && !isOver());
  }
  if (watch) {
    port.watch = (listener) => {
      let isOver = false;
      follow(() => isOver, listener).catch(() => {});
      return () => {
        isOver = true;
        ask('unwatch').catch(() => {});
      };
    };
  }
  if (lock) {
    port.lock = async (task, { signal }) => {
      const id = ++locks;
      const abort = () => void ask('abort', id).catch(() => {});
      signal.addEventListener('abort', abort);
      try {
        await ask('acquire', id, signal.aborted).catch((error) => {
          // The reason itself cannot be sent.
          throw signal.aborted ? signal.reason : error;
        });
        return await task().finally(() => ask('release', id).catch(() => {}));
      } finally {
        signal.removeEventListener('abort', abort);
      }
    };
  }
  return port;
}
