/** The check of the options. */
import { expect, test, vi } from 'vitest';
import { type IdleOptions, readOptions } from '../../src/idle/options.ts';

test.for<[IdleOptions, object]>([
  [{ after: 600_000 }, { after: 600_000, maxAge: 1 / 0, warnBefore: 60_000 }],
  [{ maxAge: 60_000 }, { after: 1 / 0, maxAge: 60_000, warnBefore: 30_000 }],
  [{ after: 90_000, maxAge: 80_000, warnBefore: undefined }, { warnBefore: 40_000 }],
  [{ after: 90_000, maxAge: undefined, warnBefore: 1 }, { warnBefore: 1 }],
])('one span is enough, and the warning has a default: %j', ([given, expected]) => {
  expect(readOptions(given)).toMatchObject(expected);
});

const spans = { after: 0, maxAge: 0, warnBefore: 0 };
test.for<[string, object | undefined]>([
  ['after is Infinity, maxAge Infinity', undefined],
  ['after is Infinity, maxAge Infinity', {}],
  ['after is 0', { after: 0 }],
  ['after is -1', { after: -1 }],
  ['after is NaN', { after: Number.NaN }],
  ['maxAge 0', { after: 5, maxAge: 0 }],
  ['warnBefore 5', { after: 5, warnBefore: 5 }],
  ['warnBefore 0', { after: 5, warnBefore: 0 }],
  ['warnBefore 9', { after: 20, maxAge: 9, warnBefore: 9 }],
  ['warnBefore 0', spans],
  // The development build names the kind.
  ...(__DEVELOPMENT__ ? [] : [['after is 900', { after: '900' }] as [string, object]]),
])('a TypeError says what was given, and what is expected: %s', ([said, given]) => {
  expect(() => readOptions(given as never)).toThrow(TypeError);
  expect(() => readOptions(given as never)).toThrow(said);
  expect(() => readOptions(given as never)).toThrow(/^evertoken\/idle: after is .* expected milliseconds/);
});

test.runIf(__DEVELOPMENT__)(
  'the development build names an option that is misspelt, a callback that is none, and a number that is none',
  () => {
    const read = (given: object) => () => readOptions({ after: 5_000, ...given });
    expect(read({ warnbefore: 1 })).toThrow(
      new TypeError("evertoken/idle: there is no option warnbefore; 'warnBefore', perhaps"),
    );
    expect(read({ timeout: 1 })).toThrow('known are after,maxAge,warnBefore,onWarn,onActive');
    expect(read({ onWarn: 'x' })).toThrow(
      new TypeError('evertoken/idle: options.onWarn is string; expected function'),
    );
    expect(read({ after: '900' })).toThrow('options.after is string; expected number');
    expect(read({ onWarn: undefined, onActive: vi.fn() })).not.toThrow();
  },
);

test('R37: what a page put on Object.prototype is no option', () => {
  Object.assign(Object.prototype, { maxAge: 1, warnBefore: 1 });
  try {
    expect(readOptions({ after: 600_000 })).toMatchObject({ maxAge: 1 / 0, warnBefore: 60_000 });
  } finally {
    for (const name of ['maxAge', 'warnBefore']) delete (Object.prototype as Record<string, unknown>)[name];
  }
});
