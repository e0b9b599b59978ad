/** R42: captured tokens of a session that another context has found ended meanwhile. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStage, grant, nth, PASSWORD } from '../support/capturing.ts';
import { createCell } from '../support/cell.ts';
import { record, short } from '../support/recorder.ts';
import { login, outcome, settle } from '../support/refresh.ts';
import { createManager } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** One context changes the password; before the answer is there, another one's refresh finds the old token dead. */
async function startTwo() {
  const cell = createCell();
  const stage = createStage({ store: cell.open() });
  await stage.auth.signIn(login());
  const other = createManager(stage.world, { store: cell.open() });
  await other.ready;
  const [told, toldOther] = [record(stage.auth), record(other)];
  const change = stage.auth.fetch(PASSWORD, { method: 'POST' });
  await settle();
  stage.world.answerRefresh = () => Response.json({ error: 'invalid_grant' }, { status: 400 });
  expect(await outcome(other.refresh())).toBe('session-ended');
  await settle();
  return { ...stage, cell, other, change, told, toldOther };
}

describe('R42: a session that was found ended while a change of password was on the wire', () => {
  test('is over everywhere, and the other context tells the true reason', async () => {
    const { auth, other, told, toldOther } = await startTwo();
    expect([auth.status, other.status]).toEqual(['signed-out', 'signed-out']);
    expect(toldOther).toMatchObject([['signed-out', { reason: 'ended', elsewhere: false }]]);
    expect(told).toMatchObject([['signed-out', { reason: 'ended', elsewhere: true }]]);
  });

  test('lives again with the captured tokens and a new id, for both', async () => {
    const { auth, other, pending, change, told, toldOther } = await startTwo();
    const ended = told[0]?.[1];
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    expect((await change).status).toBe(200);
    await settle();
    const tokens = { accessToken: 'changed', refreshToken: 'changed-refresh' };
    expect([auth.tokens, other.tokens]).toMatchObject([tokens, tokens]);
    expect(auth.sessionId).not.toBe((ended as { sessionId: string }).sessionId);
    expect(other.sessionId).toBe(auth.sessionId);
    expect(told.at(-1)).toMatchObject(['signed-in', { cause: 'captured', elsewhere: false }]);
    expect(toldOther.at(-1)).toMatchObject(['signed-in', { cause: 'captured', elsewhere: true }]);
  });

  test('stays over with an access token alone', async () => {
    const { auth, other, pending, change } = await startTwo();
    nth(pending, 0).answer(grant('changed'));
    await change;
    await settle();
    expect([auth.status, other.status]).toEqual(['signed-out', 'signed-out']);
  });

  test.each(['here', 'there'])('stays over when somebody signs out %s over its end', async (where) => {
    const { auth, other, pending, change, told } = await startTwo();
    await (where === 'here' ? auth : other).signOut();
    await settle();
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    await settle();
    expect([auth.status, other.status]).toEqual(['signed-out', 'signed-out']);
    // Told once.
    expect(short(told)).toEqual(['signed-out ended']);
  });

  test('stays over when somebody has signed in meanwhile', async () => {
    const { auth, other, pending, change } = await startTwo();
    await other.signIn(login({ access_token: 'next', refresh_token: 'next' }));
    await settle();
    nth(pending, 0).answer(grant('changed', 'changed-refresh'));
    await change;
    await settle();
    expect([auth.tokens?.accessToken, other.tokens?.accessToken]).toEqual(['next', 'next']);
  });
});
