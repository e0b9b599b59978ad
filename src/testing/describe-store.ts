/** Decides whether something is a store (R59): what its port promises, seen from two contexts and more. */
import { ageChecks, entryChecks } from './entry-checks.ts';
import { damageCheck, dieCheck, failChecks, forgetCheck, loseAnswerCheck } from './fault-checks.ts';
import { killChecks, lockChecks } from './lock-checks.ts';
import { newsChecks } from './news-checks.ts';
import type { StoreSubject } from './store-subject.ts';
import { type Check, createTools } from './store-tools.ts';

/** Of any runner: Vitest, Jest, `node:test`, Bun. */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  /** `timeout` in ms, as Vitest, Jest and Bun take it: the suite itself waits 10 s for what does not come, and says so. */
  test(name: string, body: () => Promise<void>, timeout?: number): unknown;
}

/** Of one test, in ms: the five seconds of most runners would end a wait before it can say what did not come. */
const TIMEOUT = 60_000;

/** What the store says of itself, and what can be done to it, decide which promises are tested. */
function checksOf({ says, kill, damage = {}, fail, loseAnswer, forget }: StoreSubject): Check[] {
  return [
    ...entryChecks,
    ...(says.age ? ageChecks : []),
    ...(says.watch ? newsChecks : []),
    ...(says.lock ? lockChecks : []),
    ...(kill ? [dieCheck, ...(says.lock ? killChecks : [])] : []),
    ...(loseAnswer ? [loseAnswerCheck] : []),
    ...(fail ? failChecks : []),
    ...(says.forgets && forget ? [forgetCheck] : []),
    ...Object.entries(damage).map(([what, put]) => damageCheck(what, put)),
  ];
}

/**
 * Declares the tests of a store (R59), in any runner. What the store says of itself and what can be done to it decide
 * which promises are tested; the least is a way to open it.
 *
 * @param name - Of the store, in the titles.
 * @param subject - The store; the contexts that it opens have to be as far apart as those of its users.
 * @param runner - `describe` and `test` of yours.
 * @throws TypeError where one of them is missing.
 *
 * @example
 * import { describeStore } from 'evertoken/testing';
 * import { describe, test } from 'vitest';
 *
 * let row;
 * describeStore(
 *   'a row of my database',
 *   {
 *     says: {},
 *     reset: () => {
 *       row = undefined;
 *     },
 *     open: () => ({
 *       read: async () => row,
 *       async replace(version, next) {
 *         if (row?.version !== version) return false;
 *         row = next;
 *         return true;
 *       },
 *     }),
 *   },
 *   { describe, test },
 * );
 */
export function describeStore(name: string, subject: StoreSubject, runner: Runner): void {
  const { open, reset, says }: StoreSubject = Object(subject);
  const { describe, test }: Runner = Object(runner);
  const check = (isGood: boolean, what: string) => {
    if (!isGood) throw new TypeError(`describeStore: expected ${what}`);
  };
  check(typeof open === 'function' && typeof reset === 'function', 'a store to test: { says, reset, open }');
  check(says === Object(says), 'what the store says of itself: { says: {} } at the least');
  check(typeof describe === 'function' && typeof test === 'function', 'a runner: { describe, test }');
  describe(`${name} is a store`, () => {
    for (const [claim, run] of checksOf(subject)) {
      const body = async () => {
        await subject.reset();
        try {
          await run(createTools(subject));
        } finally {
          await subject.close?.();
        }
      };
      test(claim, body, TIMEOUT);
    }
  });
}
