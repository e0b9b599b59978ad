/** R73: what the development build says: each mistake once in a program, each step to whoever listens. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { announce, countManagers, type Devtools, newManager, type Step, warn } from '../src/development.ts';

const devtools = Symbol.for('evertoken.devtools');
const program = Symbol.for('evertoken.development');
const world = globalThis as { [devtools]?: Devtools | undefined };

function forget() {
  Reflect.deleteProperty(globalThis, devtools);
  Reflect.deleteProperty(globalThis, program);
}
beforeEach(forget);
afterEach(forget);

describe('a warning', () => {
  test('is one line on the console that names the package', () => {
    const console = vi.spyOn(globalThis.console, 'warn').mockReturnValue();
    warn('http', 'Plain http.');
    expect(console.mock.calls).toEqual([['[evertoken] Plain http.']]);
  });

  test('is given once for each kind, whatever the sentence', () => {
    const console = vi.spyOn(globalThis.console, 'warn').mockReturnValue();
    warn('http', 'One.');
    warn('http', 'Two.');
    warn('header', 'Three.');
    expect(console.mock.calls.flat()).toEqual(['[evertoken] One.', '[evertoken] Three.']);
  });

  test('is given once by all copies of the package in a program', async () => {
    const console = vi.spyOn(globalThis.console, 'warn').mockReturnValue();
    warn('http', 'One.');
    vi.resetModules();
    const copy = await import('../src/development.ts');
    expect(copy.warn).not.toBe(warn);
    copy.warn('http', 'Two.');
    expect(console).toHaveBeenCalledOnce();
  });

  test('does no harm: the console throws, is missing, or the globals are frozen', () => {
    vi.stubGlobal('console', {
      warn() {
        throw new Error('no console');
      },
    });
    expect(() => warn('a', 'A.')).not.toThrow();
    vi.stubGlobal('console', undefined);
    expect(() => warn('b', 'B.')).not.toThrow();
    Object.defineProperty(globalThis, program, { value: Object.freeze({}), configurable: true });
    expect(() => warn('c', 'C.')).not.toThrow();
    expect(newManager()).toBe(0);
  });
});

test('each manager of a program has a number of its own', () => {
  expect([newManager(), newManager()]).toEqual([1, 2]);
});

describe('a step', () => {
  const at = 1_000;
  beforeEach(() => {
    vi.useFakeTimers({ now: at });
    return () => vi.useRealTimers();
  });

  /** The few lines that a tool has to write. */
  function mount(): Step[] {
    const seen: Step[] = [];
    const before = world[devtools];
    world[devtools] = { push: (step) => seen.push(step) };
    if (Array.isArray(before)) seen.push(...before);
    return seen;
  }

  test('is told to a tool that was there before the manager', () => {
    const seen = mount();
    announce('created', { manager: 1 });
    expect(seen).toEqual([{ step: 'created', at, detail: { manager: 1 } }]);
  });

  test('is told to a tool that comes later', () => {
    announce('created', { manager: 1 });
    const seen = mount();
    announce('closed', { manager: 1 });
    expect(seen.map(({ step }) => step)).toEqual(['created', 'closed']);
  });

  test('is kept for a tool that comes later, the newest 200', () => {
    for (let manager = 1; manager <= 300; manager++) announce('created', { manager });
    const seen = mount();
    expect(seen.map(({ detail }) => detail['manager'])).toEqual(
      Array.from({ length: 200 }, (_, i) => 101 + i),
    );
  });

  test('does no harm: the tool throws, or is none', () => {
    world[devtools] = {
      push() {
        throw new Error('broken tool');
      },
    };
    expect(() => announce('created', { manager: 1 })).not.toThrow();
    vi.stubGlobal(devtools as never, 5);
    expect(() => announce('created', { manager: 1 })).not.toThrow();
  });
});

test('counts the open managers of a store without keeping it alive, should one never be closed', () => {
  const store = {};
  expect([countManagers(store, 1), countManagers('name', 1), countManagers(store, 1)]).toEqual([1, 1, 2]);
  const { open, openUnnamed } = Reflect.get(globalThis, program);
  expect([...open.keys()]).toEqual(['name']);
  expect(openUnnamed).toBeInstanceOf(WeakMap);
  expect([countManagers(store, -1), countManagers('name', -1), openUnnamed.get(store)]).toEqual([1, 0, 1]);
});
