/** A user before a page: waits for what is shown, fills in, clicks. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import type { Tab } from './browser.ts';

/** While one page gives way to the next there is nobody to ask, and what was asked may never be answered. */
export const eventually = (check: () => Promise<unknown>) =>
  vi.waitFor(
    () =>
      Promise.race([check(), sleep(2_000).then(() => Promise.reject(new Error('no answer in two seconds')))]),
    { timeout: 40_000, interval: 100 },
  );

/** Waits for an element, fills in what is asked for, and clicks. */
export const click = (tab: Tab, selector: string, fields: Record<string, string> = {}) =>
  eventually(() =>
    tab.evaluate(`(() => {
      const button = document.querySelector(${JSON.stringify(selector)});
      for (const [name, value] of Object.entries(${JSON.stringify(fields)}))
        document.querySelector('[name=' + name + ']').value = value;
      button.id ||= 'seen';
      setTimeout(() => button.click(), 50);
    })()`),
  );

/** Waits for a text. */
export const shows = (tab: Tab, text: string) =>
  eventually(async () => expect(await tab.evaluate('document.body.innerText')).toContain(text));

/** Waits for a button with this text, and clicks. */
export const press = (tab: Tab, text: string) =>
  eventually(() =>
    tab.evaluate(`(() => {
      const found = [...document.querySelectorAll('button')].find((one) => one.innerText === '${text}');
      if (!found) throw new Error('not yet');
      setTimeout(() => found.click(), 50);
    })()`),
  );
