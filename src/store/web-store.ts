/** The store of pages and workers: one entry in IndexedDB, for all contexts of the origin or for one tab. */
import { checkMembers } from '../check.ts';
import { named } from '../development.ts';
import { createChannel } from '../platform/channel.ts';
import { webLock } from '../platform/locks.ts';
import { isBrowser } from '../platform/page.ts';
import type { StorePort, TokenStore } from '../types.ts';
import type { Written } from './entry.ts';
import { createDatabase, type Database, type Kept } from './indexed-db.ts';
import { places } from './places.ts';
import { type Sealed, seal, unseal } from './seal.ts';
import { loadTab, openTab, textOf } from './tab.ts';
import { createStore } from './token-store.ts';

type Access = Pick<StorePort, 'read' | 'replace'>;

/** The entry, sealed. */
const openShared = ({ visit }: Database, name: string, isSealed = true): Access => ({
  async read() {
    const { found } = await visit(name);
    // A shared worker of WebKit, where there is a key.
    if (found === null) throw new Error('encrypted entries cannot be read here');
    return found && { version: found.version, value: await unseal(found.value as Sealed | string) };
  },
  async replace(version, next) {
    // The end of a session needs no key, and is on its way before its page is left.
    const isPlain = !isSealed || (next as Partial<Written>).isPlain;
    const value = isPlain ? next.value : await seal(next.value);
    const kept = { version: next.version, value };
    return (await visit(name, kept, (found) => found?.version === version)).isPut;
  },
});

/** Where the platform refuses, for all copies of this package in the page. */
const memory: Database = {
  async visit(key, next, fits) {
    const all = places();
    const found = all.get(key) as Kept | undefined;
    const isPut = !!fits?.(found);
    if (isPut) all.set(key, next);
    return { found, isPut };
  },
};

/** What is there and refuses (blocked cookies, a sandboxed frame) counts as missing: then this page goes on in memory. */
async function open(name: string, isTab: boolean): Promise<Access> {
  const database = createDatabase();
  try {
    if (isTab) textOf(name);
    await database.visit('');
  } catch (error) {
    // One that fails is tried again. Chromium says of blocked cookies just that the user denied permission.
    if (!/^(Security|InvalidState|Reference|Type)Error|denied/.test(`${error}`)) throw error;
    return openShared(memory, `web ${name}`, false);
  }
  return (isTab ? openTab : openShared)(database, name);
}

function createPort(name: string, isTab: boolean): StorePort {
  const channel = createChannel(`evertoken ${name}`);
  let access: Access | undefined;
  const find = async () => {
    access ??= await open(name, isTab);
    return access;
  };
  return {
    contexts: isTab ? 'one' : 'many',
    read: async () => (await find()).read(),
    async replace(version, next, quiet) {
      const isDone = await (await find()).replace(version, next);
      if (isDone && !quiet) channel.post();
      return isDone;
    },
    watch: channel.listen,
    // A tab meets its own page before a reload, and its duplicate.
    lock: webLock(() => `evertoken ${name} ${isTab ? loadTab(name)?.key : ''}`),
  };
}

/** The port of a page or worker; `undefined` elsewhere. */
export const openWeb = (name: string, isTab = false): StorePort | undefined =>
  isBrowser() ? createPort(name, isTab) : undefined;

/**
 * Keeps the session in the browser (IndexedDB, database `evertoken`), where it survives a reload, and joins all tabs and
 * workers of the origin: one refresh, one sign-out. Encrypted with a key that no script can export; that protects from
 * being read in a dump of the storage, not from a script injected into the page, which can use it as the app does.
 *
 * With `area: 'session'` the tokens lie in `sessionStorage`, as they are.
 *
 * Where IndexedDB is missing or refuses, the session lives in the page's memory; without Web Locks a tab that dies while
 * it refreshes holds the others up for half a minute; without `crypto.subtle` (plain http) nothing is encrypted; without
 * BroadcastChannel news is found when it is needed. Outside a page or worker it stores nothing and joins nobody, so it
 * may stand in a module that a server renders.
 *
 * @param name - Of the session; two apps on one origin need two names.
 * @param options.area - `session`: each tab has a session of its own, which ends with it. Default `local`.
 * @throws TypeError for a missing name or an unknown area.
 *
 * @example
 * import { createTokenManager, refreshEndpoint, webStore } from 'evertoken';
 *
 * const auth = createTokenManager({
 *   refresh: refreshEndpoint({ url: 'https://as.example.com/token', clientId: 'spa' }),
 *   allow: 'https://api.example.com',
 *   store: webStore('shop'),
 * });
 */
export function webStore(name: string, options: { area?: 'local' | 'session' | undefined } = {}): TokenStore {
  const { area } = checkMembers(
    'webStore',
    { name, ...options },
    { name: 'string', area: "'local' or 'session' or undefined" },
  );
  const store = createStore(() => openWeb(name, area === 'session'));
  return __DEVELOPMENT__ ? named(store, `web ${name}`) : store;
}
