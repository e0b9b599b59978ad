/** Which sessions end, and with which tokens. */
import { type AnyListener, createTokenManager, memoryStore, type TokenSet } from 'evertoken';
import { expect, test, vi } from 'vitest';
import { followSessions } from '../../src/dpop/follow.ts';

const forget = () => vi.fn(async () => {});
const create = (own = {}) =>
  createTokenManager({
    refresh: async () => ({ access_token: 'a2', refresh_token: 'r2' }),
    allow: 'https://api.example.com',
    ...own,
  });

test('a session that ends or is replaced here is named with its last tokens', async () => {
  const auth = create();
  const told = forget();
  const stop = followSessions(auth, told);
  await auth.signIn({ access_token: 'a1', refresh_token: 'r1' });
  await auth.refresh();
  const first = auth.tokens;
  await auth.signIn({ access_token: 'b1' });
  const second = auth.tokens;
  await auth.signOut();
  expect(told.mock.calls).toEqual([
    [first, second],
    [second, undefined],
  ]);
  stop();
  await auth.signIn({ access_token: 'c1' });
  await auth.signOut();
  expect(told).toHaveBeenCalledTimes(2);
});

test('a session that is there already is followed, too', async () => {
  const auth = create();
  await auth.signIn({ access_token: 'a1' });
  const told = forget();
  followSessions(auth, told);
  await auth.signOut();
  expect(told).toHaveBeenCalledTimes(1);
});

test('what ends elsewhere is for those there to forget', async () => {
  const shared = { store: memoryStore() };
  const [here, there] = [create(shared), create(shared)];
  const told = forget();
  followSessions(here, told);
  await there.signIn({ access_token: 'a1' });
  await vi.waitFor(() => expect(here.tokens?.accessToken).toBe('a1'));
  await there.signOut();
  await vi.waitFor(() => expect(here.tokens).toBeUndefined());
  expect(told).not.toHaveBeenCalled();
});

test('a late event never names the tokens of the next session', () => {
  let listener: AnyListener = () => {};
  const tokens: TokenSet = { accessToken: 'next', tokenType: 'DPoP' };
  const told = forget();
  const on = (_event: unknown, own: AnyListener) => {
    listener = own;
    return () => {};
  };
  followSessions({ on: on as never, tokens, sessionId: 'next' }, told);
  listener('signed-out', { sessionId: 'before', reason: 'replaced', elsewhere: false });
  expect(told).not.toHaveBeenCalled();
});
