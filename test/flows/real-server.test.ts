/** A day in the life: a real authorization server with rotation and reuse detection, a real API, a real network. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { liveThrough, stopClock } from '../support/lives.ts';
import { record, startLoopback } from '../support/loopback.ts';

/** Milliseconds that an access token lives. */
const LIFE = 4_000;

/** Hands answers on late, so that refusals of one token come in before, during and after its replacement. */
function withLateAnswers(api: string): typeof fetch {
  let sent = 0;
  return async (input, init) => {
    const response = await fetch(input, init);
    if (typeof input === 'string' && input.startsWith(api)) await sleep((++sent * 37) % 120);
    return response;
  };
}

const load = [
  // The client replaces a token when a quarter of its life is left (R11); nobody is ever refused for its age.
  { judge: 'the client', refreshAhead: undefined, age: LIFE * 0.75, cause: 'ahead', idle: 'expired' },
  // The server alone says when: every life ends with a crowd of refusals.
  { judge: 'the server', refreshAhead: false, age: LIFE, cause: 'rejected', idle: 'rejected' },
] as const;

describe('a load by 50 workers over eight token lives', () => {
  test.for(load)(
    'R12, R22, R31: expiry judged by $judge: no failure, no reuse, one refresh for each life and refusal',
    { timeout: 60_000 },
    async ({ refreshAhead, age, cause, idle }) => {
      await using world = await startLoopback({ accessTokenLifetime: LIFE / 1_000, delay: 30 });
      const { server, api, seen } = world;
      const { pass } = stopClock();
      const auth = world.manager({ refreshAhead, fetch: withLateAnswers(api.url) });
      const told = record(auth);
      const login = await world.login();
      await auth.signIn(login);
      const grow = () => pass(age);
      const deny = () => world.denyTokenOf(auth);
      // Nobody asked for a while.
      const rest = () => pass(LIFE + 1_000);
      const lived = await liveThrough({
        auth,
        workers: 50,
        between: 150,
        ends: [grow, deny, grow, rest, deny, deny, rest, grow],
        send: (number, init) => auth.fetch(`${api.url}/items/${number}`, init),
      });

      expect(lived.failures).toEqual([]);
      // Each request was accepted once; what was refused was sent once more, and never a third time.
      const sendings = Map.groupBy(seen, ({ path }) => path);
      expect(lived.answered).toBe(sendings.size);
      expect(api.stats).toEqual({ accepted: lived.answered, refused: seen.length - lived.answered });
      expect(Math.max(...[...sendings.values()].map(({ length }) => length))).toBe(2);
      const refused = Map.groupBy(seen, ({ refusal }) => refusal);
      expect(refused.has('denied')).toBe(true);
      if (refreshAhead === false) expect(refused.has('expired')).toBe(true);
      expect(refused.has('invalid') || refused.has('no token')).toBe(false);

      // Each refresh token came with one access token, and none was presented twice: no token was refreshed twice.
      expect(server.stats).toMatchObject({ tokenCalls: 9, refreshes: 8, reuse: 0, errors: [] });
      expect([told.begun.length, told.failed, told.over]).toEqual([1, [], []]);
      const causes = [cause, 'rejected', cause, idle, 'rejected', 'rejected', idle, cause];
      expect(told.refreshed.map((event) => event.cause)).toEqual(causes);
    },
  );
});
