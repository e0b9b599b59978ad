/** A real authorization server that answers slowly, late or too late, and clients that come and go meanwhile. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asTokenError, memoryStore } from 'evertoken';
import { describe, expect, test } from 'vitest';
import { stopClock } from '../support/lives.ts';
import { once, record, startLoopback, statuses, times } from '../support/loopback.ts';

/** Longer than a token lives (ms). */
const DEATH = 121_000;

/** What a promise rejects with; it has to. */
const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => Promise.reject(new Error('it did not reject')),
    (error: unknown) => error,
  );

/** A server, and a promise for the moment when its token endpoint is called for the second time: the first refresh. */
async function startWithGate() {
  const { promise: refreshArrived, resolve } = Promise.withResolvers<void>();
  const world = await startLoopback({ onTokenRequest: ({ number }) => void (number === 2 && resolve()) });
  return { world, refreshArrived };
}

describe.concurrent('a slow token endpoint', { timeout: 60_000 }, () => {
  test('R31, R33: all wait for one refresh; who gives up leaves at once and spoils nothing', async () => {
    const { world, refreshArrived } = await startWithGate();
    await using _ = world;
    const { server, api } = world;
    const auth = world.manager();
    const told = record(auth);
    await auth.signIn(await world.login());
    server.delay = 600;
    world.denyTokenOf(auth);

    const impatient = new AbortController();
    const order: string[] = [];
    const crowd = statuses(auth, api.url, 50).finally(() => order.push('crowd'));
    const gone = errorOf(auth.fetch(`${api.url}/gone`, { signal: impatient.signal }));
    gone.finally(() => order.push('gone'));
    await refreshArrived;
    impatient.abort();

    expect(await gone).toMatchObject({ name: 'AbortError' });
    expect(await crowd).toEqual(times(50, 200));
    expect(order).toEqual(['gone', 'crowd']);
    expect(told.refreshed.map(({ cause }) => cause)).toEqual(['rejected']);
    expect(server.stats).toMatchObject({ tokenCalls: 2, refreshes: 1, reuse: 0 });
    expect(world.seen.filter(({ path }) => path === '/gone')).toHaveLength(1);
  });

  test('R34: an answer after refreshTimeout fails those who waited, and is taken all the same', async () => {
    const { promise: given, resolve: give } = Promise.withResolvers<void>();
    await using world = await startLoopback({ onTokenRequest: ({ number }) => number === 2 && given });
    const { server, api } = world;
    const auth = world.manager({ refreshTimeout: 2_000 });
    const told = record(auth);
    await auth.signIn(await world.login());
    const spent = auth.tokens?.refreshToken;
    world.denyTokenOf(auth);

    const taken = once(auth, 'token-refreshed');
    const error = asTokenError(await errorOf(auth.fetch(`${api.url}/items/1`)), 'refresh-failed');
    expect(told.refreshed, 'nobody waits for the answer').toEqual([]);
    expect(error?.cause).toMatchObject({ name: 'TimeoutError' });
    give();
    await taken;
    expect(auth.tokens?.refreshToken).not.toBe(spent);
    expect(await statuses(auth, api.url, 20)).toEqual(times(20, 200));
    await auth.refresh();
    expect(server.stats).toMatchObject({ tokenCalls: 3, refreshes: 2, reuse: 0, errors: [] });
    expect(told.failed).toHaveLength(1);
    expect(told.over).toEqual([]);
  });

  test('R34, R35: an answer after twice refreshTimeout is lost, and the session with it, once', async () => {
    await using world = await startLoopback();
    const { server } = world;
    const auth = world.manager({ refreshTimeout: 500 });
    const told = record(auth);
    await auth.signIn(await world.login());
    server.delay = 2500;

    expect(asTokenError(await errorOf(auth.refresh()))?.code).toBe('refresh-failed');
    await sleep(700); // its request is aborted after 1000
    server.delay = 0;
    const over = once(auth, 'signed-out');
    // The server has spent the refresh token and takes the next try for theft: what rotation costs.
    expect(asTokenError(await errorOf(auth.refresh()))?.code).toBe('session-ended');
    await over;
    expect(told.over).toMatchObject([{ reason: 'ended', error: { code: 'session-ended' } }]);
    expect(server.stats).toMatchObject({ tokenCalls: 3, reuse: 1 });
  });
});

describe('a client that starts again', { timeout: 60_000 }, () => {
  test('R39: after a cold start the stored token serves while it lives, then one refresh does', async () => {
    await using world = await startLoopback();
    const { server, api } = world;
    const { pass } = stopClock();
    const store = memoryStore();
    const first = world.manager({ store });
    await first.signIn(await world.login());
    const { sessionId } = first;
    first.close();

    const second = world.manager({ store });
    const begun = once(second, 'signed-in');
    expect(await statuses(second, api.url, 25)).toEqual(times(25, 200));
    expect(await begun).toMatchObject({ sessionId, cause: 'restored' });
    expect(server.stats.tokenCalls).toBe(1);
    second.close();

    pass(DEATH);
    const third = world.manager({ store });
    const told = record(third);
    expect(await statuses(third, api.url, 25)).toEqual(times(25, 200));
    expect(told.begun).toMatchObject([{ sessionId, cause: 'restored' }]);
    expect(told.refreshed).toMatchObject([{ sessionId, cause: 'expired' }]);
    expect(server.stats).toMatchObject({ tokenCalls: 2, refreshes: 1, reuse: 0 });
    expect(api.stats.refused, 'a dead token was never sent').toBe(0);
  });

  test('R61: a refresh that was on the wire at the end is stored, and the next client goes on with it', async () => {
    const { world, refreshArrived } = await startWithGate();
    await using _ = world;
    const { server, api } = world;
    const store = memoryStore();
    const first = world.manager({ store });
    await first.signIn(await world.login());
    const spent = first.tokens?.refreshToken;
    world.denyTokenOf(first);
    server.delay = 400;
    const told = record(first);
    const waiting = errorOf(first.refresh());
    await refreshArrived;
    first.close();
    expect(asTokenError(await waiting)?.code).toBe('closed');

    // It starts before the answer is there: the lease makes it wait, the store brings the new tokens.
    const second = world.manager({ store });
    expect(await statuses(second, api.url, 25)).toEqual(times(25, 200));
    expect(second.tokens?.refreshToken).not.toBe(spent);
    expect(server.stats).toMatchObject({ tokenCalls: 2, refreshes: 1, reuse: 0 });
    expect(told).toEqual({ begun: [], refreshed: [], failed: [], over: [] });
  });

  test('R31: two clients that start with the same dead token refresh once between them', async () => {
    await using world = await startLoopback();
    const { server, api } = world;
    const { pass } = stopClock();
    const store = memoryStore();
    const first = world.manager({ store });
    await first.signIn(await world.login());
    first.close();
    pass(DEATH);
    server.delay = 200;
    const clients = times(2, { store }).map(world.manager);
    const answers = await Promise.all(clients.map((auth) => statuses(auth, api.url, 25)));
    expect(answers.flat()).toEqual(times(50, 200));
    expect(server.stats).toMatchObject({ tokenCalls: 2, refreshes: 1, reuse: 0 });
    const [one, two] = clients;
    expect(one?.tokens).toEqual(two?.tokens);
  });
});
