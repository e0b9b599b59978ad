/** A store in memory: for several managers in one context. */
import type { StoreEntry, StorePort, TokenStore } from '../types.ts';
import { besides } from './besides.ts';
import { createStore } from './token-store.ts';

export function createMemory(): StorePort {
  let entry: StoreEntry | undefined;
  return {
    contexts: 'one',
    read: async () => entry,
    async replace(version, next) {
      if (entry?.version !== version) return false;
      entry = next;
      return true;
    },
  };
}

/**
 * Joins the managers that get this very store to one session, which goes with the page.
 *
 * @example
 * import { createTokenManager, memoryStore, refreshEndpoint } from 'evertoken';
 *
 * const store = memoryStore();
 * const refresh = refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' });
 * const orders = createTokenManager({ refresh, store, allow: 'https://orders.example.com' });
 * const users = createTokenManager({ refresh, store, allow: 'https://users.example.com' });
 */
export function memoryStore(): TokenStore {
  return createStore(besides(createMemory()));
}
