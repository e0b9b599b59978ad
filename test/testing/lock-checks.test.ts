/** R54: what is found out about the lock of a store. */
import type { Lock } from 'evertoken';
import { but, findsOut } from './broken-stores.ts';

findsOut([
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
]);
