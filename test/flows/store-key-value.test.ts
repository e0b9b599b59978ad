/** keyValueStore over a storage that fails, or is not alone. */
import { type KeyValueStorage, keyValueStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { short } from '../support/recorder.ts';
import { createServer, during, openTab, pass, type Server } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Method = keyof KeyValueStorage;

let names = 0;

/** A storage whose next calls can be spoilt, and an app that starts over it. */
function createPhone() {
  const items = new Map<string, string>();
  const spoilt = new Map<Method, ['throws' | 'hangs', number]>();
  const name = `phone ${++names}`;
  const run = async <T>(method: Method, task: () => T): Promise<T> => {
    const [fault, left] = spoilt.get(method) ?? [];
    if (!fault || !left) return task();
    spoilt.set(method, [fault, left - 1]);
    if (fault === 'hangs') return new Promise(() => {});
    throw new Error('disk full');
  };
  const storage: KeyValueStorage = {
    getItem: (key) => run('getItem', () => items.get(key) ?? null),
    setItem: (key, value) => run('setItem', () => void items.set(key, value)),
    removeItem: (key) => run('removeItem', () => void items.delete(key)),
  };
  return {
    ...{ items, name, storage },
    spoil: (method: Method, fault: 'throws' | 'hangs', times = 1 / 0) =>
      void spoilt.set(method, [fault, times]),
    start: (server: Server) => openTab(createCell(), server, { store: keyValueStore(name, storage) }),
  };
}

/** Signed in, and nothing was told yet. */
async function startSignedIn() {
  const phone = createPhone();
  const server = createServer();
  const app = phone.start(server);
  await app.auth.signIn(server.login());
  app.told.length = 0;
  return { ...phone, server, app };
}

describe.each(['throws', 'hangs'] as const)('R53: a write that %s', (fault) => {
  test('R53: once, after a refresh: a restart presents the living refresh token', async () => {
    const { app, server, start, spoil } = await startSignedIn();
    // The lease is written first.
    server.ms = 1_000;
    const refreshed = app.auth.refresh();
    await pass(700);
    spoil('setItem', fault, 1);
    await during(refreshed, 10_000);
    await pass(60_000);
    app.auth.close();
    server.ms = 0;
    server.deny();
    expect([await start(server).send(), server.reused]).toEqual([200, []]);
  });

  test('R51: once, at a sign-out: a restart is signed out', async () => {
    const { app, server, start, spoil, items } = await startSignedIn();
    spoil('setItem', fault, 1);
    await during(app.auth.signOut(), 10_000);
    await pass(60_000);
    app.auth.close();
    const next = start(server);
    await next.auth.ready;
    expect([next.auth.status, next.told]).toEqual(['signed-out', []]);
    expect([...items.values()].join()).not.toMatch(/access-|refresh-/);
  });

  test('R53: for ever: the session lives in memory, and nobody waits for more than 5 s', async () => {
    const phone = createPhone();
    const server = createServer();
    for (const method of ['getItem', 'setItem', 'removeItem'] as const) phone.spoil(method, fault);
    const app = phone.start(server);
    await during(app.auth.signIn(server.login()), 5_000);
    server.deny();
    expect(await during(app.send(), 100)).toBe(200);
    await during(app.auth.signOut(), 100);
    expect(short(app.told).filter((event) => !event.startsWith('store-failed'))).toEqual([
      'signed-in local',
      'token-refreshed rejected',
      'signed-out local',
    ]);
  });
});

test('R32, R53: a write that lands long after the sign-out does not bring the session back', async () => {
  const { app, server, storage, start } = await startSignedIn();
  const write = storage.setItem;
  server.ms = 1_000;
  const refreshed = app.auth.refresh();
  await pass(700);
  vi.spyOn(storage, 'setItem').mockImplementationOnce(async (...args) => {
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    return write(...args);
  });
  await during(refreshed, 6_000);
  await during(app.auth.signOut(), 6_000);
  await pass(120_000);
  app.auth.close();
  const next = start(server);
  await next.auth.ready;
  expect([next.auth.status, short(app.told).filter((event) => event.startsWith('signed'))]).toEqual([
    'signed-out',
    ['signed-out local'],
  ]);
});

test('R50: two names in one storage do not meet', async () => {
  const { storage, items } = createPhone();
  const server = createServer();
  const [a, b] = ['a', 'b'].map((name) =>
    openTab(createCell(), server, { store: keyValueStore(`${name} ${names}`, storage) }),
  );
  await a?.auth.signIn(server.login('ann'));
  await b?.auth.signIn(server.login('bob'));
  await a?.auth.signOut();
  expect([a?.token, b?.token, items.size]).toEqual([undefined, 'access-bob-2', 2]);
});

test('R51: the user clears the storage: the session is over', async () => {
  const { app, server, items } = await startSignedIn();
  items.clear();
  server.deny();
  await app.send();
  await pass();
  expect([app.auth.status, short(app.told), server.presented]).toEqual([
    'signed-out',
    ['signed-out local'],
    [],
  ]);
});

test('R70: what a storage throws is told without a token that it quotes', async () => {
  const { app, storage, server } = await startSignedIn();
  const quoting = vi.spyOn(storage, 'setItem').mockImplementation((_key, value) => {
    throw Object.assign(new Error(`cannot write ${value}`), { name: 'QuotaError', code: 22, value });
  });
  await app.auth.signIn(server.login('bob'));
  expect(quoting).toHaveBeenCalled();
  const [, { error }] = app.told.find(([event]) => event === 'store-failed') as never as [
    string,
    { error: Error },
  ];
  expect(JSON.stringify([error, error.message, error.stack])).not.toMatch(/access-|refresh-/);
  expect(error).toMatchObject({ name: 'QuotaError', code: 22 });
  expect(error).not.toHaveProperty('value');
});

test('R50: a store has a name, and a storage its three methods', () => {
  const { storage } = createPhone();
  expect(() => keyValueStore('', storage)).toThrow(/name/);
  expect(() => keyValueStore('shop', { ...storage, setItem: undefined as never })).toThrow(/setItem/);
});
