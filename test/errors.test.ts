import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { asTokenError, TokenError } from '../src/errors.ts';

const wrapped = (cause: unknown, times = 1): unknown =>
  times ? new Error('wrapped', { cause: wrapped(cause, times - 1) }) : cause;

describe('a TokenError', () => {
  test.each([
    ['session-ended', 'the session is over, sign in again'],
    ['refresh-failed', 'no new token'],
    ['session-changed', 'the session of this call is over'],
    ['invalid-token-response', 'the answer is no token response'],
    ['closed', 'the token manager is closed'],
  ] as const)('%s says what it means', (code, message) => {
    const error = new TokenError(code);
    expect(error).toBeInstanceOf(Error);
    expect({ ...error }).toEqual({ code });
    expect(`${error}`).toBe(`TokenError: ${message}`);
  });

  test('takes an error in place of options: its message and cause', () => {
    const cause = new Error('offline');
    const error = new TokenError('refresh-failed', new Error('the backend is away', { cause }));
    expect([error.message, error.cause]).toEqual(['the backend is away', cause]);
  });

  test('keeps a message of its own, the moment of the next try and, out of sight, the cause', () => {
    const cause = new Error('offline');
    const error = new TokenError('refresh-failed', { cause, message: 'not now', retryAt: 5 });
    expect([error.message, error.retryAt, error.cause]).toEqual(['not now', 5, cause]);
    expect(Object.keys(error).sort()).toEqual(['code', 'retryAt']);
  });

  test('R70: has no field that was not asked for', () => {
    const error = new TokenError('closed', { retryAt: undefined, message: undefined });
    expect(['cause' in error, 'retryAt' in error, Object.hasOwn(error, 'name')]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('asTokenError', () => {
  const error = new TokenError('closed');

  test('finds the error itself, and along the causes', () => {
    expect(asTokenError(error)).toBe(error);
    expect(asTokenError(wrapped(error, 5))).toBe(error);
  });

  test('finds the first one, or the first with the code asked for', () => {
    const outer = new TokenError('refresh-failed', { cause: wrapped(error) });
    expect(asTokenError(wrapped(outer))).toBe(outer);
    expect(asTokenError(wrapped(outer), 'closed')).toBe(error);
    expect(asTokenError(wrapped(outer), 'session-ended')).toBeUndefined();
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'TokenError'],
    ['an error', new Error('closed')],
    ['a name without a code', { name: 'TokenError' }],
    ['a code that is none', { name: 'TokenError', code: 'toString' }],
    ['a code without the name', { name: 'Error', code: 'closed' }],
  ])('finds none in %s', (_what, thrown) => {
    expect(asTokenError(thrown)).toBeUndefined();
  });

  test('finds one of another realm, or of another copy of this package', () => {
    const foreign: unknown = runInNewContext(
      "Object.assign(new Error('over'), { name: 'TokenError', code: 'session-ended' })",
    );
    expect(foreign).not.toBeInstanceOf(Error);
    expect(asTokenError(wrapped(foreign), 'session-ended')).toBe(foreign);
    const outer = { name: 'TokenError', code: 'closed', cause: foreign };
    expect(asTokenError(outer)).toBe(outer);
  });

  test('prefers the thing itself to a wrapper that copied its name and code', () => {
    const copy = Object.assign(new Error('wrapped', { cause: error }), {
      name: 'TokenError',
      code: 'closed',
    });
    expect(asTokenError(copy)).toBe(error);
  });

  test('gives up on an error that is its own cause', () => {
    const circle = new Error('circle');
    circle.cause = circle;
    expect(asTokenError(circle)).toBeUndefined();
  });
});
