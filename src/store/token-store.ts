/** Makes a store of anything that can compare and set one entry. */
import { refuse } from '../check.ts';
import { memberOf } from '../own.ts';
import type { Sharing } from '../session/commit.ts';
import type { StorePort, TokenStore } from '../types.ts';
import { besides } from './besides.ts';
import { type Manager, SharedSession } from './shared-session.ts';
import { type Conversion, terms } from './terms.ts';

/** What a store is for the manager. */
export interface Joined extends TokenStore {
  readonly join: (manager: Manager) => Sharing | undefined;
  /** A cookie holds the session, and no token is kept. */
  readonly isCookie?: boolean;
}

/**
 * @param open - Makes a port for each manager; `undefined` where there is nothing to share.
 * @param conversion - `terms` for stores with a clock, or a term.
 */
export function createStore(open: () => StorePort | undefined, conversion?: Conversion): TokenStore {
  return {
    join(manager) {
      const port = open();
      return port && new SharedSession(port, manager, conversion);
    },
  } satisfies Joined as TokenStore;
}

/** Checks what a port says of itself; it may have other members, and those of a class. */
function checkPort(port: StorePort): void {
  const aFunction = 'function or undefined';
  const said: Record<keyof StorePort, string> = {
    read: 'function',
    replace: 'function',
    watch: aFunction,
    lock: aFunction,
    contexts: "'one' or 'many' or undefined",
    whenDown: "'wait' or 'alone' or undefined",
    forgets: 'boolean or undefined',
  };
  for (const [name, allowed] of Object.entries(said)) {
    const member = memberOf(port, name);
    if (
      !allowed
        .split(' or ')
        .some((word) => word === typeof member || (typeof member === 'string' && word === `'${member}'`))
    )
      refuse(`port.${name}`, member, allowed);
  }
}

/**
 * A store of your own: whatever has a compare-and-set. Everything that joins contexts comes with it: one refresh at a
 * time, newer tokens adopted, a sign-out heard everywhere.
 *
 * @throws TypeError when the port lacks `read` or `replace`, or says something of itself that means nothing.
 *
 * @example
 * import { createTokenManager, refreshEndpoint, tokenStore } from 'evertoken';
 *
 * let entry; // a row of your database, say
 * const store = tokenStore({
 *   read: async () => entry,
 *   replace: async (version, next) => {
 *     if (entry?.version !== version) return false; // UPDATE ... WHERE version = $1
 *     entry = next;
 *     return true;
 *   },
 * });
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'tool' }),
 *   allow: 'https://api.example.com',
 *   store,
 * });
 */
export function tokenStore(port: StorePort): TokenStore {
  checkPort(port);
  return createStore(besides(port), terms);
}
