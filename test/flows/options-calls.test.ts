import type { TokenResponse } from 'evertoken';
import { describe, expect, test } from 'vitest';
import { expectTypeError, record, signedIn } from '../support/attach.ts';
import { createManager, createWorld } from '../support/world.ts';

describe('signIn without an access token', () => {
  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /undefined/],
    ['null', null, /null/],
    ['a string', 'secret', /string/],
    ['a list', [], /array/],
    ['an empty object', {}, /access_?token/i],
    ['an error response', { error: 'invalid_grant' }, /access_?token/i],
    ['a number for the token', { access_token: 5 }, /access_?token.*number/i],
    ['an empty token', { access_token: '' }, /access_?token/i],
    ['a token of blanks and line breaks', { access_token: 'secret\r\nx: y' }, /access_?token/i],
    ['a refresh token only', { refresh_token: 'secret' }, /access_?token/i],
    ['a refresh token that is none', { access_token: 'a', refresh_token: {} }, /refresh_?token.*object/i],
  ])(
    '(%s) rejects with a TokenError that says what is expected, and changes nothing',
    async (_what, answer, said) => {
      const auth = await signedIn(createWorld());
      const heard = record(auth);
      const { tokens, sessionId } = auth;
      const error = await auth.signIn(answer as TokenResponse).catch((error) => error);
      expect(error).toMatchObject({ name: 'TokenError', code: 'invalid-token-response' });
      expect(error.message).toMatch(said);
      expect(error.message).not.toContain('secret');
      expect([auth.tokens, auth.sessionId]).toEqual([tokens, sessionId]);
      expect(heard).toEqual([]);
    },
  );

  test('while signed out leaves everybody signed out, and a later signIn works', async () => {
    const auth = createManager(createWorld());
    await expect(auth.signIn({})).rejects.toMatchObject({ code: 'invalid-token-response' });
    expect([auth.tokens, auth.sessionId, await auth.getAccessToken()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    await auth.signIn({ access_token: 'a' });
    expect(auth.tokens?.accessToken).toBe('a');
  });
});

test.each([[-1], [Number.NaN], [1 / 0], ['60' as unknown as number], [null as unknown as number]])(
  'a minValidity of %j rejects with a TypeError that names it, and refreshes nothing',
  async (minValidity) => {
    const world = createWorld();
    const auth = await signedIn(world);
    const error = await auth.getAccessToken({ minValidity }).catch((error) => error);
    expectTypeError(error, /minValidity/);
    expect(world.refreshes).toHaveLength(0);
  },
);
