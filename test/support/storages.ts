/** Storages that fail in the ways that storages fail. */
import type { TokenStorage } from 'evertoken';

export type Operation = 'getItem' | 'setItem' | 'removeItem';
export type Mood = 'well' | 'throws' | 'rejects' | 'hangs';

/** A storage whose operations can be spoilt at any time; `items` shows what it holds. */
export function moodyStorage(items = new Map<string, string>()) {
  const moods: Record<Operation, Mood> = { getItem: 'well', setItem: 'well', removeItem: 'well' };
  const calls: Operation[] = [];
  const broken = new Error('storage is broken');
  const run = <T>(operation: Operation, task: () => T): T | Promise<T> => {
    calls.push(operation);
    switch (moods[operation]) {
      case 'throws':
        throw broken;
      case 'rejects':
        return Promise.reject(broken);
      case 'hangs':
        return new Promise(() => {});
      default:
        return task();
    }
  };
  const storage: TokenStorage = {
    getItem: (key) => run('getItem', () => items.get(key) ?? null),
    setItem: (key, value) => run('setItem', () => void items.set(key, value)),
    removeItem: (key) => run('removeItem', () => void items.delete(key)),
  };
  return { storage, moods, items, calls, broken };
}
