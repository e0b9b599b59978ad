/** What a real authorization server makes of spent, revoked and opaque tokens. */
import { asTokenError, memoryStore } from 'evertoken';
import { describe, expect, test } from 'vitest';
import { liveThrough, stopClock } from '../support/lives.ts';
import { once, record, startLoopback, statuses, times } from '../support/loopback.ts';

describe.concurrent('a server that detects reuse', { timeout: 60_000 }, () => {
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

  test('R31: four managers over one store spend each refresh token once, however many ask', async () => {
    await using world = await startLoopback();
    const { server, api } = world;
    const store = memoryStore();
    const first = world.manager({ store });
    await first.signIn(await world.login());
    const others = times(3, { store }).map(world.manager);
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
});

test('R10, R20: opaque tokens that die early are refreshed when refused, and nobody notices', async () => {
  await using world = await startLoopback({ opaque: true, accessTokenLifetime: 2 });
  const { server } = world;
  const { pass } = stopClock();
  // They end on a whole second: the later in a second they are issued, the earlier they die.
  pass(900);
  const auth = world.manager({ allow: server.userinfoEndpoint });
  const told = record(auth);
  await auth.signIn(await world.login());
  expect(auth.tokens?.accessToken).not.toContain('.');
  const { failures } = await liveThrough({
    auth,
    workers: 5,
    between: 60,
    ends: [1_200, 1_600, 1_400, 3_000].map((ms) => () => pass(ms)),
    send: () => auth.fetch(server.userinfoEndpoint),
  });
  expect(failures).toEqual([]);
  expect(told.refreshed.map(({ cause }) => cause)).toEqual(['rejected', 'ahead', 'rejected', 'expired']);
  expect(server.stats).toMatchObject({ refreshes: 4, reuse: 0, errors: [] });
}, 60_000);
