/** R8: a page that is left takes its lease with it, and the next one waits twice as long as the last refresh took. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { come, pass, stubBrowser, useBrowserClock } from '../support/browser.ts';
import { createCookieWorld } from '../support/cookie-world.ts';

beforeEach(useBrowserClock);
afterEach(() => void vi.useRealTimers());

test('R8: a page that only restored its session says how long the refresh took: after two F5 no reuse', async () => {
  const browser = stubBrowser();
  const { server, login, open, asked } = createCookieWorld({ ms: 1_000 });
  login();
  const first = await browser.openPage(open);
  await come(first.page.auth.ready);
  expect(first.page.auth.status).toBe('signed-in');
  first.page.leave();
  first.leave();

  const second = await browser.openPage(open);
  void second.page.auth.ready;
  await pass(300);
  expect(asked).toHaveLength(2);
  second.page.leave();
  second.leave();

  const openedAt = Date.now();
  const third = open();
  await come(third.auth.ready);
  expect([third.auth.status, server.reused]).toEqual(['signed-in', []]);
  const waited = Number(asked[2]?.at) - openedAt;
  expect(waited).toBeGreaterThanOrEqual(2_000);
  expect(waited).toBeLessThan(3_000);
});
