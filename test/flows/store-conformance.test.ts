/** R58, R59: the suite finds what is wrong with a store: each of these breaks one promise, or looks into the value. */
import type { StoreEntry, StorePort } from 'evertoken';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { broken, type Spoil } from '../store/broken-stores.ts';
import { pass } from '../store/contexts.ts';
import type { StoreSubject } from '../support/describe-store/subject.ts';
import { describeStore } from '../support/describe-store.ts';
import { type Cell, createCell } from '../support/ports.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A good store, and what can be done to it; `spoil` changes what each context gets. */
function subjectOf(spoil: Spoil, more: Partial<StoreSubject> = {}): StoreSubject {
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

/** The claims that the suite finds broken. */
async function failuresOf(subject: StoreSubject): Promise<string[]> {
  const tests: [claim: string, run: () => Promise<void>][] = [];
  describeStore('a store', subject, {
    describe: (_name, body) => body(),
    test: (claim, run) => tests.push([claim, run]),
  });
  const failures: string[] = [];
  for (const [claim, run] of tests)
    await run().catch((error: Error) => failures.push(`${claim}: ${error.message}`));
  return failures;
}

test.each(broken)('a store that %s is found out', async (_what, promise, spoil) => {
  expect((await failuresOf(subjectOf(spoil))).join('\n')).toMatch(promise);
});

test('a store that says other things of itself than it does is found out', async () => {
  const subject = subjectOf((port) => port, { says: { contexts: 'one', age: true } });
  expect((await failuresOf(subject)).join('\n')).toMatch(/says of itself/);
});

test('a good store is one', async () => {
  expect(await failuresOf(subjectOf((port) => port))).toEqual([]);
});

test('what is not at hand is not tested: the least that is needed is a way to open it', async () => {
  let entry: StoreEntry | undefined;
  const claims: string[] = [];
  const open = (): StorePort => ({
    read: async () => entry,
    async replace(version, next) {
      if (entry?.version !== version) return false;
      entry = next;
      return true;
    },
  });
  const reset = () => {
    entry = undefined;
  };
  describeStore(
    'a row',
    { says: {}, open, reset },
    {
      describe: (_name, body) => body(),
      test: (claim) => claims.push(claim),
    },
  );
  expect(claims.join('\n')).not.toMatch(/news|lock|how long ago|dies|vanished|R53/);
  expect(await failuresOf({ says: {}, open, reset, pass })).toEqual([]);
});
