/** R14, R38: where a request takes its timers and promises with it when it ends (Cloudflare's workers). */
import { memoryStore, type Refresh, type TokenStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { follow } from '../support/recorder.ts';
import { signedIn } from '../support/refresh.ts';
import { createServer, during, ME, openTab, outcomeOf, pass } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A request that dies: no timer that is set in it ever fires. */
async function dying(task: () => unknown): Promise<void> {
  const { setTimeout } = globalThis;
  vi.stubGlobal('setTimeout', () => 0);
  task();
  for (let turn = 0; turn < 200; turn++) await Promise.resolve();
  vi.stubGlobal('setTimeout', setTimeout);
}

/** The first one dies with its request; the next ones are answered. */
function createRefresh(): { refresh: Refresh; count(): number } {
  let count = 0;
  const refresh: Refresh = () =>
    ++count === 1
      ? new Promise(() => {})
      : Promise.resolve({ access_token: `access-${count}`, refresh_token: `r-${count}`, expires_in: 300 });
  return { refresh, count: () => count };
}

const stores: [what: string, create: () => TokenStore | undefined][] = [
  ['no store', () => undefined],
  ['memoryStore', () => memoryStore()],
  ['tokenStore', () => createCell({ hasLock: false }).open().store],
];

describe.each(stores)('R14: after a refresh that died with its request (%s)', (_what, createStore) => {
  async function afterDeath(begin: 'fetch' | 'refresh') {
    const { refresh, count } = createRefresh();
    const { auth } = await signedIn({ refresh, store: createStore(), tokens: { expires_in: 100 } });
    await pass(95_000);
    await dying(() => (begin === 'fetch' ? auth.fetch(ME) : auth.refresh()).catch(() => {}));
    expect(count()).toBe(1);
    // The token has expired.
    await pass(6_000);
    return { auth, count, request: () => outcomeOf(auth.fetch(ME).then(({ status }) => status)) };
  }

  test.each(['fetch', 'refresh'] as const)('R38: later requests settle in time (%s)', async (begin) => {
    const { auth, request } = await afterDeath(begin);
    const told = vi.fn();
    void request().then(told);
    void outcomeOf(auth.getAccessToken()).then(told);
    void outcomeOf(auth.refresh()).then(told);
    await pass(15_000);
    expect(told.mock.calls).toEqual(Array(3).fill(['refresh-failed']));
  });

  test.each(['fetch', 'refresh'] as const)('and in a minute or so a new one is tried (%s)', async (begin) => {
    const { auth, count, request } = await afterDeath(begin);
    await during(request(), 15_000);
    await pass(60_000);
    expect([await during(request(), 1_000), count()]).toEqual([200, 2]);
    expect(auth.tokens?.accessToken).toBe('access-2');
    // From then on everything is as before.
    expect(await during(auth.refresh(), 1_000)).toMatchObject({ accessToken: 'access-3' });
  });
});

test.each(['read', 'replace'] as const)(
  'R14, R53: a store whose %s hung while the request died is asked again later',
  async (operation) => {
    const server = createServer();
    const cell = createCell({ hasLock: false, isWatched: false });
    const tab = openTab(cell, server);
    await during(tab.auth.signIn(server.login()), 0);
    tab.view.fail(operation, 'hangs');
    await dying(() => tab.auth.refresh().catch(() => {}));
    tab.view.heal();

    // Each call settles in time, and in a few minutes one of them finds the store.
    let outcome: unknown = 'refresh-failed';
    for (let tries = 0; tries < 10 && outcome === 'refresh-failed'; tries++) {
      const refreshed = follow(outcomeOf(tab.auth.refresh()));
      const sent = follow(tab.send());
      await pass(20_000);
      expect([refreshed.state, sent.value]).toEqual(['resolved', 200]);
      outcome = refreshed.value;
    }
    expect(outcome).toMatchObject({ accessToken: 'access-ann-2' });
    await pass(60_000);
    expect(cell.value).toMatchObject({ state: { held: { tokens: { accessToken: 'access-ann-2' } } } });
    expect([server.presented, server.reused]).toEqual([['refresh-ann-1'], []]);
  },
);
