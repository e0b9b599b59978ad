/** What the checks of the conformance suite are made of. */
import type { StoreEntry, StorePort } from '../types.ts';
import type { StoreSubject } from './store-subject.ts';
import { wait } from './wait.ts';

/** One promise, and what holds a store to it. */
export type Check = [claim: string, run: (tools: Tools) => Promise<void>];

let made = 0;

/** An entry with a version that was never there. */
export const entryOf = (value: string, more?: Partial<StoreEntry>): StoreEntry => ({
  version: `${++made}-${Math.random()}`,
  value,
  ...more,
});

/** Adds one to the number that is kept, and again, as often as it takes to have done so `times` times. */
export async function increment(port: StorePort, times: number): Promise<void> {
  let seen = 0;
  // Each refusal is another context's success, and those are not that many.
  let refusals = 100 * times;
  for (let done = 0; done < times; ) {
    const found = await port.read();
    const count = Number(found?.value ?? 0);
    check(count >= seen, `one context reads ${count} after it has read ${seen}`);
    seen = count;
    if (await port.replace(found?.version, entryOf(`${count + 1}`))) done++;
    else check(refusals--, 'one context is refused again and again');
  }
}

export function check(passes: unknown, claim: string): asserts passes {
  if (!passes) throw new Error(`This is no store: ${claim}.`);
}

/** Longer than any version of the suite. */
const LONG = 40;

/** Of a long text no more than its length: what a store held before may be a session, with its tokens (R70). */
const brief = (_name: string, value: unknown) =>
  typeof value === 'string' && value.length > LONG ? `a text of ${value.length}` : value;

const shown = (value: unknown) =>
  value instanceof Error ? `${value}` : `${JSON.stringify(value, brief)}`.slice(0, 200);

export function same(actual: unknown, expected: unknown, what: string): void {
  const isSame =
    actual === expected || (Array.isArray(actual) && JSON.stringify(actual) === JSON.stringify(expected));
  check(isSame, `${what} is ${shown(actual)}; expected ${shown(expected)}`);
}

export interface Tools {
  readonly subject: StoreSubject;
  open(count?: number): Promise<[StorePort, StorePort, ...StorePort[]]>;
  pass(ms: number): Promise<unknown>;
  /** Lets time pass until it is so. */
  until(isSo: () => unknown, claim: string): Promise<void>;
  /** What a call comes to while time passes; what it rejects with as `{ error }`. */
  outcome<T>(call: Promise<T>): Promise<T | { error: unknown }>;
}

export function createTools(subject: StoreSubject): Tools {
  const pass = (ms: number) => (subject.pass ?? wait)(ms);
  const until: Tools['until'] = async (isSo, claim) => {
    for (let steps = 0; steps < 400 && !isSo(); steps++) await pass(steps && 25);
    check(isSo(), claim);
  };
  return {
    ...{ subject, pass, until },
    async open(count = 2) {
      const all = [await subject.open(), await subject.open()] as [StorePort, StorePort, ...StorePort[]];
      while (all.length < count) all.push(await subject.open());
      return all;
    },
    async outcome(call) {
      let isSettled = false;
      const settled = call
        .catch((error: unknown) => ({ error }))
        .finally(() => {
          isSettled = true;
        });
      await until(() => isSettled, 'a call is not answered in 10 s');
      return settled;
    },
  };
}
