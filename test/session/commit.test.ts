import { expect, test, vi } from 'vitest';
import { signOut } from '../../src/session/changes.ts';
import { createCore, createRun, held } from '../support/core.ts';

test('R30: a change is made to the newest state, and one that does not find what it expects is discarded', async () => {
  const { commit, sessions, token, told } = createCore('first');
  const replace = (expected: string, next: string) =>
    commit((now) =>
      now.held?.tokens.accessToken === expected
        ? { ...now, held: held(next), rotation: now.rotation + 1, cause: 'manual' }
        : undefined,
    );
  expect(await Promise.all([replace('first', 'second'), replace('first', 'third')])).toEqual([true, false]);
  expect([token(), sessions.current.state.rotation, told.length]).toEqual(['second', 1, 1]);
});

test('R51, R55: how a change came about is told with it', async () => {
  const { commit, told } = createCore('first');
  await commit((now) => ({ ...now, held: held('second'), rotation: 1 }), { elsewhere: true });
  expect(told).toMatchObject([['token-refreshed', { elsewhere: true }]]);
});

test('R32: the end is there at once, and hands on the tokens that are to be revoked', async () => {
  const { sharing, sessions, told } = createCore('first');
  const { held: was } = sessions.current.state;
  const conclude = vi.fn(async () => {});
  const ended = sharing.end({ reason: 'local', at: 0 }, conclude);
  expect([sessions.current.state.held, told.length]).toEqual([undefined, 1]);
  await ended;
  await sharing.end({ reason: 'local', at: 0 }, conclude);
  expect(conclude.mock.calls).toEqual([[was], [undefined]]);
});

test('R50: alone nothing is waited for: it is known who is signed in, and whoever refreshes has its turn', async () => {
  const { sharing, sessions, token } = createCore('first');
  expect([sharing.isRead(), sharing.isOpening()]).toEqual([true, false]);
  const task = vi.fn(async () => 'done');
  const run = createRun(sessions.current);
  expect(await sharing.alone(run, task)).toBe('done');
  expect(task).toHaveBeenCalledOnce();
  await sharing.alone(run, async ({ guard, commit }) => {
    expect(guard(fetch, new AbortController().signal)).toBe(fetch);
    await commit((now) => ({ ...now, held: held('second'), rotation: 1 }));
    expect(token()).toBe('second');
  });
});

test('R61: what is committed after close() is kept: it may be the only living refresh token', async () => {
  const { sessions, commit, token } = createCore('first');
  sessions.close();
  await commit((now) => ({ ...now, held: held('late'), rotation: 1 }));
  expect(token()).toBe('late');
  await commit(signOut(() => true, { reason: 'local', at: 0 }));
  expect(token()).toBeUndefined();
});
