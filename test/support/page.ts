/** A page of the test's own: `document` and the window's events. */
import { onTestFinished, vi } from 'vitest';

export interface Page {
  visibility: 'visible' | 'hidden';
  /** Fires an event of the document or of the window, as the platform does. */
  fire(type: 'visibilitychange' | 'resume' | 'freeze' | 'online' | 'pageshow' | 'pagehide' | 'focus'): void;
  /** Listeners that are still attached. */
  readonly listeners: number;
}

export function createPage(): Page {
  let listeners = 0;
  const count = (target: EventTarget) => {
    const known = new Set<string>();
    const keyOf = (type: string, listener: unknown) => `${type} ${idOf(listener)}`;
    const ids = new Map<unknown, number>();
    const idOf = (listener: unknown) => {
      if (!ids.has(listener)) ids.set(listener, ids.size);
      return ids.get(listener);
    };
    const update = () => {
      listeners = [...all].reduce((sum, set) => sum + set.size, 0);
    };
    all.add(known);
    return {
      addEventListener(type: string, listener: EventListener, options?: AddEventListenerOptions) {
        target.addEventListener(type, listener, options);
        known.add(keyOf(type, listener));
        update();
      },
      removeEventListener(type: string, listener: EventListener) {
        target.removeEventListener(type, listener);
        known.delete(keyOf(type, listener));
        update();
      },
    };
  };
  const all = new Set<Set<string>>();
  const documentEvents = new EventTarget();
  const windowEvents = new EventTarget();
  const page: Page = {
    visibility: 'visible',
    get listeners() {
      return listeners;
    },
    fire(type) {
      const isDocuments = ['visibilitychange', 'resume', 'freeze'].includes(type);
      const target = isDocuments ? documentEvents : windowEvents;
      const persisted = type === 'pageshow' || type === 'pagehide';
      target.dispatchEvent(Object.assign(new Event(type), persisted && { persisted }));
    },
  };
  const location = { href: 'https://app.example.com/', origin: 'https://app.example.com' };
  // At once: what the next file imports looks whether it is in a page.
  onTestFinished(() => void vi.unstubAllGlobals());
  vi.stubGlobal('document', {
    ...count(documentEvents),
    baseURI: location.href,
    get visibilityState() {
      return page.visibility;
    },
    get hidden() {
      return page.visibility === 'hidden';
    },
  });
  const window = count(windowEvents);
  vi.stubGlobal('addEventListener', window.addEventListener);
  vi.stubGlobal('removeEventListener', window.removeEventListener);
  vi.stubGlobal('location', location);
  vi.stubGlobal('window', globalThis);
  return page;
}
