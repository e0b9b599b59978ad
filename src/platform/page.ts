/** What kind of place this is, and when its page comes back: visible, online, thawed, out of the back/forward cache. */

import { memberOf } from '../own.ts';

const page = (): Partial<Document> => (globalThis as { document?: Document }).document ?? {};

const isListenable = (target: unknown): target is EventTarget => !!memberOf(target, 'addEventListener');

/** A browser's page or worker, and no server: some of those have a `localStorage`. */
export const isBrowser = (): boolean => 'document' in globalThis || 'indexedDB' in globalThis;

/** Where there is no page, nothing is hidden. */
export const isVisible = (): boolean => page().visibilityState !== 'hidden';

/** Returns its own undo. */
function listen(target: unknown, types: string[], listener: (event: Event) => void) {
  if (!isListenable(target)) return () => {};
  for (const type of types) target.addEventListener(type, listener);
  return () => {
    // Where somebody's stand-in has the one, it may not have the other.
    for (const type of types) target.removeEventListener?.(type, listener);
  };
}

/** Calls `onLeave` when the page is left: what is sent then with `keepalive` still arrives. Returns its own undo. */
export const listenToLeave = (onLeave: () => void): (() => void) => listen(globalThis, ['pagehide'], onLeave);

/** Calls `onWake` with whether the network came back. Returns the function that ends it, where anything can wake. */
export function listenToWake(onWake: (isOnline: boolean) => void): (() => void) | undefined {
  if (!isListenable(globalThis)) return undefined;
  const wake = ({ type }: Event) => {
    if (isVisible() || type !== 'visibilitychange') onWake(type === 'online');
  };
  const ends = [
    listen(page(), ['visibilitychange', 'resume'], wake),
    listen(globalThis, ['online', 'pageshow'], wake),
  ];
  return () => {
    for (const end of ends) end();
  };
}
