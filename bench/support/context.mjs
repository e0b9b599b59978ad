/** What a tab or thread of the bench does when it is asked. */

const now = () => performance.timeOrigin + performance.now();

/**
 * @param auth - The manager of this context.
 * @param url - Of the API.
 * @param counts - What the package has done, by kind.
 */
export function createActs(auth, url, counts) {
  /** When listeners were told of each token, and who waits for that. */
  const arrivals = new Map();
  const waiting = new Map();
  auth.subscribe(() => {
    const token = auth.tokens?.accessToken;
    if (!token || arrivals.has(token)) return;
    arrivals.set(token, now());
    waiting.get(token)?.(arrivals.get(token));
  });
  /** Resolves with the moment at which this token was there. */
  const has = (token) =>
    new Promise((resolve) => {
      if (arrivals.has(token)) resolve(arrivals.get(token));
      else waiting.set(token, resolve);
    });
  return {
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
    has,
    async refresh() {
      const { accessToken } = await auth.refresh();
      return { accessToken, at: await has(accessToken) };
    },
    takeCounts() {
      const taken = { ...counts };
      for (const what in counts) counts[what] = 0;
      return taken;
    },
  };
}

/** Counts the calls of a method. */
export function count(owner, method, counts, what) {
  const original = owner[method];
  owner[method] = function counted(...args) {
    counts[what]++;
    return original.apply(this, args);
  };
}
