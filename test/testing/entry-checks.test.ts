/** R51, R58, R59: what is found out about a store's entry: a store that is no store in one thing. */
import { setImmediate } from 'node:timers/promises';
import type { StoreEntry } from 'evertoken';
import { but, findsOut } from './broken-stores.ts';

findsOut([
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
    'takes the milliseconds of `keepFor` for a thousand times as many',
    /the version within its time/,
    but(({ replace }, cell) => {
      let timer: NodeJS.Timeout;
      return {
        async replace(version, next, quiet) {
          const isDone = await replace(version, next, quiet);
          clearTimeout(timer);
          if (isDone && next.keepFor) timer = setTimeout(() => cell.put(undefined), next.keepFor / 1_000);
          return isDone;
        },
      };
    }),
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
]);
