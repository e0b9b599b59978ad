import { memoryStore } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStage, grant, LOGIN, nth, PASSWORD } from '../support/capturing.ts';
import { createCell } from '../support/cell.ts';
import { follow, short } from '../support/recorder.ts';
import { API } from '../support/world.ts';

const first = { access_token: 'access-0', refresh_token: 'refresh-0', expires_in: 3600 };
const tick = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R41: captured tokens belong to the session that sent the request', () => {
  test('R41: signed out, a rule does nothing', async () => {
    const { auth, pending, told } = createStage();
    const answer = auth.fetch(PASSWORD);
    await tick();
    nth(pending, 0).answer(grant('x', 'y'));
    expect((await answer).status).toBe(200);
    expect(auth.tokens).toBeUndefined();
    expect(told).toEqual([]);
  });

  test('R41: signed out, a rule with startsSession begins a session', async () => {
    const { auth, pending, told, world } = createStage();
    const answer = auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    nth(pending, 0).answer(grant('x', 'y'));
    await answer;
    expect(auth.tokens).toMatchObject({ accessToken: 'x', refreshToken: 'y' });
    const { sessionId, tokens } = auth;
    expect(told).toStrictEqual([
      ['signed-in', { sessionId, expiresAt: tokens?.expiresAt, cause: 'captured', elsewhere: false }],
    ]);
    await auth.fetch(`${API}/me`);
    expect(world.api.at(-1)?.authorization).toBe('Bearer x');
  });

  test('R41: signed out, a rule that does nothing hides no sign-in endpoint behind it', async () => {
    const { auth, pending } = createStage({
      capture: [{ url: API }, { url: PASSWORD, startsSession: true }],
    });
    const answer = auth.fetch(PASSWORD, { method: 'POST' });
    await tick();
    nth(pending, 0).answer(grant('x'));
    await answer;
    expect(auth.tokens?.accessToken).toBe('x');
  });

  test('R41, R62: over a running session startsSession always begins a new one, which inherits nothing', async () => {
    const { auth, pending, told } = createStage();
    await auth.signIn({ ...first, id_token: 'id-0', scope: 'all' });
    const old = auth.sessionId;
    const waiting = follow(auth.fetch(PASSWORD));
    const answer = auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    nth(pending, 1).answer(grant('x'));
    await answer;
    expect(auth.sessionId).not.toBe(old);
    expect(auth.tokens).toEqual({ accessToken: 'x', tokenType: 'Bearer', expiresAt: Date.now() + 3_600_000 });
    expect(short(told)).toEqual(['signed-in local', 'signed-out replaced', 'signed-in captured']);
    // What the old session captures late is nobody's any more.
    nth(pending, 0).answer(grant('late', 'late'));
    await tick();
    expect(waiting.state).toBe('resolved');
    expect(auth.tokens?.accessToken).toBe('x');
  });

  test('R41: startsSession begins a new session even when the tokens are those held already', async () => {
    const { auth, pending, told } = createStage();
    await auth.signIn(first);
    const answer = auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    nth(pending, 0).answer(grant('access-0', 'refresh-0'));
    await answer;
    expect(short(told)).toEqual(['signed-in local', 'signed-out replaced', 'signed-in captured']);
  });

  test('R41: a sign-in endpoint that asks for a second factor begins nothing', async () => {
    const { auth, pending, told } = createStage();
    await auth.signIn(first);
    const answer = auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    nth(pending, 0).answer(Response.json({ mfa_required: true }));
    await answer;
    expect(short(told)).toEqual(['signed-in local']);
  });

  test('R41: what a session captured after its sign-out is dropped', async () => {
    const { auth, pending, told } = createStage();
    await auth.signIn(first);
    const answer = auth.fetch(PASSWORD);
    await tick();
    await auth.signOut();
    nth(pending, 0).answer(grant('x', 'y'));
    await Promise.allSettled([answer]);
    expect(auth.tokens).toBeUndefined();
    expect(short(told)).toEqual(['signed-in local', 'signed-out local']);
  });

  test('R41: what a session captured is never given to the next one', async () => {
    const { auth, pending } = createStage();
    await auth.signIn(first);
    const answer = auth.fetch(PASSWORD);
    await tick();
    await auth.signIn({ access_token: 'other-user', refresh_token: 'other' });
    nth(pending, 0).answer(grant('x', 'y'));
    await Promise.allSettled([answer]);
    expect(auth.tokens).toMatchObject({ accessToken: 'other-user', refreshToken: 'other' });
  });

  test('R41: a request of a signed-out app brings no tokens to a session that began meanwhile', async () => {
    const { auth, pending } = createStage();
    const answer = auth.fetch(PASSWORD);
    await tick();
    await auth.signIn(first);
    nth(pending, 0).answer(grant('x', 'y'));
    await answer;
    expect(auth.tokens?.accessToken).toBe('access-0');
  });

  test('R30: a sign-in answer that finds another session than at its sending is discarded', async () => {
    const { auth, pending, told } = createStage();
    const answer = auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    await auth.signIn(first);
    nth(pending, 0).answer(grant('x', 'y'));
    await answer;
    expect(auth.tokens?.accessToken).toBe('access-0');
    expect(short(told)).toEqual(['signed-in local']);
  });

  test('R30: a sign-out while a sign-in over it is on the wire wins', async () => {
    const { auth, pending } = createStage();
    await auth.signIn(first);
    const answer = auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    await auth.signOut();
    nth(pending, 0).answer(grant('x', 'y'));
    await answer;
    expect(auth.tokens).toBeUndefined();
  });

  test('R30, R41: a refresh between sending and answer does not make a sign-in answer a stranger', async () => {
    const { auth, pending } = createStage();
    await auth.signIn(first);
    const answer = auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    await auth.refresh();
    nth(pending, 0).answer(grant('x', 'y'));
    await answer;
    expect(auth.tokens).toMatchObject({ accessToken: 'x', refreshToken: 'y' });
  });

  test('R32: a request that waited in the old session is not sent with the captured session', async () => {
    const { auth, pending, holdRefreshes, world } = createStage();
    holdRefreshes();
    await auth.signIn({ ...first, expires_in: 100 });
    await vi.advanceTimersByTimeAsync(100_000);
    const waiting = follow(auth.fetch(`${API}/me`));
    const login = auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    nth(pending, 0).answer(grant('x', 'y'));
    await login;
    await tick();
    expect(waiting).toMatchObject({ state: 'rejected', value: { code: 'session-changed' } });
    expect(world.api.filter(({ url }) => url.endsWith('/me'))).toEqual([]);
  });

  test('R39: a captured session survives a restart', async () => {
    const store = memoryStore();
    const before = createStage({ store });
    const answer = before.auth.fetch(LOGIN, { method: 'POST' });
    await tick();
    nth(before.pending, 0).answer(grant('x', 'y'));
    await answer;
    const { sessionId } = before.auth;
    before.auth.close();
    const after = createStage({ store });
    await after.auth.ready;
    expect(after.auth.sessionId).toBe(sessionId);
    expect(after.auth.tokens).toMatchObject({ accessToken: 'x', refreshToken: 'y' });
  });

  test('R41: a password change sent while stored tokens are still read belongs to the stored session', async () => {
    const cell = createCell();
    const before = createStage({ store: cell.open() });
    await before.auth.signIn(first);
    before.auth.close();
    cell.before = () => new Promise((resolve) => setTimeout(resolve, 20));
    const { auth, pending } = createStage({ store: cell.open() });
    const answer = auth.fetch(PASSWORD);
    await vi.advanceTimersByTimeAsync(100);
    expect(nth(pending, 0).seen.authorization).toBe('Bearer access-0');
    nth(pending, 0).answer(grant('x', 'y'));
    await vi.advanceTimersByTimeAsync(100);
    await answer;
    expect(auth.tokens).toMatchObject({ accessToken: 'x', refreshToken: 'y' });
  });
});
