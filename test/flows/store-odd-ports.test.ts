/** Ports as people write them: classes, undos that throw, locks that hang, entries of somebody with other means. */
import {
  createTokenManager,
  type Refresh,
  type StoreEntry,
  type StorePort,
  type TokenManager,
  tokenStore,
} from 'evertoken';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCell } from '../support/ports.ts';
import { record, short } from '../support/recorder.ts';
import { API, createServer, during, openTab, openTabs, outcomeOf, pass, refresh } from '../support/tabs.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<never>(() => {});

test('R53: an entry whose token_type this manager cannot serve is reported once and left alone', async () => {
  const cell = createCell();
  const server = createServer();
  const attach = { tokenTypes: ['dpop'], headers: () => ({}) };
  const first = openTab(cell, server, { attach });
  await during(first.auth.signIn({ ...server.login(), token_type: 'DPoP' }), 0);
  first.auth.close();
  const { entry } = cell;

  const other = openTab(cell, server);
  await during(other.auth.ready, 60_000);
  await during(other.send(), 60_000);
  expect(short(other.told)).toEqual(['store-failed read']);
  expect(cell.entry).toBe(entry);

  const restarted = openTab(cell, server, { attach });
  await during(restarted.auth.ready, 0);
  expect([restarted.auth.status, restarted.auth.tokens?.tokenType]).toEqual(['signed-in', 'DPoP']);
});

