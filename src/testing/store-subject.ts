/** What the conformance suite is given: a store, and what can be done to it. */
import type { StorePort } from '../types.ts';

/** What a store says of itself: it decides which promises are tested. */
export interface StoreTraits extends Pick<StorePort, 'contexts' | 'whenDown' | 'forgets'> {
  watch?: boolean | undefined;
  lock?: boolean | undefined;
  /** Whether `read` tells the `age` of the entry. */
  age?: boolean | undefined;
}

/** What is left out is not tested. */
export interface StoreSubject {
  says: StoreTraits;
  /** Opens the store in one more context: what is opened between two calls of `reset` shares one entry. */
  open(): StorePort | Promise<StorePort>;
  /** Called before each test: what is opened from now on is empty. */
  reset(): unknown;
  /** Called after each test: ends the contexts. */
  close?: (() => unknown) | undefined;
  /** Ends a context as a crash does, without time to tell anybody. */
  kill?: ((context: StorePort) => unknown) | undefined;
  /** Ways to put something else in the place of the entry, each with its name. */
  damage?: Record<string, () => unknown> | undefined;
  /** From now on all calls fail in that way; `undefined`: they work again. */
  fail?: ((mode: 'throw' | 'hang' | undefined) => unknown) | undefined;
  /** The next replacement is made, and its answer is lost. */
  loseAnswer?: (() => unknown) | undefined;
  /** The entry vanishes, where the store says that it `forgets`. */
  forget?: (() => unknown) | undefined;
  /** Lets `ms` pass. @default real time */
  pass?: ((ms: number) => Promise<unknown>) | undefined;
  /** Lets each context add one to a number, `times` times: at home, where that is elsewhere. @default from here */
  race?: ((contexts: StorePort[], times: number) => Promise<unknown>) | undefined;
  /** @default 100 */
  times?: number | undefined;
}
