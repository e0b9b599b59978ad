/** R52, R61: what is found out about the news of a store. */
import { but, findsOut } from './broken-stores.ts';

findsOut([
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
]);
