import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  begin,
  type Change,
  capture,
  createId,
  expire,
  refresh,
  restore,
  signIn,
  signInCaptured,
  signOut,
} from '../../src/session/changes.ts';
import type { Held } from '../../src/session/expiry.ts';
import type { SessionState } from '../../src/session/session.ts';
import { held, inA, nobody, over } from '../support/core.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
afterEach(() => void vi.useRealTimers());

/** What a change expects to find, and what becomes of it; `nothing`: it is discarded. */
type Row = [rule: string, finds: string, now: SessionState, becomes: object | 'nothing'];

const run = (change: Change, rows: Row[]) =>
  test.each(rows)('%s: finds %s', (_rule, _finds, now, becomes) => {
    const before = structuredClone(now);
    const next = change(now);
    if (becomes === 'nothing') expect(next).toBeUndefined();
    else expect(next).toMatchObject(becomes);
    expect(now, 'what was found is left as it was').toEqual(before);
  });

const next = held('t2', { refreshToken: 'r2' });
const inB: SessionState = { ...inA, id: 'b', held: held('b1') };
const failure = { count: 1, at: 900, retryAt: 2_000 };
/** A refresh has gone on meanwhile. */
const rotated: SessionState = { ...inA, rotation: 3, refreshed: 3, held: held('t9', { refreshToken: 'r9' }) };
/** A capture has brought an access token alone meanwhile. */
const recaptured: SessionState = {
  ...inA,
  ...{ held: held('c1', { refreshToken: 'r1' }), cause: 'captured', capturedAt: 500 },
};
const anew = (begunBy: string) => ({ id: expect.not.stringMatching(/^[ab]$/), begunBy, begunAt: 1_000 });

describe('a sign-in', () => {
  const begun = { ...begin(next, 'local'), id: 'b', begunAt: 1_000 };
  run(signIn(begun), [
    ['R30', 'nobody', nobody, begun],
    ['R30, R62', 'somebody', inA, begun],
    ['R30', 'a session that is over', over('local'), begun],
    ['R62', 'the very tokens', { ...inA, held: held('t2', { refreshToken: 'r2' }) }, 'nothing'],
    ['R62', 'the access token with another refresh token', { ...inA, held: held('t2') }, begun],
    ['R62', 'the very tokens of a session that is over', { ...over('ended'), held: next }, begun],
  ]);

  test('R62: brings nothing of the session before along', () => {
    const now = { ...recaptured, failure, cause: 'captured', durationMs: 7, renewedAt: 400 } as const;
    expect(signIn(begun)(now)).toEqual({
      ...{ id: begun.id, held: next, begunBy: 'local', begunAt: 1_000, rotation: 0 },
      capturedAt: 0,
      renewedAt: 0,
    });
  });
});

describe('the answer of a sign-in endpoint', () => {
  const begun = { ...begin(next, 'captured'), id: 'b' };
  describe('whose request was sent signed out', () => {
    run(signInCaptured(nobody, begun), [
      ['R30, R41', 'nobody still', nobody, begun],
      ['R30', 'a session that began meanwhile', inA, 'nothing'],
    ]);
  });
  describe('whose request was sent in session a', () => {
    run(signInCaptured(inA, begun), [
      ['R41', 'that session, however often refreshed', rotated, begun],
      ['R30', 'its end', over('local'), 'nothing'],
      ['R30', 'another session', inB, 'nothing'],
    ]);
  });
});

describe('what a refresh with nothing in hand has brought', () => {
  describe('of which nothing was known', () => {
    run(restore(nobody, next, 'expired', 7), [
      ['R8', 'nobody still', nobody, { ...anew('restored'), held: next, refreshMs: 7 }],
      ['R30', 'a sign-in', inA, 'nothing'],
    ]);
  });
  describe('after the end of a session', () => {
    run(restore(over('ended'), next, 'expired', 7), [
      ['R8', 'that end', over('ended'), { ...anew('restored'), held: next, refreshMs: 7 }],
      ['R32', 'that it was ended once more', over('local', 900), 'nothing'],
    ]);
  });
  describe('of somebody else than whose tokens were in hand', () => {
    run(restore(inA, next, 'expired', 7), [
      ['R8', 'those tokens', inA, { ...anew('restored'), held: next, rotation: 0 }],
      ['R30', 'newer ones', rotated, 'nothing'],
    ]);
  });
});

describe('a refresh', () => {
  const replaced = { id: 'a', held: next, rotation: 3, cause: 'ahead', durationMs: 70 };
  run(refresh(inA, next, 'ahead', 70), [
    ['R30', 'the tokens it started with', { ...inA, failure }, { ...replaced, failure: undefined }],
    ['R30', 'a captured access token: the refresh token is the same', recaptured, replaced],
    ['R30', 'tokens that were refreshed meanwhile', rotated, 'nothing'],
    ['R30', 'another session', { ...inA, id: 'b' }, 'nothing'],
    ['R32', 'a sign-out', over('local'), 'nothing'],
    ['R62', 'that another sign-in has taken its place', over('replaced'), 'nothing'],
    ['R35', 'that it was taken for over because of its own token', over('ended'), anew('restored')],
    ['R35', 'an end because of a newer token', { ...over('ended'), rotation: 3 }, 'nothing'],
  ]);

  test('R43: what it brings stands in the place of no captured token', () => {
    expect(refresh(inA, next, 'ahead', 70)(recaptured)).toMatchObject({ refreshed: 3, cause: 'ahead' });
  });
});

