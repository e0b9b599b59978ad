/** One entry that is replaced in one step, and is what was written (R51, R58). */
import type { StoreEntry, StorePort } from '../types.ts';
import { type Check, check, entryOf, increment, same } from './store-tools.ts';

const texts: Record<string, string> = {
  'an empty text': '',
  'a text in many scripts': 'Zürich 東京 עברית 🗝️ \u0000 \u2028 \r\n "\' \\ %41 &amp; é e\u0301 ',
  'a text of 200 kB': `${'0123456789 abcdefghijklmnopqrstuvwxyz €'.repeat(5_300)}.`,
  'a text that is JSON': '{"version":"v","value":null,"__proto__":{"x":1}}',
  'a text that is a number': '0123',
};

const comesBack = (what: string, value: string): Check => [
  `R58: ${what} comes back as it was`,
  async ({ open }) => {
    const [a, b] = await open();
    const [before, next] = [entryOf('before'), entryOf(value)];
    await a.replace(undefined, before);
    same(await a.replace(before.version, next), true, 'the replacement');
    for (const one of [a, b]) {
      const found = await one.read();
      check(found?.value === value, `of a text of ${value.length} there are ${found?.value.length} others`);
      same(found.version, next.version, 'its version');
    }
  },
];

export const entryChecks: Check[] = [
  [
    'R59: it says of itself what it is said to say',
    async ({ subject: { says }, open }) => {
      const [{ contexts = 'many', whenDown = 'wait', forgets = false, watch, lock }] = await open();
      same(contexts, says.contexts ?? 'many', '`contexts`');
      same(whenDown, says.whenDown ?? 'wait', '`whenDown`');
      same(forgets, says.forgets ?? false, '`forgets`');
      same(typeof watch, says.watch ? 'function' : 'undefined', 'the type of `watch`');
      same(typeof lock, says.lock ? 'function' : 'undefined', 'the type of `lock`');
    },
  ],
  [
    'R51: it is empty at first, and only then `undefined` is the version that is there',
    async ({ open }) => {
      const [a, b] = await open();
      const [first, second] = [entryOf('first'), entryOf('second')];
      same(await a.read(), undefined, 'what is read before anything was written');
      same(await a.replace('a version', first), false, 'a replacement of a version where there is none');
      same(await b.read(), undefined, 'what is read after that');
      same(await a.replace(undefined, first), true, 'a replacement where there is none');
      for (const one of [a, b]) {
        same(await one.replace(undefined, second), false, 'a replacement of none where there is one');
        const found = await one.read();
        same([found?.version, found?.value], [first.version, 'first'], 'the entry after that');
      }
    },
  ],
  [
    'R51: it replaces the very version that is there, and answers whether it did',
    async ({ open }) => {
      const [a, b] = await open();
      const [two, three] = [entryOf('two'), entryOf('three')];
      await a.replace(undefined, { version: 'Version', value: 'one' });
      for (const other of ['version', 'VERSION', 'Version ', ' Version', 'Versio', 'Version1', '', '%']) {
        same(await b.replace(other, two), false, `a replacement of '${other}' where there is 'Version'`);
        same((await a.read())?.value, 'one', 'the entry after that');
      }
      same(await b.replace('Version', two), true, 'a replacement of the version that is there');
      same(await a.replace('Version', three), false, 'a replacement of the one that was there before');
      same(await a.replace(two.version, three), true, 'a replacement by another context');
      same(await b.replace(two.version, two), false, 'a replacement of what has been replaced elsewhere');
      for (const one of [a, b]) same((await one.read())?.version, three.version, 'the version at the end');
    },
  ],
  [
    'R51: of those who replace one version at the same time one succeeds, and its entry is there',
    async ({ open }) => {
      const contexts = await open(4);
      let version: string | undefined;
      for (let round = 1; round <= 20; round++) {
        const entries = contexts.map((_, index) => entryOf(`${round} ${index}`));
        const answers = await Promise.all(
          contexts.map((context, index) => context.replace(version, entries[index] as StoreEntry)),
        );
        same(answers.filter((isDone) => isDone).length, 1, 'the number of those who succeed');
        version = entries[answers.indexOf(true)]?.version;
        for (const context of contexts) same((await context.read())?.version, version, 'the version after');
      }
    },
  ],
  [
    'R51: where four contexts count at the same time no increment is lost, and nobody reads backwards',
    async ({ subject, open }) => {
      const { times = 100 } = subject;
      const contexts = await open(4);
      const race = subject.race ?? ((all, each) => Promise.all(all.map((one) => increment(one, each))));
      await race(contexts, times);
      for (const context of contexts) same((await context.read())?.value, `${4 * times}`, 'the number');
    },
  ],
  [
    'R51: what is read is never older than a replacement that was confirmed, a quiet one too',
    async ({ open }) => {
      const contexts = await open(4);
      let version: string | undefined;
      for (let round = 0; round < 40; round++) {
        const next = entryOf(`${round}`);
        const writer = contexts[round % 4] as StorePort;
        same(await writer.replace(version, next, round % 3 === 0), true, 'the replacement');
        const all = await Promise.all(contexts.map((context) => context.read()));
        for (const found of all) same(found?.version, next.version, 'the version that is read at once');
        ({ version } = next);
      }
    },
  ],
  ...Object.entries(texts).map(([what, value]) => comesBack(what, value)),
  [
    'an entry is kept for `keepFor`, and for good once one without it has taken its place',
    async ({ open, pass, outcome }) => {
      const [a, b] = await open();
      const [long, short, forGood] = [
        entryOf('long', { keepFor: 60_000 }),
        entryOf('short', { keepFor: 100 }),
        entryOf('for good'),
      ];
      await a.replace(undefined, long);
      // Longer than the 60 ms of a store that mixes up seconds and milliseconds.
      await pass(150);
      same(((await outcome(b.read())) as StoreEntry)?.version, long.version, 'the version within its time');
      await a.replace(long.version, short);
      const found = (await b.read())?.version;
      check(!found || found === short.version, 'what is read of a short-lived entry is another one');
      same(await b.replace(found, forGood), true, 'the replacement of a short-lived entry');
      await pass(300);
      same((await a.read())?.version, forGood.version, 'the version that replaced a short-lived one');
    },
  ],
  [
    'an entry whose `keepFor` is over is there or not, and can be replaced',
    async ({ open, pass }) => {
      const [a, b] = await open();
      const [short, next] = [entryOf('short', { keepFor: 20 }), entryOf('next')];
      await a.replace(undefined, short);
      await pass(200);
      const found = (await b.read())?.version;
      check(!found || found === short.version, 'what is read is another entry');
      same(await b.replace(found, next), true, 'its replacement');
      same((await a.read())?.version, next.version, 'the version after that');
    },
  ],
];

export const ageChecks: Check[] = [
  [
    'R54: every read tells how long ago the entry was written, by one clock for all',
    async ({ open, pass }) => {
      const contexts = await open(3);
      let version: string | undefined;
      for (const writer of contexts) {
        const next = entryOf('value');
        const asked = performance.now();
        await writer.replace(version, next);
        const answered = performance.now();
        await pass(120);
        for (const reader of contexts) {
          const from = performance.now();
          const { age = Number.NaN } = (await reader.read()) ?? {};
          // Clocks that count in whole seconds, or run a little faster, are clocks all the same.
          check(age >= from - answered - 20, `an age of ${age} ms is too little after ${from - answered}`);
          check(age <= performance.now() - asked + 1_000, `an age of ${age} ms is too much`);
        }
        ({ version } = next);
      }
    },
  ],
];
