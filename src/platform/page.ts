/** What kind of place this is, and when its page comes back: visible, online, thawed, out of the back/forward cache. */

const page = (): Partial<Document> => (globalThis as { document?: Document }).document ?? {};

/** A browser's page or worker, and no server: some of those have a `localStorage`. */
export const isBrowser = (): boolean => 'document' in globalThis || 'indexedDB' in globalThis;

/** Where there is no page, nothing is hidden. */
export const isVisible = (): boolean => page().visibilityState !== 'hidden';

/** Calls `onLeave` when the page is left: what is sent then with `keepalive` still arrives. Returns its own undo. */
export function listenToLeave(onLeave: () => void): () => void {
  const window = globalThis as Partial<EventTarget>;
  window.addEventListener?.('pagehide', onLeave);
  return () => window.removeEventListener?.('pagehide', onLeave);
}

/** Calls `onWake` with whether the network came back. Returns the function that ends it. */
export function listenToWake(onWake: (isOnline: boolean) => void): () => void {
  const wake = ({ type }: Event) => {
    if (isVisible() || type !== 'visibilitychange') onWake(type === 'online');
  };
  const each = (method: 'addEventListener' | 'removeEventListener') => {
    for (const type of ['visibilitychange', 'resume']) page()[method]?.(type, wake);
    for (const type of ['online', 'pageshow']) (globalThis as Partial<EventTarget>)[method]?.(type, wake);
  };
  each('addEventListener');
  return () => each('removeEventListener');
}