/** Sent at 600 with `t1`; what it leaves out is kept. */
const captured = (isWhole: boolean, was = inA) =>
  capture(was, 600, was.held?.tokens.accessToken, (now?: Held) => {
    const refreshToken = isWhole ? 'r2' : now?.tokens.refreshToken;
    return held('t2', refreshToken ? { refreshToken } : {});
  });

describe('captured tokens with a refresh token', () => {
  const taken = { id: 'a', held: next, cause: 'captured', durationMs: 400, renewedAt: 600, capturedAt: 600 };
  run(captured(true), [
    ['R42', 'the tokens their request was sent with', { ...inA, failure }, { ...taken, failure: undefined }],
    ['R42', 'tokens that were refreshed meanwhile', rotated, { ...taken, rotation: 4 }],
    [
      'R43',
      'an access token whose capture was sent later',
      { ...recaptured, capturedAt: 700 },
      { held: next },
    ],
    ['R42', 'a refresh token whose capture was sent earlier', { ...rotated, renewedAt: 599 }, taken],
    [
      'R43',
      'a refresh token whose capture was sent in the same ms',
      { ...rotated, renewedAt: 600 },
      'nothing',
    ],
    ['R42', 'a refresh token whose capture was sent later', { ...rotated, renewedAt: 700 }, 'nothing'],
    ['R42', 'that the session was taken for over', over('ended'), { ...anew('captured'), held: next }],
    ['R42', 'a sign-out', over('local'), 'nothing'],
    ['R41', 'another session', inB, 'nothing'],
  ]);
});

describe('a captured access token alone', () => {
  const kept = held('t2', { refreshToken: 'r1' });
  const taken = { id: 'a', held: kept, rotation: 2, cause: 'captured', capturedAt: 600, renewedAt: 0 };
  run(captured(false), [
    ['R43', 'the token that its request carried', inA, taken],
    ['R43', 'one that a capture sent earlier has put there', recaptured, taken],
    ['R43', 'one that a capture sent later has put there', { ...recaptured, capturedAt: 700 }, 'nothing'],
    [
      'R43',
      'one that a capture sent in the same ms has put there',
      { ...recaptured, capturedAt: 600 },
      'nothing',
    ],
    ['R43', 'one that a refresh has brought', rotated, 'nothing'],
    [
      'R43',
      'one that a refresh has put in the place of a captured one',
      { ...rotated, capturedAt: 500 },
      'nothing',
    ],
    [
      'R43',
      'a captured refresh token sent earlier',
      captured(true)({ ...inA, renewedAt: 0 }) ?? nobody,
      'nothing',
    ],
    ['R42', 'that the session was taken for over', over('ended'), 'nothing'],
    ['R41', 'another session', inB, 'nothing'],
  ]);

  test('R43: is replaced by a later one, and that by one more, whichever of them its request carried', () => {
    const third = capture(recaptured, 700, 'c1', () => held('t3'));
    const second = captured(false)(recaptured);
    expect(second && third(second)).toMatchObject({ held: held('t3') });
  });
});

describe('a sign-out', () => {
  const end = { reason: 'local', at: 900, isRevoked: true } as const;
  run(
    signOut(({ id }) => id === 'a', end),
    [
      ['R30', 'the session it means', inA, { id: 'a', end }],
      ['R32', 'the same, refreshed meanwhile', rotated, { id: 'a', end }],
      ['R42', 'that it was found ended meanwhile', over('ended'), { id: 'a', end }],
      ['R30', 'another session', inB, 'nothing'],
    ],
  );
});

describe("the authorization server's no", () => {
  run(expire(inA), [
    ['R35', 'the tokens it was said of', inA, { id: 'a', end: { reason: 'ended', at: 1_000 } }],
    ['R35', 'tokens that were refreshed meanwhile', rotated, 'nothing'],
    ['R35', 'an access token that was captured meanwhile', recaptured, 'nothing'],
    ['R30', 'another session', inB, 'nothing'],
    ['R32', 'a sign-out', over('local'), 'nothing'],
  ]);
});

test.each([
  ['with', undefined],
  ['R14: without', {}],
])('%s crypto.randomUUID no two ids are the same', (_what, crypto) => {
  if (crypto) vi.stubGlobal('crypto', crypto);
  const ids = Array.from({ length: 1_000 }, createId);
  expect(new Set(ids).size).toBe(1_000);
});
