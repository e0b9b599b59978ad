/** The others hear that something may have changed, and read (R52). */
import { type Check, entryOf, same } from './store-tools.ts';

export const newsChecks: Check[] = [
  [
    'R52: a replacement is heard by all other contexts, who then read what it wrote',
    async ({ open, until }) => {
      const contexts = await open(3);
      const heard = contexts.map(() => 0);
      const undo = contexts.map((context, index) => context.watch?.(() => void heard.splice(index, 1, 1)));
      let version: string | undefined;
      for (const [index, writer] of [...contexts, ...contexts].entries()) {
        heard.fill(0);
        const next = entryOf(`${index}`);
        same(await writer.replace(version, next), true, 'the replacement');
        ({ version } = next);
        await until(
          () => heard.every((times, other) => times || contexts[other] === writer),
          'another context has not heard of a replacement in 10 s',
        );
        for (const context of contexts) same((await context.read())?.version, version, 'what is read then');
      }
      for (const end of undo) end?.();
    },
  ],
  [
    'R52: news says nothing',
    async ({ open, until }) => {
      const [a, b] = await open();
      let told: unknown[] | undefined;
      b.watch?.((...args: unknown[]) => {
        told = args;
      });
      await a.replace(undefined, entryOf('s3cr3t'));
      await until(() => told, 'another context has not heard of a replacement in 10 s');
      same(JSON.stringify(told).includes('s3cr3t'), false, 'that the news holds the value');
    },
  ],
  [
    'R52: a quiet replacement is made all the same, and may be heard or not',
    async ({ open, until }) => {
      const [a, b] = await open();
      let heard = 0;
      b.watch?.(() => heard++);
      const [quiet, loud] = [entryOf('quiet'), entryOf('loud')];
      same(await a.replace(undefined, quiet, true), true, 'the quiet replacement');
      same((await b.read())?.version, quiet.version, 'what is read then');
      heard = 0;
      same(await a.replace(quiet.version, loud, false), true, 'the loud replacement');
      await until(() => heard, 'another context has not heard of a loud replacement in 10 s');
    },
  ],
  [
    'R61: who has ended its watch hears nothing more; to end it twice is fine',
    async ({ open, until, pass }) => {
      const [a, b, c] = await open(3);
      let [ended, going] = [0, 0];
      const end = b.watch?.(() => ended++);
      c?.watch?.(() => going++);
      const [one, two] = [entryOf('one'), entryOf('two')];
      await a.replace(undefined, one);
      await until(() => ended && going, 'another context has not heard of a replacement in 10 s');
      await pass(100);
      end?.();
      end?.();
      [ended, going] = [0, 0];
      same(await a.replace(one.version, two), true, 'the replacement');
      await until(() => going, 'a third context has not heard of a replacement in 10 s');
      await pass(100);
      same(ended, 0, 'how often it was told');
      same((await b.read())?.version, two.version, 'what it reads');
    },
  ],
];
