import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { beginSession, type CallsParts, endSession } from '../../src/session/calls.ts';
import type { Sharing } from '../../src/session/commit.ts';
import type { TokenSet } from '../../src/types.ts';
import { createCore, held } from '../support/core.ts';
import { follow, short } from '../support/recorder.ts';
import { settle } from '../support/refresh.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
afterEach(() => void vi.useRealTimers());

/** The calls, without a store; tokens are accepted as they are. */
function setUp(parts: Partial<CallsParts> = {}, shared: Partial<Sharing> = {}) {
  const core = createCore('first');
  const { sessions, told } = core;
  const order: string[] = [];
  const revoked: (string | undefined)[] = [];
  const all: CallsParts = {
    sessions,
    sharing: Object.assign(core.sharing, shared),
    accept: (answer) => held(`${answer}`),
    withoutRefreshToken: undefined,
    flush: () => void order.push(...short(told.splice(0)), 'told'),
    revoke: () => {},
    async revokeTokens(tokens: TokenSet | undefined) {
      order.push('revoke');
      revoked.push(tokens?.accessToken);
    },
    ...parts,
  };
  const calls = {
    signIn: (tokens: unknown) => beginSession(all, tokens),
    signOut: (options?: { revoke?: boolean }) => endSession(all, options),
  };
  return { ...core, ...calls, order, revoked };
}

describe('a sign-in', () => {
  test('R62: begins a session with a new id, and resolves when it is committed and told', async () => {
    const { signIn, token, sessions, order } = setUp();
    await signIn('second');
    expect([token(), sessions.current.state.begunAt]).toEqual(['second', 1_000]);
    expect(sessions.current.state.id).not.toBe('a');
    expect(order).toEqual(['signed-out replaced', 'signed-in local', 'told']);
  });

  test('R37: with what is no token response changes nothing', async () => {
    const refused = new Error('no token response');
    const accept = () => {
      throw refused;
    };
    const { signIn, token, order } = setUp({ accept });
    await expect(signIn('second')).rejects.toBe(refused);
    expect([token(), order]).toEqual(['first', []]);
  });

  test('R51: tells the store which session it begins, so that a sign-out meanwhile means that one, too', async () => {
    const commit = vi.fn<Sharing['commit']>(async () => true);
    const { signIn } = setUp({}, { commit });
    await signIn('second');
    const [change, how] = commit.mock.calls[0] ?? [];
    expect(how?.begins).toBe(change?.({ rotation: 0, capturedAt: 0, renewedAt: 0 })?.id);
  });
});

describe('a sign-out', () => {
  test('is there at once, is told, and then revokes what was held', async () => {
    const { signOut, token, revoked, order } = setUp();
    const ended = follow(signOut());
    expect([token(), order.slice(0, 3)]).toEqual([undefined, ['signed-out local', 'told', 'revoke']]);
    await settle();
    expect([ended.state, revoked]).toEqual(['resolved', ['first']]);
  });

  test.each<[why: string, parts: Partial<CallsParts>, call?: { revoke: boolean }]>([
    ['no way to revoke is given', { revoke: undefined }],
    ['the call says so', {}, { revoke: false }],
  ])('revokes nothing where %s', async (_why, parts, call) => {
    const { signOut, revoked, sessions } = setUp(parts);
    const was = sessions.current;
    await signOut(call);
    expect([revoked, was.isRevoked]).toEqual([[], false]);
  });

  test('R8: signed out already revokes nothing, but what a cookie may hold', async () => {
    for (const [withoutRefreshToken, expected] of [
      [false, []],
      [true, [undefined]],
    ] as const) {
      const { signOut, revoked, signIn } = setUp({ withoutRefreshToken });
      await signIn('second');
      await signOut({ revoke: false });
      await signOut();
      expect(revoked).toEqual(expected);
    }
  });

  test('R32: revokes the newest tokens that the store knows, and marks what comes late', async () => {
    const end: Sharing['end'] = async (end, conclude) => {
      sessions.apply({ ...was.state, end });
      await conclude(held('newer, from elsewhere'));
    };
    const { signOut, revoked, sessions } = setUp({}, { end });
    const was = sessions.current;
    await signOut();
    expect([revoked, was.isRevoked]).toEqual([['newer, from elsewhere'], true]);
  });

  test('R8: asks the server of a cookie nothing more', async () => {
    const { signOut, sessions } = setUp({ withoutRefreshToken: true });
    await signOut();
    expect(sessions.current.isTried).toBe(true);
  });

  test('R8, R54: revokes only when the store says that its end has come', async () => {
    const gate = deferred();
    const { signOut, revoked } = setUp(
      {},
      { end: (_end, conclude) => gate.promise.then(() => conclude(held('first'))) },
    );
    const ended = follow(signOut());
    await settle();
    expect([ended.state, revoked]).toEqual(['pending', []]);
    gate.resolve();
    await settle();
    expect([ended.state, revoked]).toEqual(['resolved', ['first']]);
  });
});

test('R61: after close() both reject, and who waits for one is told', async () => {
  const hanging = () => new Promise<never>(() => {});
  const { signIn, signOut, sessions } = setUp({ revokeTokens: hanging }, { commit: hanging });
  const waiting = [follow(signIn('second')), follow(signOut())];
  await settle();
  sessions.close();
  const late = [follow(signIn('third')), follow(signOut())];
  await settle();
  for (const { value } of [...waiting, ...late]) expect(value).toMatchObject({ code: 'closed' });
});
