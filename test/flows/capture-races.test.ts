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
