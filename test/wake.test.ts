import { describe, expect, test } from 'vitest';
import { isVisible, listenToWake } from '../src/wake.ts';
import { createPage } from './support/page.ts';

/** A page, and what was heard of its waking. */
function listening() {
  const page = createPage();
  const heard: boolean[] = [];
  const end = listenToWake((isOnline) => heard.push(isOnline));
  return { page, heard, end };
}

describe('R13: a page', () => {
  test.each(['visibilitychange', 'resume', 'pageshow'] as const)(
    'wakes with %s when it can be seen',
    (type) => {
      const { page, heard } = listening();
      page.visibility = 'hidden';
      page.fire(type);
      expect([isVisible(), heard]).toEqual([false, []]);
      page.visibility = 'visible';
      page.fire(type);
      expect([isVisible(), heard]).toEqual([true, [false]]);
    },
  );

  test('wakes when the network is back, seen or not, and says that it is that', () => {
    const { page, heard } = listening();
    page.fire('online');
    page.visibility = 'hidden';
    page.fire('online');
    expect(heard).toEqual([true, true]);
  });

  test('does not wake with anything else', () => {
    const { page, heard } = listening();
    for (const type of ['freeze', 'pagehide', 'focus'] as const) page.fire(type);
    expect(heard).toEqual([]);
  });

  test('is left as it was', () => {
    const { page, heard, end } = listening();
    expect(page.listeners).toBe(4);
    end();
    end();
    for (const type of ['visibilitychange', 'online', 'pageshow'] as const) page.fire(type);
    expect([page.listeners, heard]).toEqual([0, []]);
  });
});

test('R14: where there is no page nothing is hidden, and nothing is listened to', () => {
  expect(isVisible()).toBe(true);
  const end = listenToWake(() => {});
  expect(end).not.toThrow();
});
