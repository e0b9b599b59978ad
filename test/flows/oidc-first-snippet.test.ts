/** The first code of docs/oidc.md, run as it stands, in a page whose user does something else than sign in. */
import { readFileSync } from 'node:fs';
import * as evertoken from 'evertoken';
import * as oidc from 'evertoken/oidc';
import ts from 'typescript';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  APP,
  CALLBACK,
  createOidcServer,
  createWebStorage,
  stubAddressBar,
  type Tampering,
} from '../support/oidc-server.ts';

const [, snippet = ''] = /```ts\n([\s\S]*?)```/.exec(readFileSync('docs/oidc.md', 'utf8')) ?? [];
const script = ts.transpile(snippet.replace(/^import .*$/gm, '').replace(/^export /gm, ''), {
  target: ts.ScriptTarget.ESNext,
});
const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...args: unknown[]) => Promise<unknown>;
const run = new AsyncFunction(
  'createTokenManager',
  'webStore',
  'createOidcClient',
  `${script}; return { client, auth };`,
);

interface Button {
  textContent: string;
  onclick: () => Promise<unknown>;
}

/** A browser that loads the app at these URLs, one after the other, with one session storage. */
async function createBrowser(tampering: Tampering = {}) {
  const server = await createOidcServer(tampering);
  vi.stubGlobal('sessionStorage', createWebStorage());
  vi.stubGlobal('fetch', server.fetch);
  return {
    server,
    async load(href: string, store: unknown = evertoken.memoryStore()) {
      const { location } = stubAddressBar(href);
      Object.assign(location, { origin: APP });
      const shown: Button[] = [];
      vi.stubGlobal('document', {
        createElement: () => ({}),
        body: { append: (button: Button) => shown.push(button) },
      });
      const running = run(evertoken.createTokenManager, () => store, oidc.createOidcClient);
      const { auth } = (await running) as { auth: evertoken.TokenManager };
      onTestFinished(() => auth.close());
      return { auth, shown, location, left: location.assign.mock.calls.map(([url]) => `${url}`) };
    },
  };
}

describe('the first snippet of docs/oidc.md', () => {
  test('sends who is not signed in to the login page, and takes them back to where they were', async () => {
    const { server, load } = await createBrowser();
    const { left, shown } = await load(`${APP}/orders?page=2`);
    expect([left.length, shown]).toEqual([1, []]);
    const back = await load(server.login(`${left[0]}`));
    expect(back.auth.tokens?.accessToken).toBe('access-1');
    expect([back.location.href, back.left, back.shown]).toEqual(['/orders?page=2', [], []]);
  });

  test('a login that was cancelled: no white page, no way round and round, a button with the reason', async () => {
    const tampering: Tampering = {};
    const { server, load } = await createBrowser(tampering);
    const { left } = await load(APP);
    tampering.callback = { code: undefined, error: 'access_denied', error_description: 'cancelled' };
    const back = await load(server.login(`${left[0]}`));
    expect([back.location.href, back.left]).toEqual([CALLBACK, []]);
    expect(back.shown[0]?.textContent).toContain('access_denied cancelled');
    await back.shown[0]?.onclick();
    expect(back.location.assign).toHaveBeenCalledOnce();
  });

  test.for([
    ['that was used', false],
    ['of another day or browser', true],
  ] as const)(
    'a bookmarked callback %s: a button, or nothing where a session is running',
    async ([, isOther]) => {
      const { server, load } = await createBrowser();
      const { left } = await load(APP);
      const callback = server.login(`${left[0]}`);
      const store = evertoken.memoryStore();
      await load(callback, store);
      if (isOther) vi.stubGlobal('sessionStorage', createWebStorage());
      const nobody = await load(callback);
      expect([nobody.shown.length, nobody.left, nobody.location.href]).toEqual([1, [], CALLBACK]);
      const somebody = await load(callback, store);
      expect([somebody.shown, somebody.left]).toEqual([[], []]);
      expect(somebody.auth.tokens?.accessToken).toBe('access-1');
      expect(server.to('/token')).toHaveLength(1);
    },
  );

  test('no network: the reason is shown', async () => {
    const { load } = await createBrowser();
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('lost')));
    const { shown } = await load(APP);
    expect(shown[0]?.textContent).toContain('OidcError: unreachable');
  });
});
