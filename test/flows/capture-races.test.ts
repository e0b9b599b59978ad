import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStage, grant, nth, PASSWORD } from '../support/capturing.ts';
import { follow, short } from '../support/recorder.ts';
import { API, unauthorized } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const tick = () => vi.advanceTimersByTimeAsync(0);
const dead = () => Response.json({ error: 'invalid_grant' }, { status: 400 });

async function createHeld(expires_in = 3600) {
  const stage = createStage();
  stage.holdRefreshes();
  await stage.auth.signIn({ ...first, expires_in });
  return stage;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R42: captured tokens with a refresh token of their own beat a refresh', () => {
  const captured = { accessToken: 'changed', refreshToken: 'changed-refresh' };

  test('R42: begun before the request was sent, answered after the capture', async () => {
    const { auth, pending, refreshing, told } = await createHeld();
    const refresh = auth.refresh();
    await tick();
    const change = auth.fetch(PASSWORD);
    await tick();
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    nth(refreshing, 0).answer(grant('stale', 'stale-refresh'));
    expect(await refresh).toMatchObject(captured);
    expect(auth.tokens).toMatchObject(captured);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed captured']);
  });

  test('R42: begun and finished between sending and answer', async () => {
    const { auth, pending, refreshing, told } = await createHeld();
    const change = auth.fetch(PASSWORD);
    await tick();
    const refresh = auth.refresh();
    await tick();
    nth(refreshing, 0).answer(grant('stale', 'stale-refresh'));
    await refresh;
    expect(auth.tokens?.accessToken).toBe('stale');
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    expect(auth.tokens).toMatchObject(captured);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed manual', 'token-refreshed captured']);
  });

  test('R42: begun before the sending, finished before the answer', async () => {
    const { auth, pending, refreshing } = await createHeld();
    const refresh = auth.refresh();
    await tick();
    const change = auth.fetch(PASSWORD);
    await tick();
    nth(refreshing, 0).answer(grant('stale', 'stale-refresh'));
    await refresh;
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    expect(auth.tokens).toMatchObject(captured);
  });

  test('R42, R35: its invalid_grant does not end the session while the answer is on its way', async () => {
    const { auth, pending, refreshing, told } = await createHeld();
    const refresh = auth.refresh();
    await tick();
    const change = auth.fetch(PASSWORD);
    await tick();
    nth(refreshing, 0).answer(dead());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(auth.sessionId).toBeDefined();
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    expect(await refresh).toMatchObject(captured);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed captured']);
  });

  test('R42: its invalid_grant after the capture is ignored', async () => {
    const { auth, pending, refreshing, told } = await createHeld();
    const refresh = auth.refresh();
    const change = auth.fetch(PASSWORD);
    await tick();
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    nth(refreshing, 0).answer(dead());
    expect(await refresh).toMatchObject(captured);
    expect(short(told)).toEqual(['signed-in local', 'token-refreshed captured']);
  });

  test('R35: an invalid_grant ends the session after all when the awaited answer brings no tokens', async () => {
    const { auth, pending, refreshing, told } = await createHeld();
    const refresh = follow(auth.refresh());
    const change = auth.fetch(PASSWORD);
    await tick();
    nth(refreshing, 0).answer(dead());
    await tick();
    expect(auth.sessionId).toBeDefined();
    nth(pending, 0).answer(Response.json({ error: 'too short' }, { status: 422 }));
    expect((await change).status).toBe(422);
    await tick();
    expect(refresh).toMatchObject({ state: 'rejected', value: { code: 'session-ended' } });
    expect(short(told)).toEqual(['signed-in local', 'signed-out ended']);
  });

  test('R35: and after refreshTimeout when the awaited answer never comes', async () => {
    const { auth, pending, refreshing, told } = await createHeld();
    const refresh = follow(auth.refresh());
    void follow(auth.fetch(PASSWORD));
    await tick();
    nth(refreshing, 0).answer(dead());
    await vi.advanceTimersByTimeAsync(15_001);
    expect(pending).toHaveLength(1);
    expect(refresh.state).toBe('rejected');
    expect(auth.tokens).toBeUndefined();
    expect(short(told).at(-1)).toBe('signed-out ended');
  });

  test('R42, R60: who waits for a beaten refresh that hangs is served with the captured token', async () => {
    const { auth, pending, refreshing, world } = await createHeld(100);
    const change = auth.fetch(PASSWORD);
    await vi.advanceTimersByTimeAsync(100_000);
    const waiting = follow(auth.fetch(`${API}/me`));
    await tick();
    expect(refreshing).toHaveLength(1);
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(waiting.state).toBe('resolved');
    expect(world.api.at(-1)?.authorization).toBe('Bearer changed');
  });

  test('R31: the next refresh waits until the beaten one is off the wire, and another session’s does not', async () => {
    const { auth, pending, refreshing } = await createHeld();
    void follow(auth.refresh());
    const change = auth.fetch(PASSWORD);
    await tick();
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    const next = follow(auth.refresh());
    await tick();
    expect([refreshing.length, next.state]).toEqual([1, 'pending']);
    nth(refreshing, 0).answer(dead());
    await tick();
    nth(refreshing, 1).answer(grant('renewed'));
    await tick();
    expect(next.value).toMatchObject({ accessToken: 'renewed', refreshToken: 'changed-refresh' });

    void follow(auth.refresh());
    await tick();
    await auth.signIn({ ...first, refresh_token: 'other' });
    void follow(auth.refresh());
    await tick();
    expect(nth(refreshing, 3).seen.body).toContain('other');
  });

  test('R21, R42: a refusal of the captured token is not answered by the refresh it beat', async () => {
    const { auth, pending, refreshing, world } = await createHeld();
    void follow(auth.refresh());
    const change = auth.fetch(PASSWORD);
    await tick();
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer renewed' ? Response.json({}) : unauthorized();
    const request = follow(auth.fetch(`${API}/me`));
    await tick();
    nth(refreshing, 0).answer(grant('stale', 'stale-refresh'));
    await tick();
    expect(nth(refreshing, 1).seen.body).toContain('changed-refresh');
    nth(refreshing, 1).answer(grant('renewed'));
    await tick();
    expect(request.value).toMatchObject({ status: 200 });
  });
});

