/** R30: two contexts commit at the same time, and the comparison is made against the newest commit of both. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TokenError } from '../../src/errors.ts';
import { short } from '../support/recorder.ts';
import { settle } from '../support/refresh.ts';
import { always, held, openTabs, stored } from '../support/sessions.ts';
import { deferred } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const ended = new TokenError('session-ended');

describe('R30: a refresh in one context', () => {
  test.each([true, false])(
    'R32: is dropped when another has signed out meanwhile, and revoked if that revokes: %s',
    async (isRevoked) => {
      const { a, b } = await openTabs();
      const was = b.sessions.current;
      const answer = b.sendRefresh();
      await a.sessions.end(isRevoked);
      expect(await answer('late')).toBe(false);
      expect([stored(a.store), stored(b.store), !!was.isRevoked]).toEqual([undefined, undefined, isRevoked]);
      await b.hear(a);
      expect([short(b.told), b.token()]).toEqual([['signed-out other-context'], undefined]);
    },
  );

  test('R32: knows of a revoking sign-out even when it heard of it before its answer came', async () => {
    const { a, b } = await openTabs();
    const was = b.sessions.current;
    const answer = b.sendRefresh();
    await a.sessions.end(true);
    await b.hear(a);
    expect(await answer('late')).toBe(false);
    expect([was.isRevoked, stored(b.store)]).toEqual([true, undefined]);
  });

  test('R32: is dropped when somebody else has signed in in another, whose tokens stay', async () => {
    const { a, b } = await openTabs();
    const answer = b.sendRefresh();
    await a.signIn('somebody else');
    expect([await answer('late'), stored(b.store)]).toEqual([false, 'somebody else']);
    await b.hear(a);
    expect(b.token()).toBe('somebody else');
    expect(short(b.told)).toEqual(['signed-out other-context', 'signed-in other-context']);
  });

  test('R51: is dropped when another has refreshed before; each context is told of one refresh', async () => {
    const { a, b } = await openTabs();
    const answers = [a, b].map(({ sendRefresh }) => sendRefresh());
    expect(await Promise.all(answers.map((answer, index) => answer(`second ${index}`)))).toEqual([
      true,
      false,
    ]);
    await b.hear(a);
    expect([b.token(), short(a.told), short(b.told)]).toEqual([
      'second 0',
      ['token-refreshed manual'],
      ['token-refreshed other-context'],
    ]);
  });

  test('R42: loses against a refresh token that another has captured, and not the other way round', async () => {
    const { a, b } = await openTabs();
    const late = b.sendRefresh();
    await a.capture('captured');
    expect([await late('late'), stored(b.store)]).toEqual([false, 'captured']);
    await b.hear(a);
    await b.refresh('refreshed');
    expect([await a.capture('captured again'), stored(b.store)]).toEqual([true, 'captured again']);
  });

  test('R43: is kept when another has captured an access token alone, which a later refresh overwrites', async () => {
    const { a, b } = await openTabs();
    const answer = b.sendRefresh();
    await a.capture('captured', true);
    expect([await answer('second'), stored(a.store)]).toEqual([true, 'second']);
    expect(await a.capture('stale', true), 'for a token that is no longer current').toBe(false);
    await a.hear(b);
    expect([a.token(), short(a.told).at(-1)]).toEqual(['second', 'token-refreshed other-context']);
  });
});

describe('R30: what begins or ends a session in one context', () => {
  test('a sign-in expects nothing: it ends what another has begun meanwhile', async () => {
    const { a, b } = await openTabs();
    await a.signIn('somebody');
    expect([await b.signIn('somebody else'), stored(a.store)]).toEqual([true, 'somebody else']);
    await a.hear(b);
    expect([a.token(), short(a.told).slice(-2)]).toEqual([
      'somebody else',
      ['signed-out other-context', 'signed-in other-context'],
    ]);
  });

  test('R41: a captured sign-in is dropped when the user has signed in elsewhere meanwhile', async () => {
    const { a, b } = await openTabs();
    const { current } = b.sessions;
    const fits = () => b.sessions.current === current;
    await a.signIn('somebody else');
    expect(await b.sessions.open(fits, held('late'), 'captured')).toBe(false);
    expect(stored(b.store)).toBe('somebody else');
  });

  test('R41: a captured sign-in over a session is dropped when that session was ended elsewhere', async () => {
    const { a, b } = await openTabs();
    await a.sessions.end();
    expect(await b.sessions.open(always, held('late'), 'captured')).toBe(false);
    expect([stored(b.store), b.told]).toEqual([undefined, []]);
  });

  test('R8: who waits while nobody is signed in is not disturbed by a sign-out elsewhere', async () => {
    const { a, b } = await openTabs();
    await b.sessions.end();
    const { current } = b.sessions;
    await a.signIn('next');
    await a.sessions.end();
    await b.hear(a);
    expect([b.sessions.current, current.signal.aborted]).toEqual([current, false]);
  });

  test('R41: a captured sign-in of somebody who was signed out follows a sign-out elsewhere', async () => {
    const { a, b } = await openTabs();
    await a.sessions.end();
    await b.hear(a);
    expect(await b.sessions.open(always, held('next'), 'captured')).toBe(true);
    await a.hear(b);
    expect([a.token(), short(a.told)]).toEqual(['next', ['signed-out local', 'signed-in other-context']]);
  });

  test('a sign-out ends its own session, and not the one that another has begun', async () => {
    const { a, b } = await openTabs();
    await a.signIn('somebody else');
    await b.sessions.end();
    expect([stored(a.store), stored(b.store), b.posted]).toEqual(['somebody else', 'somebody else', []]);
    await a.look();
    expect(a.token()).toBe('somebody else');
  });

  test('R51: a sign-in elsewhere that is heard of while a sign-out waits for its turn is adopted', async () => {
    const { a, b } = await openTabs();
    const reading = deferred<'none'>();
    vi.spyOn(b.store, 'read').mockReturnValueOnce(reading.promise);
    const looking = b.look();
    await settle();
    await a.signIn('somebody else');
    const hearing = b.hear(a);
    const end = b.sessions.end();
    reading.resolve('none');
    await Promise.all([looking, hearing, end]);
    expect([b.token(), short(b.told)]).toEqual([
      'somebody else',
      ['signed-out local', 'signed-in other-context'],
    ]);
  });

  test('R51: and that one is adopted then, even with the very next number', async () => {
    const { a, b } = await openTabs();
    await a.signIn('somebody else');
    await b.sessions.end();
    await b.hear(a);
    expect([b.token(), short(b.told).at(-1)]).toEqual(['somebody else', 'signed-in other-context']);
  });

  test('R51: a sign-out reaches those who have refreshed meanwhile, with one event in each', async () => {
    const { a, b, c } = await openTabs();
    await b.refresh('second');
    await a.sessions.end();
    for (const tab of [b, c]) await tab.hear(a);
    expect([a, b, c].map(({ store }) => stored(store))).toEqual([undefined, undefined, undefined]);
    expect([a, b, c].map(({ told }) => short(told))).toEqual([
      ['signed-out local'],
      ['token-refreshed manual', 'signed-out other-context'],
      ['signed-out other-context'],
    ]);
  });

  test('R35: an end that the server said is not believed when another has newer tokens', async () => {
    const { a, b } = await openTabs();
    await a.refresh('second');
    expect([await b.sessions.expire(always, ended), b.told]).toEqual([false, []]);
    await b.hear(a);
    expect(b.token()).toBe('second');
    expect(await b.sessions.expire(always, ended)).toBe(true);
    await a.hear(b);
    expect([short(a.told).at(-1), short(b.told).at(-1), stored(a.store)]).toEqual([
      'signed-out other-context',
      'signed-out ended',
      undefined,
    ]);
  });

  test('R35: a captured access token alone does not hide that the refresh token is dead', async () => {
    const { a, b } = await openTabs();
    await a.capture('captured', true);
    expect(await b.sessions.expire(always, ended)).toBe(true);
    await a.hear(b);
    expect([a.token(), stored(a.store)]).toEqual([undefined, undefined]);
  });
});
