/** R56: which managers are joined, and what those that are hear of each other. */
import {
  createTokenManager,
  memoryStorage,
  TokenError,
  type TokenManagerOptions,
  type TokenStorage,
} from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createPage } from '../support/page.ts';
import { record, short } from '../support/recorder.ts';
import { login, settle } from '../support/refresh.ts';
import { API } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const create = (options: Partial<TokenManagerOptions>) =>
  createTokenManager({ allow: API, refresh: async () => login({ access_token: 'access-1' }), ...options });

describe('R56: contexts', () => {
  const cookie = () => Object.assign(async () => login(), { withoutRefreshToken: true });
  const items = (): TokenStorage => ({ ...memoryStorage() });

  /** What a manager that signs in and refreshes uses of what it could share with others. */
  async function joinedBy(isPage: boolean, options: Partial<TokenManagerOptions>) {
    if (isPage) createPage();
    const used = new Set<string>();
    const request = (name: string, _options: object, task: () => unknown) => {
      used.add(`lock ${name}`);
      return task();
    };
    class Channel extends EventTarget {
      constructor(name: string) {
        super();
        used.add(`channel ${name}`);
      }
      postMessage() {}
      close() {}
    }
    const open = () => {
      used.add('ledger');
      throw new Error('blocked');
    };
    vi.stubGlobal('navigator', { locks: { request } });
    vi.stubGlobal('BroadcastChannel', Channel);
    vi.stubGlobal('indexedDB', { open });
    const auth = create(options);
    await auth.signIn(login());
    await auth.refresh();
    auth.close();
    return [...used].sort();
  }

  test.each<[string, boolean, () => Partial<TokenManagerOptions>]>([
    ['memory in a page', true, () => ({ name: 'shop' })],
    ['a memoryStorage in a page', true, () => ({ name: 'shop', storage: memoryStorage() })],
    ['a storage without a name outside a page', false, () => ({ storage: items() })],
    ['a cookie outside a page', false, () => ({ name: 'shop', refresh: cookie() })],
  ])('are not joined by %s', async (_what, isPage, options) => {
    expect(await joinedBy(isPage, options())).toEqual([]);
  });

  test.each<[string, boolean, () => Partial<TokenManagerOptions>, string[]]>([
    [
      'a storage in a page',
      true,
      () => ({ storage: items() }),
      ['channel evertoken', 'ledger', 'lock evertoken'],
    ],
    [
      'a storage and a name',
      false,
      () => ({ storage: items(), name: 'shop' }),
      ['channel shop', 'ledger', 'lock shop'],
    ],
    ['a cookie in a page', true, () => ({ name: 'shop', refresh: cookie() }), ['channel shop', 'lock shop']],
  ])('are joined by %s', async (_what, isPage, options, used) => {
    expect(await joinedBy(isPage, options())).toEqual(used);
  });

  test('that the user gives a lock are kept out by it', async () => {
    const names: string[] = [];
    const lock: TokenManagerOptions['lock'] = (name, task) => {
      names.push(name);
      return task();
    };
    expect(await joinedBy(false, { lock, name: 'cli' })).toEqual([]);
    expect(names).toEqual(['cli']);
  });

  /** Two managers of a page, whose messages arrive when the test wants them to. */
  function openTabs(options: Partial<TokenManagerOptions>) {
    createPage();
    const open = new Set<Channel>();
    const messages: [from: Channel, data: number][] = [];
    class Channel {
      onmessage?: (event: { data: number }) => void;
      constructor() {
        open.add(this);
      }
      postMessage(data: number) {
        messages.push([this, data]);
      }
      close() {
        open.delete(this);
      }
    }
    vi.stubGlobal('BroadcastChannel', Channel);
    const request = (_name: string, _options: object, task: () => unknown) => task();
    vi.stubGlobal('navigator', { locks: { request } });
    const deliver = async () => {
      for (const [from, data] of messages.splice(0)) {
        for (const channel of open) if (channel !== from) channel.onmessage?.({ data });
      }
      await settle();
    };
    const tabs = [create(options), create(options)] as const;
    return { tabs, told: tabs.map(record), deliver };
  }

  test('R50: hear of each other, and read the record for news only, once each', async () => {
    const storage = items();
    const getItem = vi.spyOn(storage, 'getItem');
    const { tabs, told, deliver } = openTabs({ storage });
    await settle();
    await tabs[0].signIn(login());
    const before = getItem.mock.calls.length;
    await deliver();
    expect([tabs[1].tokens?.accessToken, getItem.mock.calls.length - before]).toEqual(['access-0', 1]);
    expect(told.map(short)).toEqual([['signed-in local'], ['signed-in other-context']]);
    await tabs[1].refresh();
    await tabs[0].ready;
    await tabs[0].getAccessToken();
    await deliver();
    await tabs[0].signOut();
    await deliver();
    expect(told.map((one) => short(one).slice(1))).toEqual([
      ['token-refreshed other-context', 'signed-out local'],
      ['token-refreshed manual', 'signed-out other-context'],
    ]);
  });

  test('R8: that share a cookie drop their tokens when another signs in or out, and ask again', async () => {
    let user = 'ann';
    const refresh = Object.assign(
      async () => {
        if (!user) throw new TokenError('session-ended');
        return { access_token: user, expires_in: 3600 };
      },
      { withoutRefreshToken: true },
    );
    const { tabs, told, deliver } = openTabs({ refresh });
    expect(await Promise.all(tabs.map((tab) => tab.getAccessToken()))).toEqual(['ann', 'ann']);
    user = 'bob';
    await tabs[0].signIn({ access_token: user, expires_in: 3600 });
    await deliver();
    expect(tabs[1].tokens?.accessToken).toBe('bob');
    user = '';
    await tabs[0].signOut();
    await deliver();
    expect(await tabs[1].getAccessToken()).toBeUndefined();
    expect(short(told[1] ?? [])).toEqual([
      'signed-in restored',
      ...['signed-out other-context', 'signed-in restored', 'signed-out other-context'],
    ]);
  });
});
