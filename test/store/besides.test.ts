/** News among the managers of one store in this context. */
import type { StorePort } from 'evertoken';
import { describeStore } from 'evertoken/testing';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { besides } from '../../src/store/besides.ts';
import { createMemory } from '../../src/store/memory-store.ts';
import { runner } from './parts.ts';

const first = { version: 'v1', value: '1' };
const second = { version: 'v2', value: '2' };

let open: () => StorePort;
beforeEach(() => {
  open = besides(createMemory());
});

describeStore(
  'a port that has no news',
  {
    says: { contexts: 'one', watch: true },
    open: () => open(),
    reset() {
      open = besides(createMemory());
    },
    pass: async (ms) => void (await new Promise((resolve) => setTimeout(resolve, ms))),
  },
  runner,
);

describe('R52: news among managers', () => {
  test('is of what another one has replaced, not of what was refused, or is quiet, or is its own', async () => {
    const [a, b] = [open(), open()];
    const [own, other] = [vi.fn(), vi.fn()];
    a.watch?.(own);
    b.watch?.(other);
    await a.replace(undefined, first);
    await a.replace('v0', second);
    await a.replace('v1', second, true);
    await Promise.resolve();
    expect([own.mock.calls.length, other.mock.calls.length]).toEqual([0, 1]);
  });

  test('is that of the port, too, and ends with it', async () => {
    const heard = vi.fn();
    let tell = () => {};
    const unwatch = vi.fn();
    const watch = (listener: () => void) => {
      tell = listener;
      return unwatch;
    };
    const port = besides({ ...createMemory(), watch })();
    const end = port.watch?.(heard);
    tell();
    end?.();
    expect([heard.mock.calls.length, unwatch.mock.calls.length]).toEqual([1, 1]);
  });
});

test('what a port says of itself, and its lock, are that of each manager', async () => {
  class Port {
    readonly #name = 'locked';
    readonly contexts = 'one';
    readonly forgets = true;
    readonly whenDown = 'alone';
    async read() {
      return undefined;
    }
    async replace() {
      return true;
    }
    async lock() {
      return this.#name as never;
    }
  }
  const port = besides(new Port())();
  expect(port).toMatchObject({ contexts: 'one', forgets: true, whenDown: 'alone' });
  expect(await port.lock?.(async () => '', { signal: new AbortController().signal })).toBe('locked');
});
