/** R62: servers hand the same tokens over with each page; a sign-in with those that are held changes nothing. */
import type { TokenResponse } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { record, short } from '../support/recorder.ts';
import { login, ownRefresh, settle, signedIn } from '../support/refresh.ts';
import { createManager, createWorld } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('R62: a sign-in with the very tokens that are held', () => {
  test('changes nothing and tells nobody, in memory and over a store', async () => {
    for (const store of [undefined, createCell().open()]) {
      const { auth, heard } = await signedIn({ store });
      const { sessionId, tokens } = auth;
      const listener = vi.fn();
      auth.subscribe(listener);
      await vi.advanceTimersByTimeAsync(60_000);
      await auth.signIn(login());
      await auth.signIn({ accessToken: 'access-0', refreshToken: 'refresh-0' });
      expect([auth.sessionId, auth.tokens]).toEqual([sessionId, tokens]);
      expect(auth.tokens).toBe(tokens);
      expect(heard).toEqual([]);
      expect(listener).not.toHaveBeenCalled();
      auth.close();
    }
  });

  test('leaves a refresh that is on the wire alone', async () => {
    const own = ownRefresh();
    const { auth } = await signedIn({ refresh: own.refresh });
    const refresh = auth.refresh();
    await settle();
    await auth.signIn(login());
    own.calls[0]?.resolve(login({ access_token: 'access-1' }));
    expect((await refresh).accessToken).toBe('access-1');
  });

  test.each<[what: string, tokens: TokenResponse]>([
    ['another access token', login({ access_token: 'other' })],
    ['another refresh token', login({ refresh_token: 'other' })],
    ['no refresh token', login({ refresh_token: undefined })],
  ])('is none with %s: that begins a new session', async (_what, tokens) => {
    const { auth, heard } = await signedIn();
    const { sessionId } = auth;
    await auth.signIn(tokens);
    expect(auth.sessionId).not.toBe(sessionId);
    expect(heard).toMatchObject([
      ['signed-out', { sessionId, reason: 'replaced', elsewhere: false }],
      ['signed-in', { sessionId: auth.sessionId, cause: 'local' }],
    ]);
  });

  test('begins a new session after a sign-out, and after a refresh has replaced them', async () => {
    const { auth, heard } = await signedIn();
    await auth.signOut();
    await auth.signIn(login());
    await auth.refresh();
    await auth.signIn(login());
    expect(short(heard)).toEqual([
      'signed-out local',
      'signed-in local',
      'token-refreshed manual',
      'signed-out replaced',
      'signed-in local',
    ]);
  });
});

describe('R62: a sign-in with the tokens of the store’s newest entry', () => {
  /** A first page, and a second one that has heard nothing of it. */
  async function startTwo() {
    const cell = createCell();
    const second = createManager(createWorld(), { store: cell.open({ watch: undefined }) });
    await second.ready;
    const first = createManager(createWorld(), { store: cell.open() });
    await first.signIn(login());
    return { cell, first, second, toldFirst: record(first), toldSecond: record(second) };
  }

  test('joins the session that is there, and the other page hears nothing', async () => {
    const { first, second, toldFirst, toldSecond, cell } = await startTwo();
    const { entry } = cell;
    await second.signIn(login());
    await settle();
    expect(second.sessionId).toBe(first.sessionId);
    expect(cell.entry).toBe(entry);
    expect(toldFirst).toEqual([]);
    expect(toldSecond).toMatchObject([['signed-in', { sessionId: first.sessionId }]]);
  });

  test('also in the very first call of a page', async () => {
    const { first, cell } = await startTwo();
    const third = createManager(createWorld(), { store: cell.open() });
    await third.signIn(login());
    expect(third.sessionId).toBe(first.sessionId);
  });

  test('but older ones that a refresh has replaced there begin a new session', async () => {
    const { first, second, toldFirst } = await startTwo();
    await first.refresh();
    await second.signIn(login());
    await settle();
    expect(second.sessionId).toBe(first.sessionId);
    expect(first.tokens).toMatchObject({ accessToken: 'access-0', refreshToken: 'refresh-0' });
    expect(toldFirst.at(-2)).toMatchObject(['signed-out', { reason: 'replaced', elsewhere: true }]);
    expect(toldFirst.at(-1)).toMatchObject(['signed-in', { elsewhere: true }]);
  });
});
