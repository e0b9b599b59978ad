/** A browser of the test's own: IndexedDB, BroadcastChannel and Web Locks, for pages and workers of one origin. */
import { setImmediate } from 'node:timers/promises';
import { vi } from 'vitest';
import { type FakeDatabases, stubIndexedDb } from './databases.ts';

/** Time, as far as tests of a browser set it: databases and keys answer in real turns of the event loop. */
export const useBrowserClock = () =>
  void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });

/** Calls of `crypto.subtle` under way: threads of their own answer them, as soon as a busy machine lets them. */
const sealing = new Set<Promise<unknown>>();

/** Lets databases, keys and messages answer; then time passes. */
export async function pass(ms = 0): Promise<void> {
  for (let left = ms; ; left -= 50) {
    // A transaction takes some turns, and each call has a few transactions.
    for (let turns = 0; turns < 40; turns++) {
      while (sealing.size) await Promise.allSettled(sealing);
      await setImmediate();
    }
    if (left <= 0) return;
    await vi.advanceTimersByTimeAsync(Math.min(left, 50));
  }
}

/** What a call comes to, however many turns and however much time that takes. */
export async function come<T>(call: Promise<T>): Promise<T> {
  let isDone = false;
  const end = () => {
    isDone = true;
  };
  call.then(end, end);
  for (let steps = 0; steps < 400 && !isDone; steps++) await pass(steps && 50);
  return call;
}

interface Held {
  name: string;
  grant?: () => void;
}

export interface Browser extends FakeDatabases {
  /** What was posted, whoever heard it. */
  readonly messages: { channel: string; data: unknown }[];
  /** Names of locks that are held, or asked for. */
  readonly locks: string[];
  /** What `open` opens is a page of its own. */
  openPage<T>(open: () => T): Promise<{ page: T; leave(): void }>;
}

/** From now on, and until the end of the test. Without `isSecure` there is no `crypto.subtle`, and so nothing is sealed. */
export function stubBrowser({ isSecure = false, hasLocks = true } = {}): Browser {
  const databases = stubIndexedDb();
  const messages: Browser['messages'] = [];
  const channels = new Set<Channel>();

  class Channel {
    onmessage: ((event: { data: unknown }) => void) | null = null;
    readonly name: string;
    constructor(name: string) {
      this.name = name;
      channels.add(this);
    }
    postMessage(data: unknown) {
      messages.push({ channel: this.name, data });
      for (const other of channels) {
        if (other !== this && other.name === this.name) queueMicrotask(() => other.onmessage?.({ data }));
      }
    }
    close() {
      channels.delete(this);
    }
  }

  let queue: Held[] = [];
  const release = (isMeant: (one: Held) => boolean) => {
    queue = queue.filter((one) => !isMeant(one));
    for (const one of queue) if (queue.find(({ name }) => name === one.name) === one) one.grant?.();
  };
  const request = <T>(name: string, { signal }: { signal?: AbortSignal }, task: () => Promise<T>) =>
    new Promise<T>((resolve, reject) => {
      signal?.throwIfAborted();
      const own: Held = { name };
      const stop = () => {
        if (!own.grant) return;
        release((one) => one === own);
        reject(signal?.reason);
      };
      own.grant = () => {
        delete own.grant;
        resolve(task().finally(() => release((one) => one === own)));
      };
      signal?.addEventListener('abort', stop);
      queue.push(own);
      release(() => false);
    });

  vi.stubGlobal('BroadcastChannel', Channel);
  vi.stubGlobal('navigator', hasLocks ? { locks: { request } } : {});
  const { crypto } = globalThis;
  const subtle = new Proxy(crypto.subtle, {
    get:
      (target, method: 'encrypt') =>
      (...args: Parameters<SubtleCrypto['encrypt']>) => {
        const call = target[method](...args);
        sealing.add(call);
        const end = () => void sealing.delete(call);
        call.then(end, end);
        return call;
      },
  });
  vi.stubGlobal('crypto', {
    randomUUID: () => crypto.randomUUID(),
    getRandomValues: <T extends ArrayBufferView<ArrayBuffer>>(array: T) => crypto.getRandomValues(array),
    subtle: isSecure ? subtle : undefined,
  });

  return {
    ...databases,
    messages,
    get locks() {
      return queue.map(({ name }) => name);
    },
    async openPage(open) {
      const [channelsBefore, connected] = [new Set(channels), databases.connections.length];
      const page = open();
      await pass();
      const own = databases.connections.slice(connected);
      return {
        page,
        /** Its requests go on without it; nothing that it does has any effect. */
        leave() {
          const never = { get: () => ({}), put: () => ({}), transaction: {} };
          for (const connection of own) {
            Object.assign(connection, { transaction: () => ({ objectStore: () => never }) });
          }
          for (const channel of channels) if (!channelsBefore.has(channel)) channels.delete(channel);
          // The holder is the page that is left: the others wait for it.
          const [holder] = queue;
          release((one) => one === holder);
        },
      };
    },
  };
}
