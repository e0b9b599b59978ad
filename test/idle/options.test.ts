// @vitest-environment jsdom
/** The options. */
import { type IdleOptions, signOutWhenIdle } from 'evertoken/idle';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createIdle, second, usePage } from '../support/idle.ts';
import { createAuth } from '../support/react.ts';

test.for<[IdleOptions, number]>([
  [{ after: 600_000 }, 60_000],
  [{ maxAge: 60_000 }, 30_000],
  [{ after: 90_000, maxAge: 80_000, warnBefore: undefined }, 40_000],
  [{ after: 90_000, maxAge: undefined, warnBefore: 1_000 }, 1_000],
])('one span is enough, and the countdown has a default: %j', async ([given, expected]) => {
  const { pass } = usePage();
  const { warnings } = await createIdle(given);
  await pass(Math.min(given.after ?? 1 / 0, given.maxAge ?? 1 / 0) - expected - 1);
  expect(warnings).toEqual([]);
  await pass(1);
  expect(warnings).toEqual([
    { remaining: expected, cause: given.after === 600_000 || expected === 1_000 ? 'idle' : 'age' },
  ]);
});

/** What creating it says; it stops at once. */
const create = (given: IdleOptions) => {
  const { auth } = createAuth();
  onTestFinished(() => auth.close());
  signOutWhenIdle(auth, given)();
};

const spans = { after: 0, maxAge: 0, warnBefore: 0 };
test.for<[string, object]>([
  ['warnBefore 0, after 0, maxAge Infinity', { after: 0 }],
  ['after -1', { after: -1 }],
  ['after NaN', { after: Number.NaN }],
  ['maxAge 0', { after: 5, maxAge: 0 }],
  ['warnBefore 5', { after: 5, warnBefore: 5 }],
  ['warnBefore 0', { after: 5, warnBefore: 0 }],
  ['warnBefore 9', { after: 20, maxAge: 9, warnBefore: 9 }],
  ['warnBefore 0', spans],
  ['maxAge Infinity', { after: Number.POSITIVE_INFINITY }],
])('a TypeError says what was given, and the development build what is allowed: %s', ([said, given]) => {
  const read = () => create(given as never);
  expect(read).toThrow(TypeError);
  expect(read).toThrow(said);
  expect(read).toThrow(/^evertoken\/idle: warnBefore .*, after .*, maxAge /);
  if (__DEVELOPMENT__) expect(read).toThrow('; expected 0 < warnBefore < after, maxAge');
});

test.for([undefined, {}, { warnBefore: 1 }, { after: undefined }])('one span is required: %j', (given) => {
  const said = __DEVELOPMENT__ ? 'one of after and maxAge is required' : 'after Infinity, maxAge Infinity';
  expect(() => create(given as never)).toThrow(TypeError);
  expect(() => create(given as never)).toThrow(said);
});

test.runIf(__DEVELOPMENT__)(
  'the development build names an option that is misspelt, a callback that is none, and a number that is none',
  () => {
    const read = (given: object) => () => create({ after: 5_000, ...given });
    expect(read({ warnbefore: 1 })).toThrow(
      new TypeError(
        "evertoken/idle: there is no option warnbefore; 'warnBefore', perhaps; known are after,maxAge,warnBefore,onWarn,onActive",
      ),
    );
    expect(read({ timeout: 1 })).toThrow('known are after,maxAge,warnBefore,onWarn,onActive');
    expect(read({ onWarn: 'x' })).toThrow(
      new TypeError('evertoken/idle: options.onWarn is string; expected function'),
    );
    expect(read({ after: '900' })).toThrow('options.after is string; expected number');
    expect(read({ onWarn: undefined, onActive: vi.fn() })).not.toThrow();
  },
);

test('R37: what a page put on Object.prototype is no option', async () => {
  const { pass } = usePage();
  Object.assign(Object.prototype, { maxAge: 1, warnBefore: 0 });
  try {
    const { auth } = await createIdle({ after: 600_000 });
    await pass(10 * second);
    expect(auth.status).toBe('signed-in');
  } finally {
    for (const name of ['maxAge', 'warnBefore']) delete (Object.prototype as Record<string, unknown>)[name];
  }
});
