/** A sign-in by redirect, from the login page to the end of the session, in every engine. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { startSignInApp } from './support/sign-in-app.ts';

/** While one page gives way to the next there is nobody to ask, and what was asked may never be answered. */
const eventually = (check: () => Promise<unknown>) => {
  const attempt = () =>
    Promise.race([check(), sleep(2_000).then(() => Promise.reject(new Error('no answer in two seconds')))]);
  return vi.waitFor(attempt, { timeout: 20_000, interval: 100 });
};

/** Waits for an element, fills in what is asked for, and clicks. */
async function click(tab: Tab, selector: string, fields: Record<string, string> = {}): Promise<void> {
  await eventually(() =>
    tab.evaluate(`(() => {
      const button = document.querySelector(${JSON.stringify(selector)});
      if (document.readyState !== 'complete') throw new Error('not yet');
      for (const [name, value] of Object.entries(${JSON.stringify(fields)}))
        document.querySelector('[name=' + name + ']').value = value;
      button.id ||= 'seen';
      // The answer is under way before the page is left.
      setTimeout(() => button.click(), 50);
    })()`),
  );
}

inEveryEngine('a user signs in and out by redirect', (browser) => {
  test('the tokens serve, are refreshed, and are gone after the sign-out', async () => {
    await using app = await startSignInApp();
    const tab = await browser().open(`${app.origin}/`);
    await click(tab, '#redirect');
    await click(tab, 'form:has([value=login]) [type=submit]', { login: 'alice', password: 'any will do' });
    await click(tab, 'form:has([value=consent]) [type=submit]');
    const started = () => tab.evaluate('started.then((told) => [location.href, told])');
    await eventually(async () =>
      expect(await started()).toEqual([`${app.origin}/`, { returnTo: '/?tab=2', sub: 'alice' }]),
    );
    const whoAmI = 'auth.fetch(api + "/me").then((answer) => answer.json()).then(({ sub }) => sub)';
    expect(await tab.evaluate(whoAmI)).toBe('alice');
    const before = await tab.evaluate('auth.tokens.refreshToken');
    await tab.evaluate('auth.refresh().then(() => {})');
    expect(await tab.evaluate('auth.tokens.refreshToken')).not.toBe(before);

    await click(tab, '#leave');
    await click(tab, '[name=logout][value=yes]');
    const who = () =>
      tab.evaluate('auth.getAccessToken().then((token) => [location.href, token ?? "nobody"])');
    await eventually(async () => expect(await who()).toEqual([`${app.origin}/`, 'nobody']));
    await tab.close();
  });
});
