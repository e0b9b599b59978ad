/** R43: which of several captured tokens stays. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStage, grant, nth, PASSWORD } from '../support/capturing.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const tick = () => vi.advanceTimersByTimeAsync(0);

async function createHeld(expires_in = 3600) {
  const stage = createStage();
  stage.holdRefreshes();
  await stage.auth.signIn({ ...first, expires_in });
  return stage;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

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
  /** Two password changes, 1 ms apart, answered in this order; the tokens in the end. */
  async function play(order: number[], one: string | undefined, two: string | undefined, apart = 1) {
    const { auth, pending } = await createHeld();
    const answers = [auth.fetch(PASSWORD)];
    await vi.advanceTimersByTimeAsync(apart);
    answers.push(auth.fetch(PASSWORD));
    await tick();
    for (const index of order) {
      nth(pending, index).answer(index === 0 ? grant('earlier', one) : grant('later', two));
      await answers[index];
    }
    const { accessToken, refreshToken } = auth.tokens ?? {};
    return [accessToken, refreshToken];
  }

  test.each([
    ['both with refresh tokens', 'r1', 'r2', ['later', 'r2']],
    ['both without', undefined, undefined, ['later', 'refresh-0']],
    ['the later with one', undefined, 'r2', ['later', 'r2']],
  ])('R43: %s, in either order of their answers', async (_name, one, two, expected) => {
    expect(await play([0, 1], one, two)).toEqual(expected);
    expect(await play([1, 0], one, two)).toEqual(expected);
  });

  test('R43: an access token alone replaces that of an earlier capture, whose refresh token stays', async () => {
    expect(await play([0, 1], 'r1', undefined)).toEqual(['later', 'r1']);
  });

  test('R42, R43: a refresh token is beaten only by another one: sent earlier, answered later, it wins', async () => {
    expect(await play([1, 0], 'r1', undefined)).toEqual(['earlier', 'r1']);
  });

  test('R43: of two that one context sent in the same millisecond too', async () => {
    expect(await play([1, 0], 'r1', 'r2', 0)).toEqual(['later', 'r2']);
    expect(await play([0, 1], 'r1', 'r2', 0)).toEqual(['later', 'r2']);
  });

  test('R43: an answer that was overtaken stays out after a refresh, too', async () => {
    const { auth, pending, refreshing } = await createHeld();
    const answers = [auth.fetch(PASSWORD)];
    await vi.advanceTimersByTimeAsync(1);
    answers.push(auth.fetch(PASSWORD));
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
