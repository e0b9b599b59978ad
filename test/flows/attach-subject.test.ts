import { createTokenManager, type Refresh, type TokenResponse } from 'evertoken';
import { describe, expect, test, vi } from 'vitest';
import { createRecorder, jwt, record, watch } from '../support/attach.ts';
import { API, deferred } from '../support/world.ts';

/** A session restored from a cookie, whose next refresh answers what the test says. */
async function restored(first: TokenResponse, isMarked = true) {
  const recorder = createRecorder();
  const refresh = vi.fn<Refresh>();
  const marked = Object.assign(refresh, isMarked && { withoutRefreshToken: true });
  const auth = createTokenManager({ refresh: marked, allow: API, fetch: recorder.fetch });
  const said = record(auth);
  if (isMarked) {
    refresh.mockResolvedValueOnce(first);
    await auth.getAccessToken();
  } else {
    await auth.signIn(first);
  }
  const { sessionId } = auth;
  said.length = 0;
  return { auth, refresh, said, sessionId, recorder };
}

const access = (sub: unknown) => ({ access_token: jwt({ sub, n: Math.random() }) });
const withId = (sub: unknown) => ({ access_token: `opaque-${Math.random()}`, id_token: jwt({ sub }) });

const different: Record<string, [TokenResponse, TokenResponse]> = {
  'a JWT access token of somebody else': [access('ann'), access('bob')],
  'an ID token of somebody else': [withId('ann'), withId('bob')],
  'first an ID token, then a JWT access token of somebody else': [withId('ann'), access('bob')],
  'first both, then a JWT access token of somebody else': [
    { ...withId('ann'), ...access('ann') },
    access('bob'),
  ],
  'first a JWT access token, then an ID token of somebody else': [access('ann'), withId('bob')],
};

const same: Record<string, [TokenResponse, TokenResponse]> = {
  'the same subject in a JWT': [access('ann'), access('ann')],
  'the same subject in an ID token': [withId('ann'), withId('ann')],
  'opaque tokens': [{ access_token: 'a' }, { access_token: 'b' }],
  'an opaque token after a JWT': [access('ann'), { access_token: 'b' }],
  'a JWT after an opaque token': [{ access_token: 'a' }, access('ann')],
  'a JWT without subject': [access('ann'), { access_token: jwt({ n: 1 }) }],
};

describe('R8: with the mark, a refresh that answers', () => {
  test.each(Object.entries(different))('%s begins a new session', async (_what, [first, second]) => {
    const { auth, refresh, said, sessionId } = await restored(first);
    refresh.mockResolvedValueOnce(second);
    await auth.refresh().catch(() => {});
    expect(auth.tokens?.accessToken).toBe(second.access_token);
    expect(auth.sessionId).not.toBe(sessionId);
    const told = [
      ['signed-out', { sessionId, reason: 'replaced' }],
      ['signed-in', { sessionId: auth.sessionId, cause: 'restored' }],
    ];
    await vi.waitFor(() => expect(said).toMatchObject(told));
  });

  test.each(Object.entries(same))('%s goes on with the session', async (_what, [first, second]) => {
    const { auth, refresh, said, sessionId } = await restored(first);
    refresh.mockResolvedValueOnce(second);
    expect((await auth.refresh()).accessToken).toBe(second.access_token);
    expect(auth.sessionId).toBe(sessionId);
    expect(said.map(([event]) => event)).toEqual(['token-refreshed']);
  });
});

test('R8: without the mark the subject is not looked at', async () => {
  const { auth, refresh, said, sessionId } = await restored(access('ann'), false);
  refresh.mockResolvedValueOnce(access('bob'));
  await auth.refresh();
  expect(auth.sessionId).toBe(sessionId);
  expect(said.map(([event]) => event)).toEqual(['token-refreshed']);
});

describe('R32: when a refresh finds somebody else signed in', () => {
  test('a request that waited for it is not sent with the other token', async () => {
    const { auth, refresh, recorder } = await restored({ ...access('ann'), expires_in: 100 });
    const gate = deferred<TokenResponse>();
    refresh.mockReturnValueOnce(gate.promise as ReturnType<Refresh>);
    vi.useFakeTimers({ now: Date.now() + 200_000 });
    const waiting = watch(auth.fetch(API));
    await vi.advanceTimersByTimeAsync(10);
    gate.resolve(access('bob'));
    await vi.advanceTimersByTimeAsync(10);
    vi.useRealTimers();
    expect(waiting.error).toMatchObject({ name: 'TokenError', code: 'session-changed' });
    expect(recorder.deliveries).toHaveLength(0);
  });

  test('refresh() does not answer the tokens of the session that is over', async () => {
    const first = access('ann');
    const { auth, refresh } = await restored(first);
    refresh.mockResolvedValueOnce(access('bob'));
    const outcome = await auth.refresh().catch((error) => error.code);
    expect([auth.tokens, 'session-changed']).toContain(outcome);
  });

  test('nothing of the old session is kept in the new one', async () => {
    const first = { ...access('ann'), refresh_token: 'of-ann', scope: 'admin' };
    const { auth, refresh } = await restored(first);
    refresh.mockResolvedValueOnce(access('bob'));
    await auth.refresh().catch(() => {});
    expect(auth.tokens).not.toHaveProperty('refreshToken');
    expect(auth.tokens).not.toHaveProperty('scope');
  });
});
