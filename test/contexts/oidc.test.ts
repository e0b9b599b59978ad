/** Users sign in at a real OpenID Connect server, through its own pages, in a real browser. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromium, launchChromium } from './support/chromium.ts';
import { startSignInApp } from './support/sign-in-app.ts';

/** The server's own pages: the login, then the consent. */
async function logIn(page: Page, login: string): Promise<void> {
  await page.fill('[name=login]', login);
  await page.fill('[name=password]', 'any will do');
  await page.click('[type=submit]');
  await page.waitForSelector('[name=prompt][value=consent]', { state: 'attached' });
  await page.click('[type=submit]');
}

/** What the API says to the app. */
const whoAmI = (page: Page) =>
  page.evaluate<string>('auth.fetch(api + "/me").then((answer) => answer.json()).then(({ sub }) => sub)');

describe.skipIf(!chromium.program && process.env['EVERTOKEN_BROWSERS'] !== 'required')('in Chromium', () => {
  let browser: Awaited<ReturnType<typeof launchChromium>>;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());

  test('redirect: from the login to a refresh, over a reload, to the end of the session', async () => {
    await using app = await startSignInApp();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(app.origin);
    await page.click('#redirect');
    await logIn(page, 'alice');
    await page.waitForURL(`${app.origin}/`);
    expect(await page.evaluate('started')).toEqual({ returnTo: '/?tab=2', sub: 'alice' });
    expect(page.url()).toBe(`${app.origin}/`);
    expect(await whoAmI(page)).toBe('alice');

    const before = await page.evaluate('auth.tokens');
    await page.evaluate('auth.refresh().then(() => {})');
    const after = await page.evaluate<{ refreshToken: string }>('auth.tokens');
    expect(after).not.toEqual(before);
    await page.reload();
    expect(await whoAmI(page)).toBe('alice');

    await page.click('#leave');
    await page.click('[name=logout][value=yes]');
    await page.waitForURL(`${app.origin}/`);
    expect(await page.evaluate('auth.getAccessToken().then((token) => token ?? "nobody")')).toBe('nobody');
    const { tokenEndpoint, clientId } = app.server;
    const form = { grant_type: 'refresh_token', client_id: clientId, refresh_token: after.refreshToken };
    const refused = await fetch(tokenEndpoint, { method: 'POST', body: new URLSearchParams(form) });
    expect(await refused.json()).toMatchObject({ error: 'invalid_grant' });
    // Nobody is signed in at the server any more: it asks for the login again.
    await page.click('#redirect');
    await logIn(page, 'bob');
    await page.waitForURL(`${app.origin}/`);
    await page.evaluate('started');
    expect(await whoAmI(page)).toBe('bob');
    await context.close();
  });

  test('back to the login page and in again: the address bar is clean, and the app knows what happened', async () => {
    await using app = await startSignInApp();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(app.origin);
    await page.click('#redirect');
    const callback = page.waitForRequest((request) => request.url().startsWith(`${app.origin}/?code=`));
    await logIn(page, 'alice');
    const url = (await callback).url();
    await page.waitForURL(`${app.origin}/`);
    await page.evaluate('started');
    await page.goto(url);
    expect(await page.evaluate('started.catch(({ code }) => code)')).toBe('callback-used');
    expect(page.url()).toBe(`${app.origin}/`);
    expect(await whoAmI(page)).toBe('alice');
    await context.close();
  });

  test.for([
    ['as it is', {}],
    ['where the server’s pages cut it off', { 'cross-origin-opener-policy': 'same-origin' }],
  ] as const)('popup, %s: the page gets the tokens and the window closes', async ([, headers]) => {
    await using app = await startSignInApp(headers);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(app.origin);
    const [popup] = await Promise.all([context.waitForEvent('page'), page.click('#popup')]);
    // Without a screen every page has the focus; a user's browser gives it to the window in front.
    await page.evaluate('document.hasFocus = () => false');
    const closed = popup.waitForEvent('close');
    await popup.waitForSelector('[name=login]');
    expect(await popup.evaluate('opener'), 'what is shown there cannot lead the page elsewhere').toBeNull();
    await logIn(popup, 'carol');
    await page.waitForFunction('auth.tokens');
    await closed;
    expect(await page.evaluate('failures')).toEqual([]);
    expect(await whoAmI(page)).toBe('carol');
    await context.close();
  });

  test('one callback in two tabs, each with a copy of the storage: the code is sent once', async () => {
    await using app = await startSignInApp();
    const context = await browser.newContext();
    const page = await context.newPage();
    const kept: string[] = [];
    page.on('console', (message) => void kept.push(message.text()));
    await page.addInitScript(`
      const { setItem } = Storage.prototype;
      Storage.prototype.setItem = function (...entry) {
        if (entry[0].startsWith('evertoken.oidc.')) console.log(JSON.stringify(entry));
        setItem.apply(this, entry);
      };
    `);
    await page.goto(app.origin);
    const held = Promise.withResolvers<void>();
    await context.route('**/token', (route) => held.promise.then(() => route.continue()));
    const callback = page.waitForRequest((request) => request.url().startsWith(`${app.origin}/?code=`));
    await page.click('#redirect');
    await logIn(page, 'alice');
    const url = (await callback).url();
    const other = await context.newPage();
    // What was there when the user left, before it was taken.
    await other.addInitScript(`sessionStorage.setItem(...${kept[0]})`);
    await other.goto(url);
    expect(await other.evaluate('started.catch(({ code }) => code)')).toBe('callback-used');
    held.resolve();
    await page.evaluate('started');
    expect(await whoAmI(page)).toBe('alice');
    expect(app.server.stats.tokenCalls).toBe(1);
    await context.close();
  });

  test('a link with a made-up state that ends in `.popup` is refused, and no tab hears of it', async () => {
    await using app = await startSignInApp();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(app.origin);
    await page.evaluate(`
      heard = [];
      for (const name of ['app.popup', 'evertoken.oidc.app.popup'])
        new BroadcastChannel(name).onmessage = ({ data }) => heard.push(data);
    `);
    const other = await context.newPage();
    await other.goto(`${app.origin}/?code=stolen&state=app.popup`);
    expect(await other.evaluate('started.catch(({ code }) => code)')).toBe('unknown-state');
    expect(other.url()).toBe(`${app.origin}/`);
    expect(await page.evaluate('heard')).toEqual([]);
    await context.close();
  });

  test('popup that the user closes: a clear error', async () => {
    await using app = await startSignInApp();
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(app.origin);
    const [popup] = await Promise.all([context.waitForEvent('page'), page.click('#popup')]);
    await popup.waitForSelector('[name=login]');
    await popup.close();
    await page.waitForFunction('failures.length');
    expect(await page.evaluate('failures')).toEqual(['popup-closed']);
    await context.close();
  });
});
