/** Virtual time, and the tasks of all contexts: which of those that are due runs next is for fast-check to say. */
import { AsyncLocalStorage } from 'node:async_hooks';
import type fc from 'fast-check';

/** A context as the platform sees it. */
export interface Actor {
  readonly name: string;
  /** Its tasks wait. */
  isFrozen: boolean;
  /** Its tasks never run. */
  isGone: boolean;
  /** What fell due while it was frozen. */
  parked: (() => void)[];
  /** In the order in which they fall due. */
  readonly timers: Timer[];
  /** By how much its clock is wrong (ms). */
  skew: number;
  /** How long the clock that only goes forward has stood still (ms). */
  still: number;
}

interface Timer {
  readonly due: number;
  readonly task: () => void;
  readonly cancel: () => void;
}

interface Task {
  readonly at: number;
  readonly label: string;
  readonly run: () => void;
  isCancelled: boolean;
}

export interface Loop {
  readonly now: number;
  /** The time, for an actor that looks at its clock: one that never stops looking within a task would never end. */
  look(): number;
  /** Runs a task in `ms`: one of the actor's, or one of the world around. Returns what cancels it. */
  after(ms: number, actor: Actor | undefined, label: string, task: () => void): () => void;
  /** Soon: the next of the scenario's delays. */
  delay(): number;
  setTimer(actor: Actor, ms: number, task: () => void): Timer;
  clearTimer(actor: Actor, timer: Timer): void;
  thaw(actor: Actor): void;
  /** Until that moment, or until nothing is left to do. */
  run(until?: number): Promise<void>;
  /** So many tasks, if there are as many. */
  step(tasks: number): Promise<void>;
}

/** Whose task is running. */
export const acting = new AsyncLocalStorage<Actor | undefined>();

export const START = 1_000_000_000_000;
const FOREVER = Number.POSITIVE_INFINITY;
const MANY = 20_000;
/** Looks at the clock within one task. */
const LOOKS = 10_000;
const setImmediate = globalThis.setImmediate;

/** Everything that follows from a task without another one. */
const settled = () => new Promise<void>((resolve) => void setImmediate(resolve));

const insert = <T>(list: T[], item: T, isBefore: (other: T) => boolean) =>
  void list.splice(list.findLastIndex(isBefore) + 1, 0, item);

/** @param delays - In ms, for one thing after the other, from the beginning again when they are used up. */
export function createLoop(order: fc.Scheduler, delays: readonly number[]): Loop {
  const planned: Task[] = [];
  const failures: unknown[] = [];
  let now = START;
  let delayed = 0;
  let looks = 0;

  const release = (task: Task) => {
    order.schedule(Promise.resolve(), task.label).then(() => {
      try {
        if (!task.isCancelled) task.run();
      } catch (error) {
        failures.push(error);
      }
    });
  };

  /** Whether anything is due by then. */
  const advance = (until: number) => {
    while (planned[0]?.isCancelled) planned.shift();
    const at = planned[0]?.at ?? FOREVER;
    if (at > until || at === FOREVER) return false;
    now = at;
    while (planned[0] && planned[0].at <= now) release(planned.shift() as Task);
    return true;
  };

  /** Runs one task, if there is one by then. */
  const next = async (until: number) => {
    if (!order.count() && !advance(until)) return false;
    await order.waitOne();
    await settled();
    if (failures.length) throw failures[0];
    return true;
  };

  const after: Loop['after'] = (ms, actor, label, run) => {
    const perform = () => {
      if (actor?.isGone) return;
      if (actor?.isFrozen) actor.parked.push(perform);
      else {
        looks = 0;
        acting.run(actor, run);
      }
    };
    const task = {
      at: now + ms,
      label: `${actor?.name ?? 'world'}: ${label}`,
      run: perform,
      isCancelled: false,
    };
    if (ms > 0) insert(planned, task, ({ at }) => at <= task.at);
    else release(task);
    return () => {
      task.isCancelled = true;
    };
  };

  const delay = () => delays[delayed++ % delays.length] ?? 0;

  return {
    get now() {
      return now;
    },
    look() {
      if (++looks > LOOKS) {
        failures[0] ??= new Error('a task never ends');
        throw failures[0];
      }
      return now;
    },
    after,
    delay,
    setTimer(actor, ms, task) {
      const cancel = after(ms, actor, 'timer', () => {
        // After a thaw many are due at once.
        if (actor.timers[0] && actor.timers[0].due <= now) actor.timers.shift()?.task();
      });
      const timer = { due: now + ms, task, cancel };
      insert(actor.timers, timer, ({ due }) => due <= timer.due);
      return timer;
    },
    clearTimer({ timers }, timer) {
      if (!timers.includes(timer)) return;
      timers.splice(timers.indexOf(timer), 1);
      timer.cancel();
    },
    thaw(actor) {
      actor.isFrozen = false;
      for (const perform of actor.parked.splice(0)) after(0, actor, 'thawed', perform);
    },
    async run(until = FOREVER) {
      await settled();
      for (let tasks = 0; await next(until); tasks++) {
        if (tasks > MANY) throw new Error('it never comes to rest');
      }
      if (until < FOREVER) now = Math.max(now, until);
    },
    async step(tasks) {
      await settled();
      for (let left = tasks; left > 0 && (await next(FOREVER)); ) left--;
    },
  };
}
