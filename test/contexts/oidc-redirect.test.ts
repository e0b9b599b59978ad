/** A sign-in by redirect, from the login page to the end of the session, in every engine. */
import { expect, test } from 'vitest';
import { inEveryEngine } from './support/engines.ts';
import { click, eventually } from './support/hands.ts';
import { startSignInApp } from './support/sign-in-app.ts';

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
