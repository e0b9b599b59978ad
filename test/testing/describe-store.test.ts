/** R59: the suite that decides whether something is a store. */
import { describeStore } from 'evertoken/testing';
import { describe, expect, test } from 'vitest';
import { failuresOf, subjectOf, testsOf, useStoreClock } from './broken-stores.ts';

useStoreClock();

test('R59: a good store is one', async () => {
  expect(await failuresOf(subjectOf((port) => port))).toEqual([]);
});

test('a failure names the promise, what was found and what was expected', async () => {
  const subject = subjectOf((port) => Object.assign(port, { replace: async () => false }));
  expect(await failuresOf(subject)).toContain(
    'R51: it is empty at first, and only then `undefined` is the version that is there: ' +
      'This is no store: a replacement where there is none is false; expected true.',
  );
});

test('its tests stand under the name of the store, in whatever runner', () => {
  const names: string[] = [];
  const describe = (name: string, body: () => void) => {
    names.push(name);
    body();
  };
  describeStore(
    'a row of my database',
    subjectOf((port) => port),
    { describe, test: () => {} },
  );
  expect(names).toEqual(['a row of my database is a store']);
});

test('R59: a runner is asked for more time than the longest wait takes, so that the claim is what fails', async () => {
  const silent = subjectOf((port) => Object.assign(port, { watch: () => () => {} }));
  const waits: number[] = [];
  describeStore('mine', silent, {
    describe: (_name, body) => body(),
    test: (_claim, _body, timeout = 0) => waits.push(timeout),
  });
  const began = Date.now();
  const failures = await failuresOf(silent);
  expect(failures.join('\n')).toContain('another context has not heard of a replacement in 10 s');
  expect(Math.min(...waits)).toBeGreaterThan((Date.now() - began) / failures.length);
});

test.for([
  [undefined, {}, 'a store to test'],
  [{ open: () => {} }, {}, 'a store to test'],
  [{ open: () => {}, reset: () => {} }, {}, 'what the store says of itself'],
  [{ open: () => {}, reset: () => {}, says: {} }, undefined, 'a runner'],
  [{ open: () => {}, reset: () => {}, says: {} }, { describe, test: 'x' }, 'a runner'],
])('what is missing is named at once: %j %j', ([subject, runner, name]) => {
  const declare = () => describeStore('mine', subject as never, runner as never);
  expect(declare).toThrow(TypeError);
  expect(declare).toThrow(`describeStore: expected ${name}`);
});

test('contexts are closed after each test, after one that fails too', async () => {
  const calls: string[] = [];
  const subject = subjectOf((port) => port, {
    reset: () => calls.push('reset'),
    open: () => Promise.reject(new Error('cannot be opened')),
    close: () => calls.push('close'),
  });
  const failures = await failuresOf(subject);
  expect(failures).toHaveLength(testsOf(subject).length);
  expect(calls).toEqual(failures.flatMap(() => ['reset', 'close']));
});
