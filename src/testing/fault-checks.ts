/** What a store does when it fails, and what can be done about it (R51, R53). */
import type { StoreEntry } from '../types.ts';
import { type Check, check, entryOf, same, type Tools } from './store-tools.ts';

/** Writes an entry, and replaces it: both contexts know of it. */
async function openWritten({ open }: Tools) {
  const [a, b] = await open();
  const [before, now] = [entryOf('before'), entryOf('now')];
  await a.replace(undefined, before);
  same(await b.replace(before.version, now), true, 'the replacement');
  return { a, b, now };
}

const isError = (outcome: unknown): outcome is { error: unknown } =>
  Object(outcome) === outcome && 'error' in (outcome as object);

export const loseAnswerCheck: Check = [
  'R51: a replacement whose answer was lost can be told by its version, and is not made again',
  async (tools) => {
    const { a, b, now } = await openWritten(tools);
    const [next, last] = [entryOf('next'), entryOf('last')];
    await tools.subject.loseAnswer?.();
    const answer = await Promise.race([
      tools.outcome(a.replace(now.version, next)),
      tools.pass(200).then(() => 'hangs'),
    ]);
    check(answer !== true, 'the answer was not lost');
    for (const one of [a, b])
      same(((await tools.outcome(one.read())) as StoreEntry).version, next.version, 'the version after that');
    same(await tools.outcome(a.replace(now.version, next)), false, 'the same replacement again');
    same(await tools.outcome(a.replace(next.version, last)), true, 'the next one');
  },
];

export const failChecks: Check[] = [
  [
    'R53: while it fails it rejects, and says neither that there is nothing nor that it is done; then it goes on',
    async (tools) => {
      const { a, b, now } = await openWritten(tools);
      const next = entryOf('next');
      await tools.subject.fail?.('throw');
      for (const one of [a, b]) {
        check(isError(await tools.outcome(one.read())), '`read` does not reject');
        const answer = await tools.outcome(one.replace(now.version, next));
        check(isError(answer) || answer === false, '`replace` says that it is done');
      }
      await tools.subject.fail?.(undefined);
      for (const one of [a, b])
        same(
          ((await tools.outcome(one.read())) as StoreEntry).version,
          now.version,
          'the version after that',
        );
      same(await tools.outcome(a.replace(now.version, next)), true, 'the next replacement');
      same(((await tools.outcome(b.read())) as StoreEntry).version, next.version, 'the version at the end');
    },
  ],
  [
    'R53: what hangs answers nothing that is not so, and later calls are answered',
    async (tools) => {
      const { a, b, now } = await openWritten(tools);
      const [hung, last] = [entryOf('hung'), entryOf('last')];
      await tools.subject.fail?.('hang');
      const answers: unknown[] = [];
      const calls = [a.read(), a.replace(now.version, hung)];
      for (const call of calls) call.then((answer) => answers.push(answer)).catch(() => {});
      await tools.pass(50);
      same(answers.filter((answer) => answer !== false).length, 0, 'the number of answers');
      await tools.subject.fail?.(undefined);
      for (const one of [b, a]) {
        const { version } = (await tools.outcome(one.read())) as StoreEntry;
        check([now.version, hung.version].includes(version), 'what is read then is another entry');
      }
      for (let tries = 3, isDone: unknown = false; isDone !== true; tries--) {
        check(tries, 'it cannot be replaced any more');
        // What hung may be made meanwhile.
        const { version } = (await tools.outcome(b.read())) as StoreEntry;
        isDone = await tools.outcome(b.replace(version, last));
      }
      same(((await tools.outcome(a.read())) as StoreEntry).version, last.version, 'the version at the end');
    },
  ],
];

export const damageCheck = (what: string, damage: () => unknown): Check => [
  `R53: ${what} in the place of the entry can be replaced`,
  async (tools) => {
    const { a, b } = await openWritten(tools);
    await damage();
    const next = entryOf('next');
    const found = await tools.outcome(a.read());
    check(!isError(found), `\`read\` rejects with ${(found as { error?: unknown })?.error}`);
    check(typeof (found?.value ?? '') === 'string', 'its value is no text');
    same(await tools.outcome(b.replace(found?.version, next)), true, 'its replacement');
    for (const one of [a, b])
      same(((await tools.outcome(one.read())) as StoreEntry).version, next.version, 'the version after that');
  },
];

export const forgetCheck: Check = [
  'R51: an entry that has vanished is none, and can be written back',
  async (tools) => {
    const { a, b, now } = await openWritten(tools);
    await tools.subject.forget?.();
    same(await a.read(), undefined, 'what is read');
    same(await a.replace(now.version, entryOf('next')), false, 'a replacement of what was there');
    same(await b.replace(undefined, now), true, 'the same entry, written back');
    same((await a.read())?.version, now.version, 'the version after that');
  },
];

/** What a context that dies has asked for is done or not. */
export const dieCheck: Check = [
  'R51: what a context asked for before it died is done or not, and the others go on',
  async (tools) => {
    const { a, b, now } = await openWritten(tools);
    const [next, last] = [entryOf('next'), entryOf('last')];
    a.replace(now.version, next).catch(() => {});
    await tools.subject.kill?.(a);
    let isDone = false;
    for (let tries = 3; tries && !isDone; tries--) {
      const found = await b.read();
      check(
        found && [now.version, next.version].includes(found.version),
        'what is read is neither of the two',
      );
      isDone = await b.replace(found.version, last);
    }
    same(isDone, true, 'a replacement after that');
    same((await b.read())?.version, last.version, 'the version at the end');
  },
];
