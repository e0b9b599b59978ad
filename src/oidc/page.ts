/** The page as the client needs it: its URL and its time. */

/** Keeps a Node process alive: a caller waits for it. A signal leaves no timer, and the promise as it is. */
export const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const stop = () => clearTimeout(timer);
    // Beyond 2^31-1 it would fire at once.
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      },
      Math.min(ms, 2 ** 31 - 1),
    );
    signal?.addEventListener('abort', stop);
  });

/** The page's URL; none outside a page. */
export const currentUrl = (): string | undefined => globalThis.location?.href;

export const leaveFor = (url: string): void => location.assign(url);

/** Makes no new entry of the history, and keeps the state that a router has in it. */
export const replaceUrl = (url: string): void => history.replaceState(history.state, '', url);
