/** The port of a `keyValueStore`, and storages under it. */
import { setImmediate } from 'node:timers/promises';
import { vi } from 'vitest';
import type { KeyValueStorage } from '../../src/store/key-value-store.ts';
import type { StorePort } from '../../src/types.ts';

const STORE = '../../src/store/key-value-store.ts';
const MAKER = '../../src/store/token-store.ts';

export type OpenPort = (name: string, storage: KeyValueStorage) => StorePort;

/** A copy of the module, as a hot reload makes one; opens what the store hands to the manager alone. */
export async function loadKeyValue(): Promise<OpenPort> {
  vi.resetModules();
  vi.doMock(MAKER, () => ({ createStore: (open: () => StorePort) => ({ join: open }) }));
  const { keyValueStore } = (await import(STORE)) as typeof import('../../src/store/key-value-store.ts');
  vi.doUnmock(MAKER);
  vi.resetModules();
  return (name, storage) => (keyValueStore(name, storage) as unknown as { join(): StorePort }).join();
}

/** Answers in a later task, some later than others; can be broken. */
export function createSlowStorage() {
  const items = new Map<string, string>();
  let turns = 0;
  let mode: 'throw' | 'hang' | undefined;
  let isLosing = false;
  const later = async <T>(effect: () => T): Promise<T> => {
    for (let left = turns++ % 3; left >= 0; left--) await setImmediate();
    if (mode === 'throw') throw new Error('the storage is broken');
    if (mode === 'hang') return new Promise(() => {});
    return effect();
  };
  const storage: KeyValueStorage = {
    getItem: (key) => later(() => items.get(key) ?? null),
    setItem: (key, value) =>
      later(() => {
        items.set(key, value);
        if (!isLosing) return;
        isLosing = false;
        throw new Error('the line is broken');
      }),
    removeItem: (key) => later(() => items.delete(key)),
  };
  return {
    ...{ items, storage },
    fail(next: typeof mode) {
      mode = next;
    },
    loseAnswer() {
      isLosing = true;
    },
  };
}
