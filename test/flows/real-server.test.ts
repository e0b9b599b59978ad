/** A day in the life: a real authorization server with rotation and reuse detection, a real API, real time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TokenManager } from 'evertoken';
import { asTokenError, memoryStorage } from 'evertoken';
import { describe, expect, test } from 'vitest';
import { once, record, startLoopback, statuses, times } from '../support/loopback.ts';
import { driveWorkers } from '../support/workers.ts';

/** Milliseconds that an access token lives. */
const LIFE = 2000;
const WORKERS = 50;
const REQUESTS = 2000;
/** Milliseconds from one request to the next: ten seconds in all, five lives. */
const PACE = 5;
/** The tokens after these many refreshes are denied long before their time, at this age. */
const DENIED = { after: [1, 3, 5], age: 400 };
/** What a token may outlive its time on average, until a request or its answer comes by. Milliseconds. */
const SLACK = 150;

/** Hands answers on late, so that refusals of one token come in before, during and after its replacement. */
function withLateAnswers(api: string): typeof fetch {
  let sent = 0;
  return async (input, init) => {
    const response = await fetch(input, init);
    if (typeof input === 'string' && input.startsWith(api)) await sleep((++sent * 37) % 240);
    return response;
  };
}

/** Denies some tokens, each in the middle of its life, when no refresh is under way. */
function denySome(auth: TokenManager, deny: () => void): void {
  let refreshes = 0;
  auth.on('token-refreshed', () => {
    if (DENIED.after.includes(++refreshes)) setTimeout(deny, DENIED.age);
  });
}

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

const load = [
  // The client replaces a token when a quarter of its life is left (R11); nobody is ever refused for its age.
  { judge: 'the client', refreshAhead: undefined, life: LIFE * 0.75, cause: 'ahead' },
  // The server alone says when: every life ends with a crowd of refusals.
  { judge: 'the server', refreshAhead: false, life: LIFE, cause: 'rejected' },
] as const;

describe.concurrent('a load of 2,000 requests by 50 workers over five token lives', () => {
  test.for(load)(
    'R12, R22, R31: expiry judged by $judge: no failure, no reuse, one refresh for each life and refusal',
    { timeout: 20_000 },
    async ({ refreshAhead, life, cause }) => {
      await using world = await startLoopback({ accessTokenLifetime: LIFE / 1000 });
      const { server, api, seen } = world;
      const auth = world.manager({ refreshAhead, fetch: withLateAnswers(api.url) });
      const told = record(auth);
      denySome(auth, () => world.denyTokenOf(auth));
      await auth.signIn(await world.login());
      const driven = await driveWorkers({
        workers: WORKERS,
        requests: REQUESTS,
        pace: PACE,
        send: (number, init) => auth.fetch(`${api.url}/items/${number}`, init),
      });

      expect(driven.failures).toEqual([]);
      expect(driven.answered).toBe(REQUESTS);
      // Each request was accepted once; what was refused was sent once more, and never a third time.
      const sendings = Map.groupBy(seen, ({ path }) => path);
      expect(api.stats).toEqual({ accepted: REQUESTS, refused: seen.length - REQUESTS });
      expect(Math.max(...[...sendings.values()].map(({ length }) => length))).toBe(2);
      const refused = Map.groupBy(seen, ({ refusal }) => refusal);
      expect(refused.get('denied')?.length).toBeGreaterThanOrEqual(DENIED.after.length);
      expect(refused.has('expired'), 'refused for its age').toBe(refreshAhead === false);
      expect(refused.has('invalid') || refused.has('no token')).toBe(false);

      // Each refresh token came with one access token, and none was presented twice: no token was refreshed twice.
      expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
      expect(server.stats.refreshes).toBe(told.refreshed.length);
      expect(server.stats.tokenCalls).toBe(1 + told.refreshed.length);
      expect([told.begun.length, told.failed, told.over]).toEqual([1, [], []]);

      // How old each token was when the refresh that replaced it began.
      const issued = [...told.begun, ...told.refreshed].map(({ expiresAt = 0 }) => expiresAt - LIFE);
      const ages = issued.slice(1).map((at, index) => at - (issued[index] ?? 0));
      const natural = ages.filter((_, index) => !DENIED.after.includes(index));
      const forced = ages.filter((_, index) => DENIED.after.includes(index));
      expect(told.refreshed.map((event) => event.cause)).toEqual(
        ages.map((_, index) => (DENIED.after.includes(index) ? 'rejected' : cause)),
      );
      expect(forced).toHaveLength(DENIED.after.length);
      expect(Math.min(...natural)).toBeGreaterThanOrEqual(life);
      expect(Math.max(...natural)).toBeLessThan(life + 2 * SLACK);
      // The lives that fit into what the forced refusals left of the time, no more and no fewer. Each is a little
      // longer than its nominal length, hence a range: on a quiet machine both ends are 5, or 4 by the server.
      const left = (at: number) => at - (issued[0] ?? 0) - sum(forced);
      expect(natural.length).toBeLessThanOrEqual(Math.floor(left(driven.endedAt) / life));
      expect(natural.length).toBeGreaterThanOrEqual(Math.floor(left(driven.lastSentAt) / (life + SLACK)));
      expect(told.refreshed).toHaveLength(natural.length + DENIED.after.length);
    },
  );
});