/** As a driver of a database is: everything hangs on `this`. */
class Port implements StorePort {
  readonly #port: StorePort;
  locked = 0;
  constructor(port: StorePort) {
    this.#port = port;
  }
  read() {
    return this.#port.read();
  }
  replace(...args: Parameters<StorePort['replace']>) {
    return this.#port.replace(...args);
  }
  lock<T>(task: () => Promise<T>, how: { signal: AbortSignal }): Promise<T> {
    this.locked++;
    return (this.#port.lock as NonNullable<StorePort['lock']>)(task, how);
  }
}

test('R54: a port that is a class keeps its lock: a dead holder’s successor goes on at once', async () => {
  const cell = createCell();
  const server = createServer();
  const open = (refresh: Refresh) => {
    const view = cell.open();
    const port = new Port(view.port);
    return { ...openTab(cell, server, { refresh, store: tokenStore(port) }), port, die: () => view.die() };
  };
  const holder = open(never);
  await during(holder.auth.signIn(server.login()), 0);
  void holder.auth.refresh().catch(() => {});
  await pass(100);
  expect([holder.port.locked, cell.value?.['lease']]).toEqual([
    1,
    expect.objectContaining({ isLocked: true }),
  ]);
  holder.die();

  const successor = open(refresh);
  expect(await during(outcomeOf(successor.auth.refresh()), 100)).toMatchObject({
    accessToken: 'access-ann-2',
  });
  expect(successor.port.locked).toBe(1);
});

test.each([[Number.NaN], ['text'], [{}]])(
  'R54: a port that works out no age (%s): the lease of another context holds',
  async (age) => {
    const cell = createCell({ hasLock: false });
    const server = createServer({ ms: 1_000 });
    const open = () => {
      const { port } = cell.open();
      const read = async () => ({ ...((await port.read()) as StoreEntry), age: age as number });
      return openTab(cell, server, { store: tokenStore({ ...port, read }) }).auth;
    };
    const first = open();
    await during(first.signIn(server.login()), 0);
    const second = open();
    await during(second.ready, 0);
    const both = [first.refresh(), pass(100).then(() => second.refresh())];
    await during(Promise.all(both), 5_000);
    expect(server.reused).toEqual([]);
  },
);

describe('R61: a port whose undo throws', () => {
  test('close() ends everything all the same', async () => {
    const cell = createCell();
    const server = createServer({ ms: 1_000 });
    const view = cell.open();
    const { watch } = view.port;
    view.port.watch = (listener) => {
      watch?.(listener);
      return () => {
        throw new Error('the undo is broken');
      };
    };
    const { auth } = openTab(cell, server, { store: tokenStore(view.port), keepFresh: true });
    await during(auth.signIn(server.login()), 0);
    const waiting = outcomeOf(auth.refresh());
    await pass(100);

    expect(() => auth.close()).not.toThrow();
    expect(await waiting).toBe('closed');
    const calls = [auth.getAccessToken(), auth.refresh(), auth.fetch(API), auth.signOut()];
    expect(await Promise.all(calls.map(outcomeOf))).toEqual(Array(4).fill('closed'));
    // What was on the wire is stored; then it is over.
    await pass(60_000);
    expect(cell.value).toMatchObject({ state: { held: { tokens: { accessToken: 'access-ann-2' } } } });
    view.calls.length = 0;
    cell.put(cell.entry, true);
    await pass(60_000);
    expect([view.calls, vi.getTimerCount()]).toEqual([[], 0]);
  });
});

describe('R34: a lock that ignores its signal', () => {
  const refreshTimeout = 1_000;
  const longest = refreshTimeout * 2 + 5_000;

  /** Signed in over a port with this lock. */
  async function withLock(lock: NonNullable<StorePort['lock']>) {
    const server = createServer();
    const cell = createCell();
    const store = tokenStore({ ...cell.open().port, lock });
    const auth: TokenManager = createTokenManager({
      ...{ allow: API, refresh, fetch: server.fetch, store, refreshTimeout },
    });
    onTestFinished(() => auth.close());
    await during(auth.signIn(server.login()), 0);
    return { server, auth, told: record(auth) };
  }

  test('and never grants holds nobody up for longer than twice `refreshTimeout` plus 5 s', async () => {
    const { server, auth } = await withLock(never);
    // Its caller gives up before that.
    expect(await during(outcomeOf(auth.refresh()), refreshTimeout)).toBe('refresh-failed');
    await pass(longest - refreshTimeout);
    expect([server.presented, auth.tokens?.accessToken]).toEqual([['refresh-ann-1'], 'access-ann-2']);
    // The next one finds nothing in its way but the lock.
    void auth.refresh().catch(() => {});
    await pass(longest);
    expect([server.presented.length, server.reused, auth.tokens?.accessToken]).toEqual([
      2,
      [],
      'access-ann-3',
    ]);
  });

  test('and grants too late does nothing a second time', async () => {
    let grant = () => {};
    const { server, auth, told } = await withLock(
      (task) =>
        new Promise((resolve, reject) => {
          grant = () => void task().then(resolve, reject);
        }),
    );
    void auth.refresh().catch(() => {});
    await pass(longest);
    expect(auth.tokens?.accessToken).toBe('access-ann-2');
    grant();
    await pass(longest);
    expect([server.presented, server.reused]).toEqual([['refresh-ann-1'], []]);
    expect(short(told)).toEqual(['refresh-failed', 'token-refreshed manual']);
  });
});

test('R54: a stored lease of 1e9 ms counts as five minutes at most', async () => {
  const { cell, server, tabs } = await openTabs(1);
  const { auth } = tabs[0];
  cell.edit({ lease: { id: 'one', by: 'another', isLocked: false, ms: 1e9 } });
  expect(await during(outcomeOf(auth.refresh()), 40_000)).toBe('refresh-failed');
  await pass(200_000);
  expect(await during(outcomeOf(auth.refresh()), 40_000)).toBe('refresh-failed');
  expect(server.presented).toEqual([]);
  // 301 s after it was seen.
  await pass(21_000);
  expect(await during(outcomeOf(auth.refresh()), 0)).toMatchObject({ accessToken: 'access-ann-2' });
});

describe('R53: a port that throws what is no error', () => {
  const unreadable = {
    get name(): string {
      throw new Error('no name');
    },
  };

  test.each([
    ['null', null],
    ['undefined', undefined],
    ['a text', 'down'],
    ['an object whose members throw', unreadable],
  ])('%s: told as store-failed, and the session goes on in memory', async (_what, thrown) => {
    const server = createServer();
    const port: StorePort = { read: () => Promise.reject(thrown), replace: () => Promise.reject(thrown) };
    const tab = openTab(createCell(), server, { store: tokenStore(port) });
    await during(tab.auth.signIn(server.login()), 10_000);
    await during(tab.auth.refresh(), 10_000);
    expect(tab.auth.status).toBe('signed-in');
    const failed = tab.told.flatMap(([event, payload]) =>
      event === 'store-failed' && 'error' in payload ? [payload.error] : [],
    );
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.every((error) => error instanceof Error)).toBe(true);
    tab.auth.close();
  });
});
