import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { isBrowser, isVisible, listenToWake } from '../../src/platform/page.ts';
import { createPage } from '../support/page.ts';

/** A page, and what was heard of its waking. */
function listening() {
  const page = createPage();
  const heard: boolean[] = [];
  const end = listenToWake((isOnline) => heard.push(isOnline));
  return { page, heard, end };
}

describe('R13: a page', () => {
  test('wakes when it can be seen again, not when it is hidden', () => {
    const { page, heard } = listening();
    page.visibility = 'hidden';
    page.fire('visibilitychange');
    expect([isVisible(), heard]).toEqual([false, []]);
    page.visibility = 'visible';
    page.fire('visibilitychange');
    expect([isVisible(), heard]).toEqual([true, [false]]);
  });

  test.each([
    ['it is thawed', 'resume', false],
    ['it comes out of the back/forward cache', 'pageshow', false],
    ['the network is back', 'online', true],
  ] as const)(
    'R52: wakes when %s (%s), seen or not, and says whether it is the network: %s',
    (_why, type, isOnline) => {
      const { page, heard } = listening();
      page.fire(type);
      page.visibility = 'hidden';
      page.fire(type);
      expect(heard).toEqual([isOnline, isOnline]);
    },
  );

  test('R14: may listen to a stand-in that has no way to stop', () => {
    vi.stubGlobal('addEventListener', () => {});
    onTestFinished(() => void vi.unstubAllGlobals());
    expect(listenToWake(() => {})).not.toThrow();
  });

  test('does not wake with anything else', () => {
    const { page, heard } = listening();
    for (const type of ['freeze', 'pagehide', 'focus'] as const) page.fire(type);
    expect(heard).toEqual([]);
  });

  test('is left as it was', () => {
    const { page, heard, end } = listening();
    expect(page.listeners).toBe(4);
    end?.();
    end?.();
    for (const type of ['visibilitychange', 'online', 'pageshow'] as const) page.fire(type);
    expect([page.listeners, heard]).toEqual([0, []]);
  });
});

describe('R57: a browser', () => {
  test('is where there is a document', () => {
    expect(isBrowser()).toBe(false);
    createPage();
    expect(isBrowser()).toBe(true);
  });

  test('is also where there is IndexedDB and no document: a worker', () => {
    vi.stubGlobal('indexedDB', undefined);
    expect(isBrowser()).toBe(true);
  });

  test('is not where there is a localStorage, as in Deno and Node 25', () => {
    vi.stubGlobal('localStorage', {});
    expect(isBrowser()).toBe(false);
  });
});

test('R14: where there is no page nothing is hidden, and nothing is listened to', () => {
  expect(isVisible()).toBe(true);
  expect(listenToWake(() => {})).toBeUndefined();
});
