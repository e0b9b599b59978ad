/** What a user does in a page that may be giving way to the next one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import type { Tab } from './browser.ts';

/** While one page gives way to the next there is nobody to ask, and what was asked may never be answered. */
export function eventually<T>(check: () => Promise<T>): Promise<T> {
  const attempt = () =>
    Promise.race([
      check(),
      sleep(2_000).then(() => Promise.reject<T>(new Error('no answer in two seconds'))),
    ]);
  return vi.waitFor(attempt, { timeout: 30_000, interval: 100 });
}

/** Waits for an element, fills in what is asked for, and clicks. */
export async function click(tab: Tab, selector: string, fields: Record<string, string> = {}): Promise<void> {
  await eventually(() =>
    tab.evaluate(`(() => {
      const button = document.querySelector(${JSON.stringify(selector)});
      if (document.readyState !== 'complete' || button.disabled) throw new Error('not yet');
      for (const [name, value] of Object.entries(${JSON.stringify(fields)}))
        document.querySelector('[name=' + name + ']').value = value;
      button.id ||= 'seen';
      // The answer is under way before the page is left.
      setTimeout(() => button.click(), 50);
    })()`),
  );
}
