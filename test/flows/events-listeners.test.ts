import { memoryStore, type TokenManager } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { record, short } from '../support/recorder.ts';
import { API, createManager, createWorld } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const uncaught = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  uncaught.mockClear();
  process.on('unhandledRejection', uncaught);
  process.on('uncaughtException', uncaught);
});

afterEach(() => {
  process.off('unhandledRejection', uncaught);
  process.off('uncaughtException', uncaught);
  vi.useRealTimers();
});

const never = () => new Promise<never>(() => {});

describe('R55: a listener that fails harms nobody', () => {
  test.each([
    ['throws', () => Promise.reject(new Error('listener broke'))],
    [
      'rejects later',
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        throw new Error('listener broke');
      },
    ],
    ['throws something that is no error', () => Promise.reject(null)],
    [
      'answers a thenable that breaks',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: the hostile case itself
        get then() {
          throw new Error('listener broke');
        },
      }),
    ],
  ])('R55: one that %s is reported to the console, and the others hear all', async (_name, broken) => {
    const report = vi.spyOn(console, 'error').mockImplementation(() => {});
    const auth = createManager(createWorld());
    auth.on('signed-in', broken);
    auth.on('*', broken);
    auth.subscribe(broken);
    const told = record(auth);
    const changes = vi.fn();
    auth.subscribe(changes);
    await auth.signIn(first);
    await auth.refresh();
    await vi.advanceTimersByTimeAsync(20);
    vi.useRealTimers();
    await new Promise(setImmediate);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed manual']);
    expect(changes).toHaveBeenCalledTimes(2);
    expect(report).toHaveBeenCalledTimes(5);
    expect(uncaught).not.toHaveBeenCalled();
  });

  test('R55: a reporter that throws or rejects makes nothing worse', async () => {
    const auth = createManager(createWorld());
    auth.on('*', () => Promise.reject(new Error('listener broke')));
    for (const report of [
      () => Promise.reject(new Error('reporter broke')),
      () => {
        throw new Error('reporter broke');
      },
    ]) {
      vi.stubGlobal('reportError', report);
      await auth.signIn(first);
      await auth.signOut();
    }
    vi.useRealTimers();
    await new Promise(setImmediate);
    expect(uncaught).not.toHaveBeenCalled();
  });

  test('R55: it is reported with reportError where there is one', async () => {
    const report = vi.fn();
    vi.stubGlobal('reportError', report);
    const consoleError = vi.spyOn(console, 'error');
    const auth = createManager(createWorld());
    const error = new Error('listener broke');
    auth.on('signed-in', () => {
      throw error;
    });
    await auth.signIn(first);
    expect(report.mock.calls).toEqual([[error]]);
    expect(consoleError).not.toHaveBeenCalled();
  });

  test('R55: one that never settles holds up nobody', async () => {
    const auth = createManager(createWorld(), { store: memoryStore() });
    auth.on('*', never);
    const told = record(auth);
    await auth.signIn(first);
    await auth.fetch(`${API}/me`);
    await auth.refresh();
    await auth.signOut();
    expect(told).toHaveLength(3);
  });
});

