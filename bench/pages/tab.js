/** The script of a tab of the bench: counts what the package does, and does what it is asked. */
const counts = { reads: 0, locks: 0, transactions: 0, timers: 0, messages: 0 };

function count(owner, method, what) {
  const original = owner[method];
  owner[method] = function counted(...args) {
    counts[what]++;
    return original.apply(this, args);
  };
}
count(Storage.prototype, 'getItem', 'reads');
count(LockManager.prototype, 'request', 'locks');
count(IDBDatabase.prototype, 'transaction', 'transactions');
count(BroadcastChannel.prototype, 'postMessage', 'messages');
for (const method of ['setTimeout', 'setInterval']) count(globalThis, method, 'timers');

// The counters have to be there before.
const { createTokenManager, refreshEndpoint } = await import('evertoken');
const { tokenEndpoint, url } = JSON.parse(new URLSearchParams(location.search).get('setup'));

const auth = createTokenManager({
  refresh: refreshEndpoint({ url: tokenEndpoint, clientId: 'bench' }),
  allow: location.origin,
  storage: localStorage,
});
let changedAt = 0;
auth.subscribe(() => {
  changedAt = performance.timeOrigin + performance.now();
});

globalThis.tab = {
  signIn: (tokens) => auth.signIn(tokens),
  ready: () => auth.ready.then(() => auth.tokens?.accessToken),
  /** `count` requests at once. */
  burst: (count) =>
    Promise.all(
      Array.from({ length: count }, () =>
        auth.fetch(url).then(
          ({ status }) => status,
          (error) => error.code,
        ),
      ),
    ),
  refresh: () => auth.refresh().then(({ accessToken }) => ({ accessToken, at: changedAt })),
  /** Resolves with the moment at which this token was there. */
  has: (token) =>
    new Promise((resolve) => {
      const look = () => auth.tokens?.accessToken === token && resolve(changedAt);
      auth.subscribe(look);
      look();
    }),
  takeCounts() {
    const taken = { ...counts };
    for (const what in counts) counts[what] = 0;
    return taken;
  },
};