describe('R43: a captured access token without a refresh token', () => {
  test('R43: replaces the token that its request carried, and keeps the refresh token', async () => {
    const { auth, pending } = await createHeld();
    const change = auth.fetch(PASSWORD);
    await tick();
    nth(pending, 0).answer(grant('changed'));
    await change;
    expect(auth.tokens).toMatchObject({ accessToken: 'changed', refreshToken: 'refresh-0' });
  });

  test('R43: does not replace what a refresh brought meanwhile', async () => {
    const { auth, pending, refreshing } = await createHeld();
    const change = auth.fetch(PASSWORD);
    await tick();
    const refresh = auth.refresh();
    await tick();
    nth(refreshing, 0).answer(grant('access-1', 'refresh-1'));
    await refresh;
    nth(pending, 0).answer(grant('changed'));
    await change;
    expect(auth.tokens).toMatchObject({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  });

  test('R43: a request without a token of ours counts as carrying the one current at its sending', async () => {
    const { auth, pending, refreshing } = await createHeld();
    const own = { headers: { authorization: 'Basic own' } };
    const changes = [auth.fetch(PASSWORD, own), auth.fetch(PASSWORD, own)];
    await tick();
    nth(pending, 0).answer(grant('changed'));
    await changes[0];
    expect(auth.tokens?.accessToken).toBe('changed');
    const refresh = auth.refresh();
    await tick();
    nth(refreshing, 0).answer(grant('access-1', 'refresh-1'));
    await refresh;
    nth(pending, 1).answer(grant('changed-2'));
    await changes[1];
    expect(auth.tokens?.accessToken).toBe('access-1');
  });

  test('R43: beats no refresh: the rotated refresh token of one on the wire is not lost', async () => {
    const { auth, pending, refreshing } = await createHeld();
    const change = auth.fetch(PASSWORD);
    const refresh = auth.refresh();
    await tick();
    nth(pending, 0).answer(grant('changed'));
    await change;
    nth(refreshing, 0).answer(grant('access-1', 'refresh-1'));
    await refresh;
    await tick();
    expect(auth.tokens?.refreshToken).toBe('refresh-1');
  });
});

describe('R43: of two captures the one sent later wins', () => {
  test.each([
    ['both with refresh tokens', ['r1', 'r2']],
    ['both without', [undefined, undefined]],
    ['the earlier with one', ['r1', undefined]],
    ['the later with one', [undefined, 'r2']],
  ])('R43: %s, in either order of their answers', async (_name, [one, two]) => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const { auth, pending } = await createHeld();
      const answers = [auth.fetch(PASSWORD), auth.fetch(PASSWORD)];
      await tick();
      for (const index of order) {
        nth(pending, index).answer(index === 0 ? grant('earlier', one) : grant('later', two));
        await answers[index];
      }
      expect([order, auth.tokens?.accessToken]).toEqual([order, 'later']);
    }
  });

  test('R43: an answer that was overtaken stays out after a refresh, too', async () => {
    const { auth, pending, refreshing } = await createHeld();
    const answers = [auth.fetch(PASSWORD), auth.fetch(PASSWORD)];
    await tick();
    nth(pending, 1).answer(grant('later', 'r2'));
    await answers[1];
    const refresh = auth.refresh();
    await tick();
    nth(refreshing, 0).answer(grant('newest', 'r3'));
    await refresh;
    nth(pending, 0).answer(grant('earlier', 'r1'));
    await answers[0];
    expect(auth.tokens).toMatchObject({ accessToken: 'newest', refreshToken: 'r3' });
  });
});