describe('R55: a listener may call back into the manager', () => {
  const reactions: [string, (auth: TokenManager) => Promise<unknown>][] = [
    ['refresh()', (auth) => auth.refresh()],
    ['fetch()', (auth) => auth.fetch(`${API}/me`)],
    ['getAccessToken()', (auth) => auth.getAccessToken({ minValidity: 3_600_000 })],
    ['signIn()', (auth) => auth.signIn({ access_token: 'again' })],
    ['signOut()', (auth) => auth.signOut()],
    ['ready', (auth) => auth.ready],
  ];

  for (const event of ['signed-in', 'token-refreshed', 'signed-out', 'refresh-failed'] as const) {
    test.each(reactions)(`R55: from ${event}, even \`await auth.%s\` does not hang`, async (_name, react) => {
      const world = createWorld();
      const auth = createManager(world, { store: memoryStore() });
      const outcome = vi.fn();
      let isFirst = true;
      auth.on(event, async () => {
        if (!isFirst) return;
        isFirst = false;
        await react(auth).then(outcome, outcome);
      });
      await auth.signIn(first);
      const ordinary = world.answerRefresh;
      if (event === 'refresh-failed') world.answerRefresh = () => new Response('no', { status: 400 });
      if (event !== 'signed-in') await auth.refresh().catch(() => {});
      world.answerRefresh = ordinary;
      if (event === 'signed-out') await auth.signOut();
      await vi.advanceTimersByTimeAsync(10);
      expect(outcome).toHaveBeenCalledTimes(1);
    });
  }

  test('R55: what a listener causes is told after the event it hears, to all listeners alike', async () => {
    const auth = createManager(createWorld());
    auth.on('signed-in', () => auth.signOut());
    const told = record(auth);
    auth.on('signed-out', () => undefined);
    await auth.signIn(first);
    await vi.advanceTimersByTimeAsync(0);
    expect(short(told)).toEqual(['signed-in local', 'signed-out local']);
  });

  test('a listener that ends or adds listeners while it is called disturbs none', async () => {
    const auth = createManager(createWorld());
    const calls: string[] = [];
    const undoA = auth.on('signed-in', () => {
      calls.push('a');
      undoA();
      undoC();
      auth.on('signed-in', () => void calls.push('late'));
    });
    auth.on('signed-in', () => void calls.push('b'));
    const undoC = auth.on('signed-in', () => void calls.push('c'));
    await auth.signIn(first);
    expect(calls).toEqual(['a', 'b']);
    await auth.signIn({ ...first, access_token: 'another' });
    expect(calls).toEqual(['a', 'b', 'b', 'late']);
  });
});

describe('on and subscribe', () => {
  test('the undo of `on` ends its own registration only, and twice is fine', async () => {
    const auth = createManager(createWorld());
    const listener = vi.fn();
    const undo = auth.on('signed-in', listener);
    auth.on('signed-in', listener);
    const undoAll = auth.on('*', listener);
    undo();
    undo();
    undoAll();
    await auth.signIn(first);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  test('`*` gets the event and its payload, the payload of the listener of that event', async () => {
    const auth = createManager(createWorld());
    const one = vi.fn();
    const all = vi.fn();
    auth.on('signed-in', one);
    auth.on('*', all);
    await auth.signIn(first);
    expect(one.mock.calls[0]).toHaveLength(1);
    expect(all.mock.calls).toEqual([['signed-in', one.mock.calls[0]?.[0]]]);
  });

  test('subscribe hears every change of `tokens` once and nothing else', async () => {
    const world = createWorld();
    const auth = createManager(world);
    const seen: unknown[] = [];
    const undo = auth.subscribe((...args: unknown[]) => void seen.push(auth.tokens?.accessToken, ...args));
    await auth.signIn(first);
    await auth.fetch(`${API}/me`);
    await auth.refresh();
    const ordinary = world.answerRefresh;
    world.answerRefresh = () => new Response('no', { status: 400 });
    await auth.refresh().catch(() => {});
    world.answerRefresh = ordinary;
    await auth.signIn(first);
    // With the very tokens that are held a sign-in changes nothing (R62).
    await auth.signIn(first);
    await auth.signOut();
    expect(seen).toEqual(['access-0', 'access-1', 'access-0', undefined]);
    undo();
    await auth.signIn(first);
    expect(seen).toHaveLength(4);
  });

  test('`tokens` is frozen and stays the same object until the next change (useSyncExternalStore)', async () => {
    const auth = createManager(createWorld());
    expect(auth.tokens).toBeUndefined();
    await auth.signIn(first);
    const { tokens } = auth;
    expect(Object.isFrozen(tokens)).toBe(true);
    await auth.fetch(`${API}/me`);
    expect(auth.tokens).toBe(tokens);
    await auth.refresh();
    expect(auth.tokens).not.toBe(tokens);
    expect(tokens?.accessToken).toBe('access-0');
  });
});
