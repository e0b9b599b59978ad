/** R51, R53: what is found out about a store that fails. */
import { expect, test } from 'vitest';
import { but, failuresOf, findsOut, subjectOf } from './broken-stores.ts';

findsOut([
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
]);

test('R53: a store that is stuck with what is no entry is found out', async () => {
  let isDamaged = false;
  const subject = subjectOf(
    (port) => {
      const { read } = port;
      return Object.assign(port, {
        read: async () => (isDamaged ? JSON.parse('{') : read()),
      });
    },
    {
      damage: {
        'half an entry': () => {
          isDamaged = true;
        },
      },
    },
  );
  expect((await failuresOf(subject)).join()).toMatch(
    /half an entry in the place of the entry.*`read` rejects/,
  );
});
