/** A store over a key-value storage: survives a restart, for one context at a time. */
import { checkMembers, refuse } from '../check.ts';
import { named, warn } from '../development.ts';
import { within } from '../platform/timers.ts';
import type { StoreEntry, StorePort, TokenStore } from '../types.ts';
import { places } from './places.ts';
import { createStore } from './token-store.ts';

/**
 * Web Storage's three methods; each may answer a promise. AsyncStorage, unstorage and localForage have them. Nothing is
 * removed as yet, because the end of a session is written in its place; that it can be is part of what a storage is.
 */
export interface KeyValueStorage {
  getItem(key: string): unknown;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** What the managers of one name in this context share: an old module after a hot reload is still there for a while. */
interface Place {
  tail: Promise<unknown>;
  readonly listeners: Set<() => void>;
  /** The version that was written last, in the development build. */
  written?: string;
}

/** What cannot be read as an entry stands for itself, so that it can be replaced. */
function parse(item: unknown): StoreEntry | undefined {
  if (item == null) return undefined;
  // Some storages parse by themselves.
  const text = typeof item === 'string' ? item : JSON.stringify(item);
  try {
    const { version, value } = JSON.parse(text) as StoreEntry;
    if (typeof version === 'string' && typeof value === 'string') return { version, value };
  } catch {} // what JSON.parse throws quotes the item
  return { version: text, value: '' };
}

function createPort(name: string, storage: KeyValueStorage): StorePort {
  const placeName = `key-value ${name}`;
  const known = places().get(placeName) as Place | undefined;
  const place = known ?? { tail: Promise.resolve(), listeners: new Set() };
  places().set(placeName, place);
  let hear: (() => void) | undefined;
  const load = async () => parse(await storage.getItem(name));

  /** One after the other: some storages can be read half way. What hangs holds up nobody for long. */
  function inTurn<T>(task: () => Promise<T>, onLate = () => {}): Promise<T> {
    const run = place.tail.then(task);
    place.tail = within('the storage', 5_000, () => run, false).catch((error) => {
      if ((error as Error | undefined)?.name === 'TimeoutError') onLate();
    });
    return run;
  }

  return {
    contexts: 'one',
    read: () => inTurn(load),
    replace(version, next, quiet) {
      let isLate = false;
      const write = async () => {
        const found = (await load())?.version;
        if (__DEVELOPMENT__ && found && place.written && found !== place.written)
          warn(
            `moved ${name}`,
            `Somebody else has written the entry of keyValueStore("${name}"): it is for one process or tab at a time, and the other one refreshes with the same tokens. Take webStore, or a tokenStore that compares and sets.`,
          );
        if (found !== version) return false;
        const { version: own, value } = next;
        if (__DEVELOPMENT__) place.written = own;
        await storage.setItem(name, JSON.stringify({ version: own, value }));
        // A late one has overwritten what was written meanwhile: everybody looks, this manager too.
        for (const listener of place.listeners)
          if (isLate || (!quiet && listener !== hear)) queueMicrotask(listener);
        return true;
      };
      return inTurn(write, () => {
        isLate = true;
      });
    },
    watch(listener) {
      hear = listener;
      place.listeners.add(listener);
      return () => {
        place.listeners.delete(listener);
        // A server may have a name for each user.
        place.tail.then(() => place.listeners.size || places().delete(placeName));
      };
    },
  };
}

/**
 * Keeps the session in a storage with `getItem`, `setItem` and `removeItem`, such as React Native's AsyncStorage,
 * unstorage or localForage. It survives a restart. It has no compare-and-set, so it is for one context at a time: a
 * second process or tab over the same storage would refresh with tokens that are spent.
 *
 * @param name - Of the item; each app and each user needs one of its own.
 * @throws TypeError for a missing name, or a storage that lacks one of the methods.
 *
 * @example
 * import AsyncStorage from '@react-native-async-storage/async-storage';
 * import { createTokenManager, keyValueStore, refreshEndpoint } from 'evertoken';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'app' }),
 *   allow: 'https://api.example.com',
 *   store: keyValueStore('shop', AsyncStorage),
 * });
 */
export function keyValueStore(name: string, storage: KeyValueStorage): TokenStore {
  checkMembers('keyValueStore', { name }, { name: 'string' });
  for (const method of ['getItem', 'setItem', 'removeItem'] as const) {
    if (typeof storage?.[method] !== 'function') refuse(`storage.${method}`, storage?.[method], 'function');
  }
  const store = createStore(() => createPort(name, storage));
  return __DEVELOPMENT__ ? named(store, `key-value ${name}`) : store;
}
