/** R59: a user's port in threads, one of which can be ended in the middle of anything. */
import { Worker } from 'node:worker_threads';
import type { StoreEntry, StorePort } from 'evertoken';
import { describeStore } from 'evertoken/testing';
import { afterAll } from 'vitest';
import { runner } from '../store/parts.ts';
import { createLine } from '../support/worker-line.ts';
import { type Ask, createRemotePort } from '../support/worker-remote.ts';

/** What the threads share: one row, one lock, and who is told of what. */
function createDatabase() {
  let row: StoreEntry | undefined;
  const threads = new Map<Worker, Ask>();
  let queue: { worker: Worker; id: number }[] = [];
  const tell = (worker: Worker, act: string, ...args: unknown[]) =>
    void (threads.get(worker) as unknown as ReturnType<typeof createLine>)?.(act, ...args).catch(() => {});

  function leave(isMeant: (one: (typeof queue)[number]) => boolean): void {
    const [first] = queue;
    queue = queue.filter((one) => !isMeant(one));
    const [next] = queue;
    if (next && next !== first) tell(next.worker, 'granted', next.id);
  }

  return {
    start(): Worker {
      const worker = new Worker(new URL('../support/worker-thread.ts', import.meta.url));
      const ask = createLine(worker, {
        select: () => row,
        update(version: string | undefined, next: StoreEntry, quiet?: boolean) {
          if (row?.version !== version) return false;
          row = next;
          for (const other of threads.keys()) if (other !== worker && !quiet) tell(other, 'written');
          return true;
        },
        lock(id: number) {
          queue.push({ worker, id });
          if (queue.length === 1) tell(worker, 'granted', id);
        },
        unlock: (id: number) => leave((one) => one.worker === worker && one.id === id),
      });
      threads.set(worker, ask as Ask);
      worker.on('exit', () => {
        threads.delete(worker);
        leave((one) => one.worker === worker);
      });
      return worker;
    },
    askOf: (worker: Worker) => threads.get(worker) as Ask,
    /** For the next test. */
    empty() {
      row = undefined;
      queue = [];
    },
  };
}

const database = createDatabase();
/** They serve one test after the other. */
const idle: Worker[] = [];
let busy = new Map<StorePort, Worker>();
const workerOf = (port: StorePort) => busy.get(port) as Worker;

afterAll(() => Promise.all(idle.map((worker) => worker.terminate())));

describeStore(
  'a store of one’s own in threads',
  {
    says: { watch: true, lock: true },
    reset: () => database.empty(),
    async open() {
      const worker = idle.pop() ?? database.start();
      const port = await createRemotePort(database.askOf(worker));
      busy.set(port, worker);
      return port;
    },
    async close() {
      const workers = [...busy.values()];
      busy = new Map();
      await Promise.all(workers.map((worker) => database.askOf(worker)('unwatch')));
      idle.push(...workers);
    },
    async kill(port) {
      const worker = workerOf(port);
      busy.delete(port);
      await worker.terminate();
    },
    race: (ports, times) =>
      Promise.all(ports.map((port) => database.askOf(workerOf(port))('increment', times))),
  },
  runner,
);
