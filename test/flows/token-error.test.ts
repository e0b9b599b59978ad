import { runInNewContext } from 'node:vm';
import { asTokenError, TokenError, type TokenErrorCode } from 'evertoken';
import { describe, expect, test } from 'vitest';

const codes: TokenErrorCode[] = [
  'session-ended',
  'refresh-failed',
  'session-changed',
  'invalid-token-response',
  'closed',
];

const wrap = (cause: unknown, message = 'wrapped'): Error => new Error(message, { cause });

/** As a copy of this package in another realm (an iframe, a vm) makes it. */
const foreign = (code: string): unknown =>
  runInNewContext(
    `class TokenError extends Error { constructor(code) { super('foreign'); this.code = code; } }
    Object.defineProperty(TokenError.prototype, 'name', { value: 'TokenError' });
    new TokenError(code)`,
    { code },
  );

describe('TokenError', () => {
  test.each(codes)('%s: an Error with name, code and a message of its own', (code) => {
    const error = new TokenError(code);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe('TokenError');
    expect(error.code).toBe(code);
    expect(error.message).not.toBe('');
    expect(Object.keys(error)).toEqual(['code']);
    expect('cause' in error).toBe(false);
  });

  test('keeps message, cause and retryAt, the cause not enumerable', () => {
    const cause = new Error('why');
    const error = new TokenError('refresh-failed', { cause, message: 'later', retryAt: 5 });
    expect(error).toMatchObject({ message: 'later', retryAt: 5 });
    expect(error.cause).toBe(cause);
    expect(Object.keys(error).sort()).toEqual(['code', 'retryAt']);
    expect(
      new TokenError('closed', { cause: undefined, message: undefined, retryAt: undefined }).message,
    ).toBe(new TokenError('closed').message);
  });
});

describe('asTokenError', () => {
  test.each(codes)('%s: gives the error itself', (code) => {
    const error = new TokenError(code);
    expect(asTokenError(error)).toBe(error);
    expect(asTokenError(error, code)).toBe(error);
  });

  test('finds the first one along `cause`, as API clients wrap it', () => {
    const error = new TokenError('session-ended');
    const axiosLike = Object.assign(wrap(wrap(error)), {
      name: 'AxiosError',
      code: 'ERR_NETWORK',
      config: {},
    });
    expect(asTokenError(axiosLike)).toBe(error);
  });

  test('with a code: the first one of that code, behind others', () => {
    const inner = new TokenError('invalid-token-response');
    const outer = new TokenError('refresh-failed', { cause: inner });
    expect(asTokenError(wrap(outer), 'invalid-token-response')).toBe(inner);
    expect(asTokenError(wrap(outer))).toBe(outer);
    expect(asTokenError(outer, 'closed')).toBeUndefined();
  });

  test('works across realms and copies of the package', () => {
    const error = foreign('session-ended');
    expect(error instanceof Error).toBe(false);
    expect(asTokenError(wrap(error), 'session-ended')).toBe(error);
    expect(asTokenError(foreign('no-such-code'))).toBeUndefined();
  });

  test.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
    'a foreign TokenError with the code %s is none of ours',
    (code) => {
      expect(asTokenError(foreign(code))).toBeUndefined();
    },
  );

  test('a circle of causes comes to an end', () => {
    const a = wrap(undefined);
    const b = wrap(a);
    a.cause = b;
    expect(asTokenError(a)).toBeUndefined();
    const self = wrap(undefined);
    self.cause = self;
    expect(asTokenError(self, 'closed')).toBeUndefined();
    const error = new TokenError('closed', { cause: a });
    b.cause = error;
    expect(asTokenError(a)).toBe(error);
    expect(asTokenError(a, 'refresh-failed')).toBeUndefined();
  });

  test('a long chain of causes is followed, an endless one is not', () => {
    let chain: unknown = new TokenError('closed');
    for (let i = 0; i < 10; i += 1) chain = { cause: chain };
    expect(asTokenError(chain)?.code).toBe('closed');
    const endless = {
      get cause(): unknown {
        return Object.create(endless);
      },
    };
    expect(asTokenError(endless)).toBeUndefined();
  });

  test.each([
    undefined,
    null,
    0,
    '',
    'TokenError',
    true,
    Symbol('x'),
    {},
    [],
    new Error('x'),
    { name: 'TokenError' },
    { name: 'TokenError', code: undefined },
    { code: 'closed' },
    { cause: 'session-ended' },
    { cause: null },
    Object.create(null),
  ])('%s is no TokenError', (value) => {
    expect(asTokenError(value)).toBeUndefined();
  });
});
