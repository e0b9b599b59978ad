/** Stores that break one promise each, as real ones do, and what the suite says about them. */
import type { StorePort } from 'evertoken';
import { describeStore, type StoreSubject } from 'evertoken/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pass } from '../store/contexts.ts';
import { type Cell, createCell } from '../support/ports.ts';

export type Spoil = (port: StorePort, cell: Cell) => StorePort;

/** The methods of a port with others in their place, which may call the old ones. */
export const but =
  (change: (port: StorePort, cell: Cell) => Partial<StorePort>): Spoil =>
  (port, cell) =>
    Object.assign(port, change({ ...port }, cell));

/** A good store, and what can be done to it; `spoil` changes what each context gets. */
export function subjectOf(spoil: Spoil, more: Partial<StoreSubject> = {}): StoreSubject {
  let cell: Cell;
  let views: ReturnType<Cell['open']>[] = [];
  return {
    says: { watch: true, lock: true, age: true, forgets: true },
    reset() {
      cell = createCell({ hasClock: true, forgets: true });
      views = [];
    },
    open() {
      const view = cell.open();
      views.push(view);
      return spoil(view.port, cell);
    },
    kill: (port) => views.find((view) => view.port === port)?.die(),
    fail(mode) {
      for (const view of views) {
        view.heal();
        if (mode)
          for (const call of ['read', 'replace'] as const)
            view.fail(call, mode === 'throw' ? 'throws' : 'hangs');
      }
    },
    loseAnswer() {
      for (const view of views) view.fail('replace', 'lost', 1);
    },
    forget: () => cell.put(undefined),
    pass,
    times: 5,
    ...more,
  };
}

/** The claims that the suite makes about a store, each with what checks it. */
export function testsOf(subject: StoreSubject): [claim: string, run: () => Promise<void>][] {
  const tests: [claim: string, run: () => Promise<void>][] = [];
  describeStore('a store', subject, {
    describe: (_name, body) => body(),
    test: (claim, run) => tests.push([claim, run]),
  });
  return tests;
}

/** The claims that it finds broken. */
export async function failuresOf(subject: StoreSubject): Promise<string[]> {
  const failures: string[] = [];
  for (const [claim, run] of testsOf(subject))
    await run().catch((error: Error) => failures.push(`${claim}: ${error.message}`));
  return failures;
}

export const useStoreClock = () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }));
  afterEach(() => void vi.useRealTimers());
};

/** Declares a test for each: what is wrong, the claim that finds it, and how a good store is spoilt. */
export function findsOut(broken: [what: string, promise: RegExp, spoil: Spoil][]): void {
  useStoreClock();
  test.each(broken)('a store that %s is found out', async (_what, promise, spoil) => {
    expect((await failuresOf(subjectOf(spoil))).join('\n')).toMatch(promise);
  });
}
