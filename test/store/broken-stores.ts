/** Stores that break one promise each, as real ones do. */
import { setImmediate } from 'node:timers/promises';
import type { Lock, StoreEntry, StorePort } from 'evertoken';
import type { Cell } from '../support/ports.ts';

export type Spoil = (port: StorePort, cell: Cell) => StorePort;

/** The methods of a port with others in their place, which may call the old ones. */
const but =
  (change: (port: StorePort, cell: Cell) => Partial<StorePort>): Spoil =>
  (port, cell) =>
    Object.assign(port, change({ ...port }, cell));

/** What is wrong, and the claim that finds it. */
export const broken: [what: string, promise: RegExp, spoil: Spoil][] = [
  [
    'compares, and then writes: two steps',
    /no increment is lost/,
    but(({ read }, cell) => ({
      async replace(version, next) {
        if ((await read())?.version !== version) return false;
        await setImmediate();
        cell.put(next, true);
        return true;
      },
    })),
  ],
  [
    'writes whatever the version is',
    /replaces the very version/,
    but((_port, cell) => ({
      async replace(_version, next) {
        cell.put(next, true);
        return true;
      },
    })),
  ],
  [
    'compares versions as some databases do: without regard to case',
    /replaces the very version/,
    but(({ replace }, cell) => ({
      replace: (version, next) =>
        replace(
          version?.toLowerCase() === cell.entry?.version.toLowerCase() ? cell.entry?.version : version,
          next,
        ),
    })),
  ],
  [
    'takes an unknown version for none at first',
    /is empty at first/,
    but(({ replace }, cell) => ({
      replace: (version, next, quiet) => replace(cell.entry ? version : undefined, next, quiet),
    })),
  ],
  [
    'answers that it was done when it was not',
    /replaces the very version/,
    but(({ replace }) => ({ replace: async (...args) => (await replace(...args)) || true })),
  ],
  [
    'reads from a copy that lags behind',
    /never older than a replacement/,
    but(({ read }) => {
      let seen: StoreEntry | undefined;
      return {
        async read() {
          const last = seen;
          seen = await read();
          return last ?? seen;
        },
      };
    }),
  ],
  [
    'cuts long values',
    /200 kB comes back/,
    but(({ replace }) => ({
      replace: (version, next, quiet) =>
        replace(version, { ...next, value: next.value.slice(0, 65_535) }, quiet),
    })),
  ],
  [
    'knows no characters beyond Latin-1',
    /many scripts comes back/,
    but(({ replace }) => ({
      replace: (version, next, quiet) =>
        replace(version, { ...next, value: next.value.replace(/[^\0-\xff]/g, '?') }, quiet),
    })),
  ],
  [
    'takes an empty text for none',
    /an empty text comes back/,
    but(({ read }) => ({
      async read() {
        const found = await read();
        return found?.value ? found : undefined;
      },
    })),
  ],
  [
    'still drops an entry at the time of the one before',
    /for good once one without it/,
    but(({ replace }, cell) => ({
      async replace(version, next, quiet) {
        const isDone = await replace(version, next, quiet);
        if (isDone && next.keepFor) setTimeout(() => cell.put(undefined), next.keepFor);
        return isDone;
      },
    })),
  ],
  [
    'has a clock that stands still',
    /how long ago/,
    but(({ read }) => ({ read: async () => ({ ...(await read()), age: 0 }) as StoreEntry })),
  ],
  [
    'counts in seconds where milliseconds are asked for',
    /how long ago/,
    but(({ read }) => ({
      async read() {
        const found = await read();
        return found && { ...found, age: Number(found.age) / 1_000 };
      },
    })),
  ],
  ['tells nobody', /heard by all other/, but(() => ({ watch: () => () => {} }))],
  [
    'tells the value',
    /news says nothing/,
    but(({ watch }, cell) => ({
      watch: (listener) =>
        (watch as NonNullable<typeof watch>)(() => (listener as (text: unknown) => void)(cell.entry)),
    })),
  ],
  [
    'goes on telling',
    /hears nothing more/,
    but(({ watch }) => ({
      watch(listener) {
        watch?.(listener);
        return () => {};
      },
    })),
  ],
  [
    'does not write quietly',
    /a quiet replacement is made/,
    but(({ replace }) => ({ replace: async (version, next, quiet) => quiet || replace(version, next) })),
  ],
  ['has a lock that lets everybody in', /one holder at a time/, but(() => ({ lock: (task) => task() }))],
  [
    'has a lock that is lost when its time is over',
    /its signal ends nothing/,
    but(({ lock }) => ({
      lock: ((task, { signal }) =>
        (lock as Lock)(
          () =>
            Promise.race([
              task(),
              new Promise((_resolve, reject) => signal.addEventListener('abort', reject)),
            ]) as never,
          { signal },
        )) as Lock,
    })),
  ],
  [
    'has a lock that is waited for, for ever',
    /rejects with the reason of its signal/,
    but(({ lock }) => ({ lock: (task) => (lock as Lock)(task, { signal: new AbortController().signal }) })),
  ],
  [
    'says of its lock that it failed, and not why',
    /rejects with the reason of its signal/,
    but(({ lock }) => ({
      lock: (task, options) =>
        (lock as Lock)(task, options).catch((error: Error) => {
          throw options.signal.aborted ? new Error('not granted') : error;
        }),
    })),
  ],
  [
    'says that there is nothing when it cannot be reached',
    /rejects, and says neither/,
    but(({ read }) => ({ read: () => read().catch(() => undefined) })),
  ],
  [
    'says that it is done when it cannot be reached',
    /rejects, and says neither/,
    but(({ replace }) => ({ replace: (...args) => replace(...args).catch(() => true) })),
  ],
  [
    'says of a replacement that was made before that it is made now',
    /whose answer was lost/,
    but(({ replace }, cell) => ({
      async replace(version, next, quiet) {
        return cell.entry?.version === next.version || replace(version, next, quiet);
      },
    })),
  ],
  [
    'gives an entry that has vanished back to whoever knew it',
    /has vanished is none/,
    but(({ replace }, cell) => ({
      replace: (version, next, quiet) => replace(cell.entry && version, next, quiet),
    })),
  ],
];
