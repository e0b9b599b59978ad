/** The script of a tab of the bench: counts what the package does, and does what it is asked. */
import { count, createActs } from '../support/context.mjs';
import { hear, tell } from './bare-news.js';

const counts = { locks: 0, transactions: 0, timers: 0, messages: 0 };
count(LockManager.prototype, 'request', counts, 'locks');
count(IDBDatabase.prototype, 'transaction', counts, 'transactions');
count(BroadcastChannel.prototype, 'postMessage', counts, 'messages');
for (const method of ['setTimeout', 'setInterval']) count(globalThis, method, counts, 'timers');

// The counters have to be there before.
const { createTokenManager, refreshEndpoint, webStore } = await import('evertoken');
const { tokenEndpoint, url } = JSON.parse(new URLSearchParams(location.search).get('setup'));

const auth = createTokenManager({
  refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'bench' }),
  allow: location.origin,
  store: webStore('bench'),
});

globalThis.tab = { ...createActs(auth, url, counts), tell, hear };
