/** R50, R53: ports that users bring, with habits of their own. */
import { createTokenManager, type StorePort, tokenStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { record, short } from '../support/recorder.ts';
import { API, createServer, during, ME, outcomeOf, pass, refresh, type Server } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open(server: Server, port: StorePort) {
  const store = tokenStore(port);
  const auth = createTokenManager({ allow: API, refresh, fetch: server.fetch, store });
  onTestFinished(() => auth.close());
  return {
    auth,
    told: record(auth),
    store,
    send: () => outcomeOf(auth.fetch(ME).then(({ status }) => status)),
  };
}

/** What an app does with a session. */
async function live({ auth, send }: ReturnType<typeof open>, server: Server) {
  await during(auth.signIn(server.login()), 6_000);
  expect(await send()).toBe(200);
  server.deny();
  expect(await during(send(), 15_000)).toBe(200);
  await during(auth.signOut(), 6_000);
  expect(server.reused).toEqual([]);
}

const refuse = () => {
  throw new Error('not here');
};

describe('R53: a port', () => {
  test.each<[string, Partial<StorePort>]>([
    ['whose `watch` throws', { watch: refuse }],
    ['whose `lock` throws', { lock: refuse }],
    ['whose `lock` rejects', { lock: async () => refuse() }],
  ])('R53: %s leaves a working session', async (_how, broken) => {
    const server = createServer();
    await live(open(server, { ...createCell().open().port, ...broken }), server);
  });

  test('R53: that throws at once, and not in a promise, leaves a working session in memory', async () => {
    const server = createServer();
    await live(open(server, { read: refuse, replace: refuse }), server);
  });

  test('R53: that says `false` for ever is given up after 5 s, and is not hammered', async () => {
    const server = createServer();
    const replace = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return false;
    });
    await live(open(server, { read: async () => undefined, replace }), server);
    expect(replace.mock.calls.length).toBeLessThan(1_000);
  });

  test('R51: that answers null for no entry, and 1 for yes, as databases do, is a store', async () => {
    const server = createServer();
    const { port } = createCell().open();
    const sql = {
      read: async () => (await port.read()) ?? null,
      replace: async (...args: Parameters<StorePort['replace']>) => Number(await port.replace(...args)),
    };
    const one = open(server, sql as never as StorePort);
    await one.auth.signIn(server.login());
    const two = open(server, sql as never as StorePort);
    expect([await two.send(), short(two.told)]).toEqual([200, ['signed-in restored']]);
    await live(two, server);
  });

  test('R53: whose methods need their object is called on it', async () => {
    class Row {
      #cell = createCell().open().port;
      read() {
        return this.#cell.read();
      }
      replace(...args: Parameters<StorePort['replace']>) {
        return this.#cell.replace(...args);
      }
      watch(listener: () => void) {
        return this.#cell.watch?.(listener) ?? (() => {});
      }
    }
    const server = createServer();
    const tab = open(server, new Row());
    await live(tab, server);
    expect(short(tab.told)).toEqual(['signed-in local', 'token-refreshed rejected', 'signed-out local']);
  });
});

describe('R50: two managers of one store', () => {
  test.each([true, false])(
    'R50: are one session, also where the port tells other contexts alone (lock: %s)',
    async (hasLock) => {
      const server = createServer();
      const a = open(server, createCell({ hasLock }).open().port);
      const auth = createTokenManager({ allow: API, refresh, fetch: server.fetch, store: a.store });
      onTestFinished(() => auth.close());
      await pass();
      await a.auth.signIn(server.login());
      await pass();
      expect(auth.sessionId).toBe(a.auth.sessionId);
      server.deny();
      expect(await Promise.all([a.send(), outcomeOf(auth.fetch(ME).then(({ status }) => status))])).toEqual([
        200, 200,
      ]);
      await auth.signOut();
      await pass();
      expect([a.auth.status, server.presented.length, server.reused]).toEqual(['signed-out', 1, []]);
    },
  );
});

test('R14: nothing of one request is kept for the next: a manager works on when its first caller has gone', async () => {
  const server = createServer();
  const tab = open(server, createCell().open().port);
  const controller = new AbortController();
  const gone = outcomeOf(tab.auth.getAccessToken({ signal: controller.signal }));
  controller.abort();
  expect(await gone).toBe('AbortError');
  await live(tab, server);
});
