/** A store of the user's own. */
import { type StorePort, tokenStore } from 'evertoken';
import { describeStore } from 'evertoken/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Cell, createCell } from '../support/ports.ts';
import { join, pass } from './contexts.ts';
import { runner } from './parts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let cell: Cell;
const views = new Map<StorePort, ReturnType<Cell['open']>>();
const all = () => [...views.values()];

describeStore(
  'a store of one’s own, with all that there is,',
  {
    says: { watch: true, lock: true, age: true, forgets: true },
    reset() {
      cell = createCell({ hasClock: true, forgets: true });
      views.clear();
    },
    open() {
      const view = cell.open();
      views.set(view.port, view);
      return view.port;
    },
    kill: (port) => views.get(port)?.die(),
    fail(mode) {
      for (const view of all()) {
        view.heal();
        if (mode)
          for (const call of ['read', 'replace'] as const)
            view.fail(call, mode === 'throw' ? 'throws' : 'hangs');
      }
    },
    loseAnswer() {
      for (const view of all()) view.fail('replace', 'lost', 1);
    },
    forget: () => cell.put(undefined),
    pass,
  },
  runner,
);

/** The row of the example. */
function createRow(): StorePort {
  let entry: Awaited<ReturnType<StorePort['read']>>;
  return {
    read: async () => entry,
    replace: async (version, next) => {
      if (entry?.version !== version) return false;
      entry = next;
      return true;
    },
  };
}

let row: StorePort;
describeStore(
  'the least that a store can be',
  {
    says: {},
    open: () => row,
    reset() {
      row = createRow();
    },
    pass,
  },
  runner,
);

describe('tokenStore', () => {
  test('R50: joins the contexts that share the port: a sign-out and a refresh of one is that of all', async () => {
    const port = createRow();
    const [a, b] = [join(tokenStore(port)), join(tokenStore(port))];
    await a.signIn('x');
    b.sharing.wake();
    await b.sharing.settle();
    await b.refresh('y');
    expect([b.presented, b.token, a.token]).toEqual([['refresh-x'], 'access-y', 'access-x']);
    await a.refresh('z');
    expect([a.presented, a.token]).toEqual([[], 'access-y']);
  });

  test('calls the methods of the port as its own, and hands over entries of texts', async () => {
    class Port {
      readonly #row: StorePort = createRow();
      read() {
        return this.#row.read();
      }
      replace(...args: Parameters<StorePort['replace']>): Promise<boolean> {
        const [, { version, value }] = args;
        expect([typeof version, typeof value]).toEqual(['string', 'string']);
        return this.#row.replace(...args);
      }
    }
    const a = join(tokenStore(new Port()));
    await a.signIn('x');
    expect([a.token, a.heard]).toEqual(['access-x', ['signed-in local']]);
  });

  const wrong: [what: string, port: unknown, name: string][] = [
    ['nothing', undefined, 'port.read'],
    ['no read', { replace: async () => true }, 'port.read'],
    ['no replace', { read: async () => undefined }, 'port.replace'],
    ['a read that is no function', { read: 'x', replace: async () => true }, 'port.read'],
    ['a watch that is no function', { ...createRow(), watch: 5 }, 'port.watch'],
    ['a lock that is no function', { ...createRow(), lock: {} }, 'port.lock'],
    ['a number of contexts', { ...createRow(), contexts: 2 }, 'port.contexts'],
    ['an unknown word for when it is down', { ...createRow(), whenDown: 'go' }, 'port.whenDown'],
    ['a symbol for when it is down', { ...createRow(), whenDown: Symbol('x') }, 'port.whenDown'],
    ['a text for whether it forgets', { ...createRow(), forgets: 'no' }, 'port.forgets'],
  ];
  test.each(wrong)('given %s throws a TypeError that names it', (_what, port, name) => {
    expect(() => tokenStore(port as StorePort)).toThrow(name);
    expect(() => tokenStore(port as StorePort)).toThrow(TypeError);
  });
});
