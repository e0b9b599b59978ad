/** A session in an HttpOnly cookie of a JSON backend, in several tabs, on the page's own site and across sites. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ask, askAll } from './support/ask.ts';
import type { Engine, Tab } from './support/browser.ts';
import { startCookieStage } from './support/cookie-stage.ts';
import { inEveryEngine } from './support/engines.ts';

const TABS = 3;
const inAll = <T>(value: T): T[] => Array<T>(TABS).fill(value);
const tokens = (tab: Tab) => askAll(tab, TABS, 'token');
/** What was told in each tab, in the order of the texts. */
const events = async (tab: Tab) => {
  const told = await askAll(tab, TABS, 'told');
  return told
    .map((all) =>
      all
        .map(
          ({ event, cause, reason, elsewhere }) =>
            `${event} ${cause ?? reason}${elsewhere ? ' elsewhere' : ''}`,
        )
        .join(),
    )
    .sort();
};
/** In one tab as given first, in all others as given then. */
const inOne = (one: string, others: string) => [one, ...Array<string>(TABS - 1).fill(others)].sort();

/** Where the browser kept the cookie when it was tried: docs/cookie-backend.md says it, too. */
const keepers: [attributes: string, engines: Engine['name'][]][] = [
  ['SameSite=None; Secure; Partitioned', ['Chromium', 'Firefox']],
  ['SameSite=None; Secure', ['Firefox']],
  ['SameSite=Lax', []],
];

inEveryEngine('a session in an HttpOnly cookie', (browser, engine) => {
  test('R8, R52: a login in one tab is one in all, each cookie is spent once, and a sign-out reaches all', async () => {
    await using stage = await startCookieStage(browser());
    const { stats, denyAll } = stage;
    const [first, second] = await stage.openAll(TABS);
    expect((await askAll(first, TABS, 'burst', 2)).flat()).toEqual([...inAll(401), ...inAll(401)]);

    await ask(first, 'login');
    await expect.poll(() => tokens(first)).not.toContain(null);
    expect((await askAll(first, TABS, 'burst', 1)).flat()).toEqual(inAll(200));
    expect(await events(first)).toEqual(inOne('signed-in local', 'signed-in restored'));

    // All at once: one after the other.
    denyAll();
    expect((await askAll(first, TABS, 'burst', 5)).map((outcomes) => new Set(outcomes))).toEqual(
      inAll(new Set([200])),
    );
    expect(stats).toMatchObject({ logins: 1, refreshes: 2 * TABS - 1, reuse: 0 });

    await askAll(first, TABS, 'forget');
    await ask(second, 'signOut');
    await expect.poll(() => tokens(first)).toEqual(inAll(null));
    await expect.poll(() => events(first)).toEqual(inOne('signed-out local', 'signed-out local elsewhere'));
    expect((await askAll(first, TABS, 'burst', 1)).flat()).toEqual(inAll(401));
    expect(stats).toMatchObject({ signOuts: 1, reuse: 0 });
  });

  test('R8, R32: a sign-out beats the tabs that ask the cookie again when they hear of it', async () => {
    await using stage = await startCookieStage(browser());
    const { stats, countLiving } = stage;
    const [first, second] = await stage.openAll(TABS);
    for (let round = 1; round <= 8; round++) {
      await ask(first, 'login');
      await expect.poll(() => tokens(first)).not.toContain(null);
      const { refreshes } = stats;
      await ask(second, 'signOut');
      const title = `sign-out ${round}`;
      await expect.poll(() => tokens(first), { message: title }).toEqual(inAll(null));
      await expect.poll(countLiving, { message: title }).toBe(0);
      expect(stats, title).toMatchObject({ refreshes, reuse: 0 });
    }
  });

  test('R8: a reload restores the session, no script finds anything of it, and after a sign-out it restores none', async () => {
    await using stage = await startCookieStage(browser());
    const tab = await stage.open();
    await ask(tab, 'login');
    await tab.reload();
    expect(await ask(tab, 'burst', 3)).toEqual([200, 200, 200]);
    expect(await ask(tab, 'told')).toMatchObject([{ event: 'signed-in', cause: 'restored' }]);
    const found = 'document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })';
    expect(await tab.evaluate(found)).toBe('{}');
    await ask(tab, 'signOut');
    await tab.reload();
    expect(await ask(tab, 'burst', 1)).toEqual([401]);
    expect(await ask(tab, 'told')).toEqual([]);
    expect(stage.stats).toMatchObject({ refreshes: 1, reuse: 0, signOuts: 1 });
  });

  test('the revocation of a sign-out outlives the page that is left in the same breath', async () => {
    await using stage = await startCookieStage(browser());
    const tab = await stage.open();
    await ask(tab, 'login');
    // The page is gone before the browser has asked whether it may send the request.
    stage.delays.preflight = 2_000;
    // Its answer may be lost with the page.
    void ask(tab, 'signOutAndLeave', stage.elsewhere).catch(() => {});
    await expect.poll(() => stage.stats.signOuts).toBe(1);
  });

  test('it outlives the tab that is closed; without keepalive it would be lost', async () => {
    await using stage = await startCookieStage(browser());
    const { stats, delays } = stage;
    for (const isShortLived of [true, false]) {
      const tab = await stage.open({ isShortLived });
      await ask(tab, 'login');
      delays.preflight = 2_000;
      // Chromium remembers for a while that it may send.
      const arrived = () => stats.preflights + stats.signOuts;
      const before = arrived();
      await ask(tab, 'signOutAndLeave');
      // A tab that is closed before its store has answered sends nothing.
      await expect.poll(arrived).toBeGreaterThan(before);
      await tab.close();
      if (isShortLived) {
        await sleep(3_000);
        expect(stats.signOuts).toBe(0);
      } else await expect.poll(() => stats.signOuts).toBe(1);
      delays.preflight = 0;
    }
  });

  test.each(
    keepers.map(([attributes, engines]) => ({
      attributes,
      isKept: engines.includes(engine.name),
      what: engines.includes(engine.name)
        ? 'kept: all tabs share the session'
        : 'not kept: no tab asks twice',
    })),
  )('R8: across sites a cookie with $attributes is $what', async ({ attributes, isKept }) => {
    await using stage = await startCookieStage(browser(), 'cross-site', attributes);
    const { stats } = stage;
    const [first, second] = await stage.openAll(TABS);
    await ask(first, 'login');
    await expect.poll(() => stats.refreshes + stats.refused).toBe(TABS - 1);
    expect(stats).toMatchObject(isKept ? { refused: 0 } : { refreshes: 0 });
    const outcomes = (await askAll(first, TABS, 'burst', 2)).map((own) => `${own}`).sort();
    expect(outcomes).toEqual(isKept ? inAll('200,200') : inOne('200,200', '401,401'));
    expect(stats.refused).toBe(isKept ? 0 : TABS - 1);

    await first.reload();
    expect(await ask(first, 'burst', 1)).toEqual([isKept ? 200 : 401]);
    if (!isKept) return;
    await ask(second, 'signOut');
    await expect.poll(() => tokens(first)).toEqual(inAll(null));
    expect(stats).toMatchObject({ logins: 1, signOuts: 1, reuse: 0 });
  });
});
