/** A day in the life: a real authorization server with rotation and reuse detection, a real API, real time. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TokenManager } from 'evertoken';
import { describe, expect, test } from 'vitest';
import { record, startLoopback } from '../support/loopback.ts';
import { driveWorkers } from '../support/workers.ts';

/** Milliseconds that an access token lives. */
const LIFE = 2000;
const WORKERS = 50;
const REQUESTS = 2000;
/** Milliseconds from one request to the next: ten seconds in all, five lives. */
const PACE = 5.2;
/** The tokens after these many refreshes are denied long before their time, when all replays with them are answered. */
const DENIED = { after: [1, 3, 5], age: 600 };
/** What a token may outlive its time on average, until a request or its answer comes by. Milliseconds. */
const SLACK = 100;

/** Hands answers on late, so that refusals of one token come in before, during and after its replacement. */
function withLateAnswers(api: string): typeof fetch {
  let sent = 0;
  return async (input, init) => {
    const response = await fetch(input, init);
    if (typeof input === 'string' && input.startsWith(api)) await sleep((++sent * 37) % 240);
    return response;
  };
}

/** Denies some tokens, each in the middle of its life, when no refresh is under way. Tells which, as it goes. */
function denySome(auth: TokenManager, deny: () => void): Set<number> {
  const denied = new Set<number>();
  let refreshes = 0;
  auth.on('token-refreshed', () => {
    refreshes += 1;
    if (!DENIED.after.includes(refreshes)) return;
    setTimeout(() => {
      denied.add(refreshes);
      deny();
    }, DENIED.age);
  });
  return denied;
}

/** The longest time in which nothing could run in this process, in milliseconds. */
function watchStalls(): () => number {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  return () => {
    delays.disable();
    return delays.max / 1e6;
  };
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
    { timeout: 60_000 },
    async ({ refreshAhead, life, cause }) => {
      await using world = await startLoopback({ accessTokenLifetime: LIFE / 1000 });
      const { server, api, seen } = world;
      const auth = world.manager({ refreshAhead, fetch: withLateAnswers(api.url) });
      const told = record(auth);
      const denied = denySome(auth, () => world.denyTokenOf(auth));
      await auth.signIn(await world.login());
      const stalls = watchStalls();
      const driven = await driveWorkers({
        workers: WORKERS,
        requests: REQUESTS,
        pace: PACE,
        send: (number, init) => auth.fetch(`${api.url}/items/${number}`, init),
      });

      // What a starved machine adds to every moment; a few milliseconds otherwise.
      const stall = stalls();
      const isCalm = stall < SLACK;

      // Each request was accepted once; what was refused was sent once more, and never a third time.
      const sendings = Map.groupBy(seen, ({ path }) => path);
      // A replay that starves until its token is denied too is refused twice, which is its caller's (R21).
      const unlucky = [...sendings.values()].filter((all) => all.every(({ refusal }) => refusal));
      expect(driven.failures).toHaveLength(isCalm ? 0 : unlucky.length);
      expect(driven.answered).toBe(REQUESTS - driven.failures.length);
      expect(api.stats).toEqual({ accepted: driven.answered, refused: seen.length - driven.answered });
      expect(Math.max(...[...sendings.values()].map(({ length }) => length))).toBe(2);
      const refused = Map.groupBy(seen, ({ refusal }) => refusal);
      expect(refused.get('denied')?.length).toBeGreaterThanOrEqual(DENIED.after.length);
      if (isCalm) expect(refused.has('expired'), 'refused for its age').toBe(refreshAhead === false);
      expect(refused.has('invalid') || refused.has('no token')).toBe(false);

      // Each refresh token came with one access token, and none was presented twice: no token was refreshed twice.
      expect(server.stats).toMatchObject({ reuse: 0, errors: [] });
      expect(server.stats.refreshes).toBe(told.refreshed.length);
      expect(server.stats.tokenCalls).toBe(1 + told.refreshed.length);
      expect([told.begun.length, told.failed, told.over]).toEqual([1, [], []]);

      // How old each token was when the refresh that replaced it began.
      const issued = [...told.begun, ...told.refreshed].map(({ expiresAt = 0 }) => expiresAt - LIFE);
      const ages = issued.slice(1).map((at, index) => at - (issued[index] ?? 0));
      const natural = ages.filter((_, index) => !denied.has(index));
      const forced = ages.filter((_, index) => denied.has(index));
      const causes = ages.map((_, index) => (denied.has(index) ? 'rejected' : cause));
      if (isCalm) expect(told.refreshed.map((event) => event.cause)).toEqual(causes);
      expect(forced).toHaveLength(DENIED.after.length);
      expect(Math.min(...natural)).toBeGreaterThan(life - SLACK);
      expect(Math.max(...natural)).toBeLessThan(life + 2 * (SLACK + stall));
      // The lives that fit into what the forced refusals left of the time, no more and no fewer. Each is a little
      // longer than its nominal length, hence a range: on a quiet machine both ends are 5, or 4 by the server.
      const left = (at: number) => at - (issued[0] ?? 0) - sum(forced);
      expect(natural.length).toBeLessThanOrEqual(Math.floor(left(driven.endedAt) / life));
      expect(natural.length).toBeGreaterThanOrEqual(
        Math.floor(left(driven.lastSentAt) / (life + SLACK + stall)),
      );
      expect(told.refreshed).toHaveLength(natural.length + DENIED.after.length);
    },
  );
});
