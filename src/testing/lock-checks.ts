/** A lock that one context holds at a time, and that is freed when it dies (R54). */
import type { Lock, StorePort } from '../types.ts';
import { type Check, check, entryOf, same } from './store-tools.ts';

const never = () => new AbortController().signal;

const lockOf = ({ lock }: StorePort) => lock as Lock;

/** Asks for the lock, and keeps it until `free`. */
function ask(port: StorePort, signal = never()) {
  const held = Promise.withResolvers<string>();
  const state = { isIn: false };
  const task = () => {
    state.isIn = true;
    return held.promise;
  };
  const done = lockOf(port)(task, { signal });
  done.catch(() => {});
  return Object.assign(state, { done, free: () => held.resolve('the value of the task') });
}

export const lockChecks: Check[] = [
  [
    'R54: the lock has one holder at a time, and each gets the value or the error of its own task',
    async ({ open }) => {
      const contexts = await open(3);
      let [inside, most] = [0, 0];
      const task = (number: number) => async () => {
        most = Math.max(most, ++inside);
        for (let turns = 0; turns < 3; turns++) await contexts[number % 3]?.read();
        inside--;
        if (number % 5 === 0) throw new Error(`task ${number}`);
        return number;
      };
      const all = Array.from({ length: 15 }, (_, number) =>
        lockOf(contexts[number % 3] as StorePort)(task(number), { signal: never() }),
      );
      for (const [number, one] of (await Promise.allSettled(all)).entries()) {
        if (one.status === 'fulfilled') same(one.value, number, 'the value of the task');
        else same((one.reason as Error).message, `task ${number}`, 'the message of its error');
        same(one.status, number % 5 ? 'fulfilled' : 'rejected', 'how the task ended');
      }
      same(most, 1, 'the most holders at one time');
    },
  ],
  [
    'R54: who is not granted it in time rejects with the reason of its signal, and its task does not run',
    async ({ open, until, outcome, pass }) => {
      const [a, b, c = b] = await open(3);
      const holder = ask(a);
      await until(() => holder.isIn, 'the lock is not granted in 10 s');
      const controller = new AbortController();
      const waiting = ask(b, controller.signal);
      const next = ask(c);
      await pass(50);
      same([waiting.isIn, next.isIn], [false, false], 'that others have the lock, too');
      const reason = new Error('that took too long');
      controller.abort(reason);
      for (const late of [waiting, ask(b, controller.signal)]) {
        const { error } = Object(await outcome(late.done)) as { error: unknown };
        check(error === reason, `it rejects with ${error}; expected the reason of its signal`);
      }
      same(holder.isIn && next.isIn, false, 'that the lock was lost to another one');
      holder.free();
      await until(() => next.isIn, 'the next one is not granted the lock in 10 s');
      next.free();
      same(await outcome(next.done), 'the value of the task', 'the value');
      same(waiting.isIn, false, 'that its task has run');
    },
  ],
  [
    'R54: once the lock is granted its signal ends nothing',
    async ({ open, until, outcome, pass }) => {
      const [a, b] = await open();
      const controller = new AbortController();
      const holder = ask(a, controller.signal);
      await until(() => holder.isIn, 'the lock is not granted in 10 s');
      controller.abort(new Error('that took too long'));
      const next = ask(b);
      await pass(50);
      same(next.isIn, false, 'that the lock was lost');
      holder.free();
      same(await outcome(holder.done), 'the value of the task', 'the value of the holder');
      await until(() => next.isIn, 'the next one is not granted the lock in 10 s');
      next.free();
    },
  ],
  [
    'R34: nobody who reads or replaces waits for the lock',
    async ({ open, until, outcome }) => {
      const [a, b] = await open();
      const holder = ask(a);
      await until(() => holder.isIn, 'the lock is not granted in 10 s');
      for (const [one, value] of [[a, 'one'] as const, [b, 'two'] as const]) {
        const found = await outcome(one.read());
        same(
          await outcome(one.replace((found as { version?: string })?.version, entryOf(value))),
          true,
          'that',
        );
      }
      holder.free();
      same(await outcome(holder.done), 'the value of the task', 'the value of the holder');
    },
  ],
];

export const killChecks: Check[] = [
  [
    'R54: the lock of a context that dies is granted to the next one',
    async ({ subject, open, until }) => {
      const [a, b] = await open();
      const holder = ask(a);
      await until(() => holder.isIn, 'the lock is not granted in 10 s');
      const next = ask(b);
      await subject.kill?.(a);
      await until(() => next.isIn, 'the next one is not granted the lock in 10 s');
      next.free();
    },
  ],
];