describe.concurrent('a server that detects reuse', { timeout: 15_000 }, () => {
  test('the check can fail: a spent refresh token presented on purpose is seen, and the session ends once', async () => {
    await using world = await startLoopback();
    const { server } = world;
    const auth = world.manager();
    const told = record(auth);
    await auth.signIn(await world.login());
    const spent = `${auth.tokens?.refreshToken}`;
    await auth.refresh();
    expect(server.stats).toMatchObject({ refreshes: 1, reuse: 0 });

    const replayed = await world.post(server.tokenEndpoint, {
      grant_type: 'refresh_token',
      refresh_token: spent,
    });
    expect(replayed.status).toBe(400);
    expect(server.stats.reuse).toBe(1);

    // The server has revoked the whole family: R35.
    const over = once(auth, 'signed-out');
    const refreshes = await Promise.allSettled(times(20, () => auth.refresh()).map((refresh) => refresh()));
    const codes = refreshes.map((one) => one.status === 'rejected' && asTokenError(one.reason)?.code);
    expect(codes).toEqual(times(20, 'session-ended'));
    await over;
    expect(told.over).toMatchObject([{ reason: 'ended', error: { code: 'session-ended' } }]);
    expect(server.stats).toMatchObject({ tokenCalls: 4, reuse: 1 });
  });

  test('R31: four managers over one storage spend each refresh token once, however many ask', async () => {
    await using world = await startLoopback();
    const { server, api } = world;
    const storage = memoryStorage();
    const first = world.manager({ storage, name: 'shared' });
    await first.signIn(await world.login());
    const others = times(3, { storage, name: 'shared' }).map(world.manager);
    await Promise.all(others.map(({ ready }) => ready));
    for (const round of [1, 2, 3]) {
      world.denyTokenOf(first);
      const answers = await Promise.all([first, ...others].map((auth) => statuses(auth, api.url, 25)));
      expect(answers.flat()).toEqual(times(100, 200));
      expect(server.stats).toMatchObject({ refreshes: round, tokenCalls: 1 + round, reuse: 0 });
    }
  });

  test('R35, R5: a refresh token that was revoked ends the session once; later requests go out without a token', async () => {
    await using world = await startLoopback();
    const { server, api } = world;
    const auth = world.manager();
    const told = record(auth);
    await auth.signIn(await world.login());
    await world.post(server.revocationEndpoint, { token: `${auth.tokens?.refreshToken}` });
    expect(await statuses(auth, api.url, 1), 'the access token is still good').toEqual([200]);

    world.denyTokenOf(auth);
    expect(await statuses(auth, api.url, 25)).toEqual(times(25, 'session-ended'));
    expect(told.over).toMatchObject([{ reason: 'ended', error: { code: 'session-ended' } }]);
    expect(auth.tokens).toBeUndefined();
    expect(await statuses(auth, api.url, 2)).toEqual([401, 401]);
    expect(world.seen.slice(-2).map(({ refusal }) => refusal)).toEqual(['no token', 'no token']);
    expect(server.stats).toMatchObject({ tokenCalls: 2, refreshes: 0, reuse: 0 });
    expect(told.over).toHaveLength(1);
  });

  test('R10, R20: opaque tokens that die early are refreshed when refused, and nobody notices', async () => {
    await using world = await startLoopback({ opaque: true, accessTokenLifetime: LIFE / 1000 });
    const { server } = world;
    const auth = world.manager({ allow: server.userinfoEndpoint });
    const told = record(auth);
    await auth.signIn(await world.login());
    expect(auth.tokens?.accessToken).not.toContain('.');
    const began = Date.now();
    const { failures, answered, endedAt } = await driveWorkers({
      workers: 5,
      requests: 420,
      pace: 10,
      send: () => auth.fetch(server.userinfoEndpoint),
    });
    expect({ failures, answered }).toEqual({ failures: [], answered: 420 });
    // 4.2 s: a life ends at 1.5 s by the client's judgement, and not before 1 s by the server's.
    expect(told.refreshed.length).toBeGreaterThanOrEqual(2);
    expect(told.refreshed.length).toBeLessThanOrEqual((endedAt - began) / 1000);
    expect(told.refreshed.filter(({ cause }) => cause !== 'ahead' && cause !== 'rejected')).toEqual([]);
    expect(server.stats).toMatchObject({ refreshes: told.refreshed.length, reuse: 0, errors: [] });
  });
});
