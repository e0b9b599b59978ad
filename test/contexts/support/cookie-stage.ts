/** The backend that keeps the refresh token in a cookie, and tabs on localhost. */
import type { Setup } from '../page/setup.ts';
import type { Browser, Tab } from './browser.ts';
import { type Place, startCookieBackend } from './cookie-backend.ts';
import { startTabs } from './world.ts';

/** To be held with `await using`. */
export async function startCookieStage(
  browser: Browser,
  place: Place = 'same-site',
  attributes = 'SameSite=Strict',
) {
  const backend = await startCookieBackend(place, attributes);
  const tabs = await startTabs(browser, backend.servers);
  return {
    ...backend,
    elsewhere: tabs.elsewhere,
    open: (setup?: Partial<Setup>) => tabs.open(setup),
    openAll: (count: number) =>
      Promise.all(Array.from({ length: count }, () => tabs.open())) as Promise<[Tab, Tab, ...Tab[]]>,
    async [Symbol.asyncDispose]() {
      await tabs[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
    },
  };
}
