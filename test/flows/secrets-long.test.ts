/** Tokens that were there all the time, or come back from where nobody expects them. */
import { asTokenError, createTokenManager, refreshEndpoint, TokenError } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCell } from '../support/cell.ts';
import { expectNoLeak, plant, watch } from '../support/leaks.ts';
import { API, TOKEN_ENDPOINT } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('R70: a refresh token that never changes is known after a hundred refreshes', async () => {
  let count = 0;
  let isDown = false;
  const { auth, attempt, shown } = watch({
    refresh: async ({ tokens }) => {
      if (isDown) throw new Error(`refused ${tokens?.refreshToken}`);
      return { access_token: `access-${++count}` };
    },
  });
  await auth.signIn({ access_token: 'access-0', refresh_token: plant() });
  while (count < 100) {
    isDown = !isDown;
    await attempt(() => auth.refresh());
  }
  expectNoLeak(shown);
});

test('R70: a challenge whose scheme is the token is told without it', async () => {
  const token = plant();
  const { auth, shown, told } = watch({
    refresh: refreshEndpoint({ url: TOKEN_ENDPOINT }),
    fetch: async () =>
      new Response(null, {
        status: 403,
        headers: { 'www-authenticate': `${token} error="insufficient_scope"` },
      }),
  });
  await auth.signIn({ access_token: token });
  await auth.fetch(`${API}/pay`);
  const challenge = { scheme: '', parameters: { error: 'insufficient_scope' } };
  expect(told.at(-1)).toEqual(['step-up-required', { challenge, url: `${API}/pay` }]);
  expectNoLeak(shown);
});

test('R70: a challenge that quotes the token is told without that parameter', async () => {
  const token = plant();
  const challenge = [
    `Bearer realm="", error="insufficient_scope", scope="pay", error_description="${token} lacks pay"`,
    `error_uri="https://rs.example.com/why?token=${encodeURIComponent(token)}"`,
  ].join();
  const { auth, shown, told } = watch({
    refresh: refreshEndpoint({ url: TOKEN_ENDPOINT }),
    fetch: async () => new Response(null, { status: 403, headers: { 'www-authenticate': challenge } }),
  });
  await auth.signIn({ access_token: token });
  await auth.fetch(`${API}/pay`);
  expect(told.at(-1)).toEqual([
    'step-up-required',
    {
      challenge: {
        scheme: 'Bearer',
        parameters: { realm: '', error: 'insufficient_scope', scope: 'pay' },
      },
      url: `${API}/pay`,
    },
  ]);
  expectNoLeak(shown);
});

describe('R37, R70: an answer with a member that cannot be read', () => {
  const fail = () => {
    throw new Error(plant());
  };
  test.each<[string, () => unknown]>([
    [
      'a getter that throws',
      () => Object.defineProperty({}, 'access_token', { get: fail, enumerable: true }),
    ],
    ['a proxy that throws', () => new Proxy({}, { ownKeys: fail })],
    ['a moment that throws', () => ({ access_token: 'a', expires_at: { getTime: fail } })],
    ['a lifetime that is a symbol', () => ({ access_token: 'a', expires_in: Symbol('a') })],
  ])('is no token response: %s', async (_what, create) => {
    const { auth, attempt, shown } = watch({ refresh: async () => create() });
    await auth.signIn({ access_token: plant() });
    const error = await attempt(() => auth.refresh());
    expect(error).toMatchObject({ code: 'refresh-failed', cause: { code: 'invalid-token-response' } });
    const refused = await attempt(() => auth.signIn(create()));
    expect(refused).toMatchObject({ name: 'TokenError', code: 'invalid-token-response' });
    expect(auth.status).toBe('signed-in');
    expectNoLeak(shown);
  });
});

test.each(['session-ended', 'signed-out', 'closed', 'session-changed'] as const)(
  'R53: `%s` of another manager, whose fetch the store uses, says nothing of this session',
  async (code) => {
    const cell = createCell();
    const auth = createTokenManager({ refresh: async () => ({}), allow: API, store: cell.open() });
    const failed = vi.fn();
    auth.on('refresh-failed', failed);
    await auth.signIn({ access_token: 'a', refresh_token: 'r', expires_in: 60 });
    cell.before = () => Promise.reject(new TokenError(code));
    const error = await auth.refresh().catch((error) => error);
    expect(error).toBeInstanceOf(TokenError);
    expect(error).toMatchObject({ code: 'refresh-failed', retryAt: expect.any(Number) });
    expect(asTokenError(error, code)).toBeUndefined();
    expect(failed).toHaveBeenCalledTimes(1);
    expect(auth.status).toBe('signed-in');
    auth.close();
  },
);
