/** Tabs whose tokens are bound to one key, at servers that demand nonces. */
import { expect, test } from 'vitest';
import { signIn } from '../../examples/demo/sign-in.ts';
import { startDpopWorld } from '../support/dpop-world.ts';
import { ask, askAll } from './support/ask.ts';
import type { Browser, Tab } from './support/browser.ts';
import { inEveryEngine } from './support/engines.ts';
import { startTabs } from './support/world.ts';

const TABS = 3;

async function startWorld(browser: Browser, exposed?: string) {
  const servers = await startDpopWorld(120, { nonceLifetime: 5_000, ...(exposed && { exposed }) });
  const { server, api } = servers;
  const tabs = await startTabs(browser, { ...server, api: api.url });
  return {
    server,
    api,
    open: () => tabs.open({ dpop: true }),
    /** The user logs in, and the page exchanges the code. */
    async signIn(tab: Tab): Promise<void> {
      const tokens = await signIn(server, 'alice', async (_url, init) =>
        Response.json(await ask(tab, 'exchange', `${init?.body}`)),
      );
      await ask(tab, 'signIn', tokens);
    },
    async [Symbol.asyncDispose]() {
      await tabs[Symbol.asyncDispose]();
      await servers[Symbol.asyncDispose]();
    },
  };
}

inEveryEngine('tokens bound to a key', (browser) => {
  test('R27, R52: tabs share one key, which survives a reload, cannot be exported, and goes when one signs out', async () => {
    await using world = await startWorld(browser());
    const { server, api } = world;
    const [first, second, third] = (await Promise.all([world.open(), world.open(), world.open()])) as [
      Tab,
      Tab,
      Tab,
    ];
    await world.signIn(first);
    const token = await ask(first, 'token');
    await expect.poll(() => askAll(first, TABS, 'token')).toEqual(Array(TABS).fill(token));
    expect((await askAll(first, TABS, 'burst', 5)).flat()).toEqual(Array(TABS * 5).fill(200));

    api.deny(`${token}`);
    expect((await askAll(first, TABS, 'burst', 5)).flat()).toEqual(Array(TABS * 5).fill(200));
    expect(server.stats).toMatchObject({ refreshes: 1, reuse: 0 });
    const all = await askAll(first, TABS, 'keys');
    expect(all[0]).toEqual([
      { isExtractable: false, exported: expect.stringMatching(/^InvalidAccess/), x: expect.any(String) },
    ]);
    expect(all).toEqual(Array(TABS).fill(all[0]));

    await second.reload();
    expect(await ask(second, 'burst', 5)).toEqual(Array(5).fill(200));
    await ask(second, 'refresh');
    expect(await ask(second, 'keys')).toEqual(all[0]);
    expect(await ask(first, 'burst', 5)).toEqual(Array(5).fill(200));

    await ask(third, 'signOut');
    await expect.poll(() => askAll(first, TABS, 'token')).toEqual(Array(TABS).fill(null));
    await expect.poll(() => askAll(first, TABS, 'keys')).toEqual(Array(TABS).fill([]));
    expect(server.stats.reuse).toBe(0);
  });

  test.for([
    { exposed: 'DPoP-Nonce', answer: 200 },
    { exposed: 'WWW-Authenticate, DPoP-Nonce', answer: 200 },
    { exposed: 'WWW-Authenticate', answer: 401 },
  ])(
    'R27: of an API that lets pages read $exposed, $answer, and no refresh for the sake of a nonce',
    async (told) => {
      await using world = await startWorld(browser(), told.exposed);
      const tab = await world.open();
      await world.signIn(tab);
      expect(await ask(tab, 'burst', 5)).toEqual(Array(5).fill(told.answer));
      expect(await ask(tab, 'token')).toEqual(expect.any(String));
      expect(world.server.stats.refreshes).toBe(0);
    },
  );
});
