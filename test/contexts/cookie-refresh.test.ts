/** A session in an HttpOnly cookie, and what comes in between while the next cookie is on the wire. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ask, askAll } from './support/ask.ts';
import type { Tab } from './support/browser.ts';
import { startCookieStage } from './support/cookie-stage.ts';
import { inEveryEngine } from './support/engines.ts';

/** Two tabs that are signed in, with nothing on the wire. */
async function openPair(stage: Awaited<ReturnType<typeof startCookieStage>>): Promise<[Tab, Tab]> {
  const [first, second] = await stage.openAll(2);
  await ask(first, 'login');
  await expect.poll(() => askAll(first, 2, 'token')).not.toContain(null);
  return [first, second];
}

/** Begins a refresh; resolves when the server has spent the cookie. What it comes to may go with the page. */
async function beginRefresh(tab: Tab, { nextRefresh }: Awaited<ReturnType<typeof startCookieStage>>) {
  const spent = nextRefresh();
  ask(tab, 'refresh').catch(() => {});
  await spent;
}

inEveryEngine('a cookie that is spent at once, while the next one is on the wire', (browser, { name }) => {
  test.for([150, 400, 700])(
    'R8: reload after %i ms: signed in, and no cookie is sent twice',
    async (moment) => {
      await using stage = await startCookieStage(browser());
      const { stats, delays } = stage;
      const tab = await stage.open();
      await ask(tab, 'login');
      delays.refresh = 1_000;
      await ask(tab, 'refresh');
      await beginRefresh(tab, stage);
      await sleep(moment);
      await tab.reload();
      expect(await ask(tab, 'burst', 2)).toEqual([200, 200]);
      expect(stats).toMatchObject({ refreshes: 3, refused: 0, reuse: 0, mostAtOnce: 1 });
    },
  );

  // Chromium ends the requests of a worker with it, `keepalive` or not.
  test.skipIf(name === 'Chromium')(
    'R8: reload while its worker asks: signed in, and no cookie is sent twice',
    async () => {
      await using stage = await startCookieStage(browser());
      const { stats, delays } = stage;
      const tab = await stage.open();
      await ask(tab, 'login');
      await ask(tab, 'startWorker', 'dedicated');
      await askAll(tab, 2, 'ready');
      delays.refresh = 1_000;
      await ask(tab, 'refresh');
      const spent = stage.nextRefresh();
      // The worker hears of it, and asks who is signed in now.
      await ask(tab, 'login');
      await spent;
      await tab.reload();
      expect(await ask(tab, 'burst', 2)).toEqual([200, 200]);
      expect(stats).toMatchObject({ refused: 0, reuse: 0, mostAtOnce: 1 });
    },
  );

  test('R8: the tab is closed: the other one stays signed in, and no cookie is sent twice', async () => {
    await using stage = await startCookieStage(browser());
    const { stats, delays, denyAll } = stage;
    const [first, second] = await openPair(stage);
    delays.refresh = 1_000;
    await ask(first, 'refresh');
    denyAll();
    await beginRefresh(first, stage);
    await first.close();
    expect(await ask(second, 'burst', 2)).toEqual([200, 200]);
    expect(stats).toMatchObject({ refused: 0, reuse: 0, mostAtOnce: 1 });
  });

  test.for([
    { title: 'what comes late is revoked', delay: 500 },
    { title: 'what comes later than a sign-out waits is revoked, too', delay: 7_000 },
  ])(
    'R8, R32: another tab signs out: signed out everywhere, $title, and a reload restores nothing',
    async ({ delay }) => {
      await using stage = await startCookieStage(browser());
      const { stats, delays, countLiving } = stage;
      const [first, second] = await openPair(stage);
      delays.refresh = delay;
      await beginRefresh(second, stage);
      await ask(first, 'signOut');
      await expect.poll(() => askAll(first, 2, 'status')).toEqual(['signed-out', 'signed-out']);
      await expect.poll(countLiving).toBe(0);
      delays.refresh = 0;
      expect((await ask(second, 'told')).at(-1)).toMatchObject({
        event: 'signed-out',
        reason: 'local',
        elsewhere: true,
      });

      await Promise.all([first.reload(), second.reload()]);
      expect((await askAll(first, 2, 'burst', 1)).flat()).toEqual([401, 401]);
      expect(await askAll(first, 2, 'told')).toEqual([[], []]);
      expect(stats).toMatchObject({ reuse: 0, mostAtOnce: 1 });
    },
  );

  test('R8: a login while another tab is being told that nobody is signed in: both are', async () => {
    await using stage = await startCookieStage(browser());
    const { stats, delays, nextRefresh } = stage;
    const [first, second] = await stage.openAll(2);
    delays.refusal = 1_000;
    const asked = nextRefresh();
    const ready = ask(second, 'ready');
    await asked;
    await ask(first, 'login');
    await ready;
    await expect.poll(() => askAll(first, 2, 'status')).toEqual(['signed-in', 'signed-in']);
    expect((await askAll(first, 2, 'burst', 1)).flat()).toEqual([200, 200]);
    expect(stats).toMatchObject({ logins: 1, refreshes: 1, refused: 1, reuse: 0, mostAtOnce: 1 });
  });

  test.for(['dedicated', 'service'] as const)(
    'R8: a page and its %s worker refresh at the same time: one after the other',
    async (kind) => {
      await using stage = await startCookieStage(browser());
      const { stats, delays, denyAll } = stage;
      const page = await stage.open();
      await ask(page, 'login');
      await ask(page, 'startWorker', kind);
      await askAll(page, 2, 'ready');
      delays.refresh = 100;
      const { refreshes } = stats;
      for (let round = 1; round <= 5; round++) {
        denyAll();
        expect(await askAll(page, 2, 'burst', 2)).toEqual([
          [200, 200],
          [200, 200],
        ]);
        expect(stats).toMatchObject({
          refreshes: refreshes + 2 * round,
          refused: 0,
          reuse: 0,
          mostAtOnce: 1,
        });
      }
    },
  );
});
