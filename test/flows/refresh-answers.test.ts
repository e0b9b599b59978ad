import { inspect } from 'node:util';
import type { Refresh, TokenResponse } from 'evertoken';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failure, login, ME, names, outcome, signedIn, status } from '../support/refresh.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const json = (body: unknown) =>
  new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
const html = '<!doctype html><title>Sign in to the wifi</title>';

/** Answers with status 200 that hold no tokens. */
const garbage: [string, () => Response][] = [
  ['HTML', () => new Response(html, { headers: { 'content-type': 'text/html' } })],
  [
    'HTML that calls itself JSON',
    () => new Response(html, { headers: { 'content-type': 'application/json' } }),
  ],
  ['nothing', () => new Response('')],
  ['no content', () => new Response(null, { status: 204 })],
  ['a broken JSON', () => new Response('{"access_token":"access-1"')],
  ['an array', () => json([{ access_token: 'access-1' }])],
  ['null', () => json(null)],
  ['a number', () => json(1)],
  ['a text', () => json('access-1')],
  ['an empty object', () => json({})],
  ['no access token', () => json({ refresh_token: 'refresh-1', token_type: 'Bearer', expires_in: 60 })],
  ['an empty access token', () => json({ access_token: '' })],
  ['an access token that is null', () => json({ access_token: null })],
  ['an access token that is a number', () => json({ access_token: 17 })],
  ['an access token that is an object', () => json({ access_token: { value: 'access-1' } })],
  ['an access token that breaks a header', () => json({ access_token: 'a\r\nX-Evil: 1' })],
  ['a refresh token that is a number', () => json({ access_token: 'access-1', refresh_token: 2 })],
  ['a token type that nobody serves', () => json({ access_token: 'access-1', token_type: 'mac' })],
  ['another error with status 200', () => json({ error: 'server_error' })],
];

describe('an answer that is no token response', () => {
  test.each(garbage)('R37: %s changes nothing and is "not now"', async (_, answer) => {
    const { auth, world, heard } = await signedIn();
    const { tokens, sessionId } = auth;
    world.answerRefresh = answer;
    const error = await failure(auth.refresh());
    expect(error.code).toBe('refresh-failed');
    expect(error.cause).toMatchObject({ name: 'TokenError', code: 'invalid-token-response' });
    expect(error.retryAt).toBeGreaterThan(Date.now());
    expect(auth.tokens).toBe(tokens);
    expect(auth.sessionId).toBe(sessionId);
    expect(names(heard)).toEqual(['refresh-failed']);
    expect(await status(auth.fetch(ME))).toBe(200);
    expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(/access-|refresh-\d/);
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a text', 'access-1'],
    ['an array', [login()]],
    ['a Response', Response.json(login())],
    ['an object without tokens', {}],
  ])('R37: so is %s from a refresh of one’s own', async (_, answer) => {
    const refresh: Refresh = async () => answer as TokenResponse;
    const { auth, heard } = await signedIn({ refresh });
    const error = await failure(auth.refresh());
    expect([error.code, error.cause]).toEqual([
      'refresh-failed',
      expect.objectContaining({ code: 'invalid-token-response' }),
    ]);
    expect(auth.tokens?.accessToken).toBe('access-0');
    expect(names(heard)).toEqual(['refresh-failed']);
  });

  test('R9, R37: a `token_type` is compared without regard to case', async () => {
    const { auth, world } = await signedIn();
    world.answerRefresh = () => json({ access_token: 'access-1', token_type: 'BEARER' });
    expect(await auth.refresh()).toMatchObject({ accessToken: 'access-1', tokenType: 'BEARER' });
  });

  test('R35, R37: with a dead token the request rejects, and the next one does not ask again', async () => {
    const { auth, world } = await signedIn({ good: 'access-1' });
    world.answerRefresh = () => new Response(html);
    expect(await outcome(auth.fetch(ME))).toBe('refresh-failed');
    const { length } = world.refreshes;
    expect(await outcome(auth.fetch(ME))).toBe('refresh-failed');
    expect(world.refreshes).toHaveLength(length);
  });
});

describe('an answer in other shapes', () => {
  test.each<[string, TokenResponse]>([
    [
      'snake_case',
      { access_token: 'access-1', expires_in: 60, refresh_token: 'refresh-1', id_token: 'id-1' },
    ],
    ['camelCase', { accessToken: 'access-1', expiresIn: '60', refreshToken: 'refresh-1', idToken: 'id-1' }],
    [
      'with members nobody knows',
      {
        ...login({ access_token: 'access-1', expires_in: '60' }),
        refresh_token: 'refresh-1',
        id_token: 'id-1',
        ...{ foo: [1], json: { not: 'a Response' } },
      },
    ],
  ])('R37: %s is a token response', async (_, answer) => {
    const { auth, world } = await signedIn();
    world.answerRefresh = () => json(answer);
    expect(await auth.refresh()).toEqual({
      accessToken: 'access-1',
      tokenType: 'Bearer',
      refreshToken: 'refresh-1',
      idToken: 'id-1',
      expiresAt: Date.now() + 60_000,
    });
  });

  test('R36: an ID token alone is the access token too (Identity Toolkit)', async () => {
    const { auth, world } = await signedIn();
    world.answerRefresh = () => json({ id_token: 'id-1' });
    expect(await auth.refresh()).toMatchObject({ accessToken: 'id-1', idToken: 'id-1' });
  });

  test.each([0, -5, 'soon', null, Number.MAX_VALUE * 10])(
    'R10: `expires_in` of %s is no lifetime',
    async (expires) => {
      const { auth, world } = await signedIn();
      world.answerRefresh = () => json({ access_token: 'access-1', expires_in: expires });
      expect((await auth.refresh()).expiresAt).toBeUndefined();
      expect(await status(auth.fetch(ME))).toBe(200);
      expect(world.refreshes).toHaveLength(1);
    },
  );

  test('R10: the lifetime counts from the moment the refresh was sent, not answered', async () => {
    const { auth, world } = await signedIn();
    const sentAt = Date.now();
    world.answerRefresh = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      return json({ access_token: 'access-1', expires_in: 60 });
    };
    const result = auth.refresh();
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await result).expiresAt).toBe(sentAt + 60_000);
  });
});
