/** Two clients, of two servers perhaps, on one redirect URI (RFC 9700 §4.4). */
import { describe, expect, test, vi } from 'vitest';
import {
  CALLBACK,
  createApp,
  createOidcServer,
  createWebStorage,
  failureOf,
  stubAddressBar,
} from '../support/oidc-server.ts';

const OTHER = 'https://other.example.com';

/** Both of one page, with one storage. */
async function createPage(storage = [createWebStorage(), createWebStorage()]) {
  const [one, two] = [await createOidcServer(), await createOidcServer({}, OTHER)];
  const mine = createApp(one, { storage: storage[0] });
  const other = createApp(two, { issuer: OTHER, storage: storage[1] });
  return { one, two, mine, other };
}

describe('RFC 9700 §4.4: two clients on one redirect URI', () => {
  test.for([
    ['one storage', 1],
    ['a storage each', 2],
  ] as const)('with %s: each takes its own callback and leaves the other’s alone', async ([, storages]) => {
    const storage = [createWebStorage(), createWebStorage()].slice(0, storages);
    const { one, two, mine, other } = await createPage([storage[0], storage[1] ?? storage[0]] as never);
    await mine.client.signInRedirect({ returnTo: '/mine' });
    await other.client.signInRedirect({ returnTo: '/other' });
    const callback = two.login(`${other.left[0]}`);
    const { location } = stubAddressBar(callback);
    expect(await mine.client.handleRedirect()).toBeUndefined();
    expect(location.href, 'the address bar is still as it was').toBe(callback);
    expect(await other.client.handleRedirect()).toMatchObject({ returnTo: '/other' });
    expect(location.href).toBe(CALLBACK);
    expect([one.to('/token').length, two.to('/token').length]).toEqual([0, 1]);
    expect(await mine.client.handleRedirect(one.login(`${mine.left[0]}`))).toMatchObject({
      returnTo: '/mine',
    });
  });

  test('two clients of one server, too', async () => {
    const server = await createOidcServer();
    const storage = createWebStorage();
    const spa = createApp(server, { storage });
    const admin = createApp(server, { storage, clientId: 'admin' });
    await spa.client.signInRedirect();
    const callback = server.login(`${spa.left[0]}`);
    expect(await admin.client.handleRedirect(callback)).toBeUndefined();
    expect(await spa.client.handleRedirect(callback)).toBeDefined();
  });

  test('a callback that was used stays its owner’s', async () => {
    const { one, mine, other } = await createPage();
    await mine.client.signInRedirect();
    const callback = one.login(`${mine.left[0]}`);
    await mine.client.handleRedirect(callback);
    expect(await other.client.handleRedirect(callback)).toBeUndefined();
    expect(await failureOf(mine.client.handleRedirect(callback))).toMatchObject({ code: 'callback-used' });
  });

  test('what one has stored is nothing to the other, also when a state is made to look like its own', async () => {
    const { one, two, mine, other } = await createPage();
    await mine.client.signInRedirect();
    await other.client.signInRedirect();
    const tag = /~.*~/.exec(`${other.asked()['state']}`)?.[0] ?? '';
    const forged = new URL(one.login(`${mine.left[0]}`));
    forged.searchParams.set('state', `${mine.asked()['state']}`.replace(/~.*~/, tag));
    expect(await failureOf(other.client.handleRedirect(forged))).toMatchObject({ code: 'unknown-state' });
    expect([one.to('/token'), two.to('/token')]).toEqual([[], []]);
  });

  test('R50: `refresh.id` says issuer and client, so that no stored session is refreshed at another server', async () => {
    const { mine, other } = await createPage();
    expect([mine.client.refresh.id, other.client.refresh.id]).toEqual([
      'https://as.example.com spa',
      'https://other.example.com spa',
    ]);
  });
});

describe('one callback in two tabs', () => {
  test.for([
    ['with a storage that answers at once', false],
    ['with one that takes its time', true],
  ] as const)('is exchanged once, %s', async ([, isSlow]) => {
    const server = await createOidcServer();
    const items = createWebStorage();
    const slow = {
      getItem: async (key: string) => items.getItem(key),
      setItem: async (key: string, value: string) => items.setItem(key, value),
      removeItem: async (key: string) => items.removeItem(key),
    };
    const storage = isSlow ? slow : items;
    const tabs = [1, 2, 3].map(() => createApp(server, { storage }));
    await tabs[0]?.client.signInRedirect();
    const callback = server.login(`${tabs[0]?.left[0]}`);
    const outcomes = await Promise.all(
      tabs.map(({ client }) =>
        client.handleRedirect(callback).then(
          () => 'signed in',
          ({ code }) => code,
        ),
      ),
    );
    expect(outcomes.sort()).toEqual(['callback-used', 'callback-used', 'signed in']);
    expect(server.to('/token')).toHaveLength(1);
  });

  test('that have each a copy of the storage (a duplicated tab), too', async () => {
    const server = await createOidcServer();
    const first = createWebStorage();
    const app = createApp(server, { storage: first });
    await app.client.signInRedirect();
    const second = createApp(server, { storage: Object.assign(createWebStorage(), first) });
    const callback = server.login(`${app.left[0]}`);
    const work = app.client.handleRedirect(callback);
    expect(await failureOf(second.client.handleRedirect(callback))).toMatchObject({ code: 'callback-used' });
    expect(await work).toBeDefined();
    expect(server.to('/token')).toHaveLength(1);
  });
});

describe('a state that somebody made up', () => {
  const forged = (state: string) => `${CALLBACK}?code=stolen&state=${encodeURIComponent(state)}`;

  test.for(['x.popup', 'app-news.popup', `${'x'.repeat(43)}.${Date.now()}.popup`, '.popup'])(
    'and that ends in `.popup` is refused: no channel is written to, no window closed: %s',
    async (state) => {
      const messages = vi.spyOn(BroadcastChannel.prototype, 'postMessage');
      const close = vi.fn();
      vi.stubGlobal('close', close);
      const { client } = createApp(await createOidcServer());
      const { location } = stubAddressBar(forged(state));
      expect(await failureOf(client.handleRedirect())).toMatchObject({ code: 'unknown-state' });
      expect(location.href).toBe(CALLBACK);
      expect([messages.mock.calls, close.mock.calls]).toEqual([[], []]);
    },
  );

  test('from the state of an own sign-in by redirect is refused, too', async () => {
    const server = await createOidcServer();
    const messages = vi.spyOn(BroadcastChannel.prototype, 'postMessage');
    const { client, asked } = createApp(server);
    await client.signInRedirect();
    const failure = await failureOf(client.handleRedirect(forged(`${asked()['state']}.popup`)));
    expect([failure.code, messages.mock.calls, server.to('/token')]).toEqual(['unknown-state', [], []]);
  });
});
