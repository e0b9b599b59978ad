/** Three origins and the tabs of one browser: the site, the authorization server, the API. */
import type { TokenResponse } from 'evertoken';
import { expect, vi } from 'vitest';
import { signIn } from '../../../examples/demo/sign-in.ts';
import { startLoopback } from '../../support/loopback.ts';
import type { Setup } from '../page/setup.ts';
import { ask } from './ask.ts';
import type { Browser, Tab } from './browser.ts';
import { createGate } from './gate.ts';
import { startSite } from './site.ts';

export type Servers = Pick<Setup, 'api' | 'tokenEndpoint' | 'clientId'>;

/** The site and its tabs; to be held with `await using`. An origin of its own, so nothing is stored there yet. */
export async function startTabs(browser: Browser, servers: Servers) {
  const site = await startSite();
  const all: Tab[] = [];
  async function visit(url: string): Promise<Tab> {
    const tab = await browser.open(url);
    all.push(tab);
    return tab;
  }
  const open = (setup?: Partial<Setup>) => visit(site.page({ ...servers, ...setup }));
  return {
    elsewhere: site.elsewhere,
    open,
    /** In a sandboxed frame, where nothing can be stored. */
    openFramed: (setup?: Partial<Setup>) => visit(site.framed({ ...servers, isAlone: true, ...setup })),
    /** Opens a tab like this one, with a copy of its `sessionStorage`. */
    async duplicate(tab: Tab, setup?: Partial<Setup>): Promise<void> {
      if (await ask(tab, 'duplicate')) return;
      // A driven WebKitGTK opens no windows for its pages.
      await open({ ...setup, copied: await ask(tab, 'sessionItems') });
    },
    /** Two tabs or more that share a session: all are open, then the first signs in. */
    async openSignedIn(
      count: number,
      login: () => TokenResponse | Promise<TokenResponse>,
      setup?: Partial<Setup>,
    ): Promise<[Tab, Tab, ...Tab[]]> {
      const tabs = await Promise.all(Array.from({ length: count }, () => open(setup)));
      const [first] = tabs as [Tab, Tab, ...Tab[]];
      await ask(first, 'signIn', await login());
      const token = await ask(first, 'token');
      // Nobody tells the others.
      if (setup?.without?.includes('channel')) await Promise.all(tabs.slice(1).map((tab) => tab.reload()));
      await vi.waitFor(async () => {
        const held = await Promise.all(tabs.map((tab) => ask(tab, 'token')));
        expect(held).toEqual(Array(count).fill(token));
      }, 20_000);
      return tabs as [Tab, Tab, ...Tab[]];
    },
    async [Symbol.asyncDispose]() {
      // Some are closed or crashed already.
      await Promise.allSettled(all.map((tab) => tab.close()));
      await site.close();
    },
  };
}

/**
 * The real servers around the tabs; to be held with `await using`. Access tokens outlive the test unless it says
 * otherwise: on a busy machine a short one might be refreshed for its age where nobody expects it.
 *
 * @param accessTokenLifetime - Seconds.
 */
export async function startWorld(browser: Browser, accessTokenLifetime = 120) {
  const gate = createGate();
  const loopback = await startLoopback({ accessTokenLifetime, onTokenRequest: gate.enter });
  const { server, api, seen } = loopback;
  const tabs = await startTabs(browser, { ...server, api: api.url });
  return {
    ...tabs,
    server,
    api,
    /** Requests that the API has judged, in order. */
    seen,
    /** Before the token endpoint. */
    gate,
    /** The authorization server's answer to a user who has just logged in. */
    login: (user?: string): Promise<TokenResponse> => signIn(server, user),
    /** The API refuses from now on what this tab holds. */
    async deny(tab: Tab): Promise<void> {
      api.deny(`${await ask(tab, 'token')}`);
    },
    async [Symbol.asyncDispose]() {
      await tabs[Symbol.asyncDispose]();
      await loopback[Symbol.asyncDispose]();
    },
  };
}

export type World = Awaited<ReturnType<typeof startWorld>>;
